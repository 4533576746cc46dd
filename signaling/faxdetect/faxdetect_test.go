package faxdetect_test

import (
	"math"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/fax"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/faxdetect"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// calling is the tone by which a facsimile machine calls, and the silence after it.
func calling() []int16 {
	pcm := make([]int16, fax.Rate)
	for i := range fax.Rate / 2 {
		pcm[i] = int16(8000 * math.Sin(2*math.Pi*1100*float64(i)/fax.Rate))
	}
	return pcm
}

// The machine is heard and its call sent to the plan's extension, once.
func TestFacsimileGoesToItsExtension(t *testing.T) {
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	phone := h.Phone(g711.MuLaw(), 0)
	leg := h.Leg("1001", phone, signaltest.Script{})
	c, err := h.Engine.Incoming(signaling.Incoming{Leg: leg, Tech: "Test", Resource: "1001", Context: "inbound", Exten: "0123"})
	if err != nil {
		t.Fatal(err)
	}
	sent := make(chan dialplan.Position, 4)
	c.Redirectable(func(at dialplan.Position) bool { sent <- at; return true })
	exists := func(context, exten string) bool { return context == "inbound" && exten == faxdetect.Extension }
	faxdetect.Watch(c, faxdetect.Rules{Tone: true}, exists)
	if err := c.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.Eventually("the facsimile is heard", func() bool {
		phone.SoundPCM(calling()) // once more, should the machine have stood still
		select {
		case at := <-sent:
			if at != (dialplan.Position{Context: "inbound", Exten: "fax", Priority: 1}) {
				t.Errorf("sent to %+v", at)
			}
			return true
		case <-time.After(1200 * time.Millisecond):
			return false
		}
	})
	if got, _ := c.Vars().Get("FAXEXTEN"); got != "0123" {
		t.Errorf("FAXEXTEN is %q", got)
	}
	c.Hangup(signaling.CauseNormal)
	h.Gone(c)
	if len(sent) != 0 {
		t.Error("sent twice")
	}
}

// Without such an extension, or in it, the call goes on as it was.
func TestNowhereToGo(t *testing.T) {
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	for _, exten := range []string{"0123", "fax"} {
		leg := h.Leg("1001", h.Phone(g711.MuLaw(), 0), signaltest.Script{})
		c, err := h.Engine.Incoming(signaling.Incoming{Leg: leg, Tech: "Test", Resource: "1001", Context: "inbound", Exten: exten})
		if err != nil {
			t.Fatal(err)
		}
		c.Redirectable(func(at dialplan.Position) bool { t.Errorf("sent to %+v", at); return true })
		faxdetect.Send(c, func(_, _ string) bool { return exten == "fax" })
		c.Hangup(signaling.CauseNormal)
		h.Gone(c)
	}
}

// Who hangs up, or is listened to long enough, is not listened to any more.
func TestWatchEnds(t *testing.T) {
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	leg := h.Leg("1001", h.Phone(g711.MuLaw(), 500), signaltest.Script{})
	c, err := h.Engine.Incoming(signaling.Incoming{Leg: leg, Tech: "Test", Resource: "1001"})
	if err != nil {
		t.Fatal(err)
	}
	c.Redirectable(func(at dialplan.Position) bool { t.Errorf("sent to %+v", at); return true })
	asked := faxdetect.Watch(c, faxdetect.Rules{Tone: true, Asks: true, Within: 50 * time.Millisecond}, anywhere)
	faxdetect.Watch(c, faxdetect.Rules{Tone: true}, anywhere)
	asked() // before the answer nobody is a facsimile
	if err := c.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	late := c.Snapshot().Answered.Add(50 * time.Millisecond)
	h.Eventually("the time is over", func() bool { return time.Now().After(late) })
	asked()
	c.Hangup(signaling.CauseNormal)
	h.Gone(c)
}

func anywhere(_, _ string) bool { return true }
