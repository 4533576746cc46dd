package app_test

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// withMedia makes a rig whose calls carry audio, in real time.
func withMedia(t *testing.T) *rig {
	t.Helper()
	t.Parallel()
	return newRig(t, signaltest.NewMixer(t, testCodecs()...))
}

func TestEchoApplication(t *testing.T) {
	r := withMedia(t)
	p := r.Phone(g711.MuLaw(), 500)
	l := r.Leg("1001", p, signaltest.Script{})
	c := r.run(l, "echo")
	hears(t, p, 500)
	p.Press("1#")
	r.note("after")
	if s := c.Snapshot(); s.State != signaling.Up || s.Ended {
		t.Errorf("is %+v", s)
	}
	c.Hangup(signaling.CauseNormal)
	r.Gone(c)
	told(t, l, "Start", "Answer", "Hangup")
}

func TestPlaybackApplication(t *testing.T) {
	r := withMedia(t)
	p := r.Phone(g711.MuLaw(), 0)
	l := r.Leg("1001", p, signaltest.Script{})
	c := r.run(l, "playback")
	r.note("FAILED Up", "FAILED", "SUCCESS")
	r.Gone(c)
	r.noMore()
	told(t, l, "Start", "Answer", "Hangup")
	pcm := p.HearsSince(0, 1500*time.Millisecond) // four times 400 ms
	for _, hz := range []float64{500, 700} {
		if level := tone.Level(pcm, 8000, hz); level < -25 {
			t.Errorf("%v Hz at %.1f dBFS", hz, level)
		}
	}
}

func TestPlaybackBeforeTheAnswer(t *testing.T) {
	r := withMedia(t)
	p := r.Phone(g711.MuLaw(), 0)
	l := r.Leg("1001", p, signaltest.Script{})
	c := r.run(l, "playback-unanswered")
	r.note("SUCCESS Ring", "SUCCESS Ring")
	r.Gone(c)
	told(t, l, "Start", "Progress", "Hangup")
	if level := tone.Level(p.HearsSince(0, 300*time.Millisecond), 8000, 500); level < -25 {
		t.Errorf("early sound at %.1f dBFS", level)
	}
}

// A time-out ends what is played, and the plan goes on.
func TestPlaybackOutOfTime(t *testing.T) {
	r := withMedia(t)
	p := r.Phone(g711.MuLaw(), 0)
	c := r.run(r.Leg("1001", p, signaltest.Script{}), "playback-timed")
	r.note("T")
	heard := p.Heard()
	if heard == 0 || heard > 8000*3 {
		t.Errorf("%d samples played", heard)
	}
	c.Hangup(signaling.CauseNormal)
	r.Gone(c)
}

func TestPlaytones(t *testing.T) {
	r := withMedia(t)
	p := r.Phone(g711.MuLaw(), 0)
	c := r.run(r.Leg("1001", p, signaltest.Script{}), "tones")
	r.note("playing")
	hears(t, p, 500)
	c.Hangup(signaling.CauseNormal)

	q := r.Phone(g711.MuLaw(), 0)
	c = r.run(r.Leg("1002", q, signaltest.Script{}), "tones-stopped")
	r.note("stopped")
	if r.Log.Count("tone not played") != 1 {
		t.Errorf("log:\n%s", r.Log)
	}
	c.Hangup(signaling.CauseNormal)
}

func TestBusyOnceAnswered(t *testing.T) {
	r := withMedia(t)
	p := r.Phone(g711.MuLaw(), 0)
	c := r.run(r.Leg("1001", p, signaltest.Script{}), "busy-up")
	r.note("h 16")
	r.Gone(c)
	pcm := p.HearsSince(0, 200*time.Millisecond)
	for _, hz := range []float64{480, 620} {
		if level := tone.Level(pcm[:1600], 8000, hz); level < -20 {
			t.Errorf("busy tone: %v Hz at %.1f dBFS", hz, level)
		}
	}
}

func TestSendDTMF(t *testing.T) {
	r := withMedia(t)
	p := r.Phone(g711.MuLaw(), 0)
	c := r.run(r.Leg("1001", p, signaltest.Script{}), "dtmf")
	r.note("sent")
	if got := p.HearsDigits(5); got != "12!3D" {
		t.Errorf("sent %q", got)
	}
	if r.Log.Count("SendDTMF leaves out") != 1 {
		t.Errorf("log:\n%s", r.Log)
	}
	c.Hangup(signaling.CauseNormal)
}

// A party without telephone-event hears the digits.
func TestSendDTMFAsSound(t *testing.T) {
	r := withMedia(t)
	p := r.Phone(g711.MuLaw(), 0, signaltest.PhoneOptions{NoEvents: true})
	c := r.run(r.Leg("1001", p, signaltest.Script{}), "dtmf")
	r.note("sent")
	// 1, a pause, 2 3 D: 60 ms each with gaps of 50 ms.
	pcm := p.HearsSince(0, 900*time.Millisecond)
	for _, ca := range []struct {
		from, to time.Duration
		hz       []float64
	}{
		{0, 60, []float64{697, 1209}}, {610, 670, []float64{697, 1336}},
		{720, 780, []float64{697, 1477}}, {830, 890, []float64{941, 1633}},
	} {
		for _, hz := range ca.hz {
			if level := tone.Level(pcm[ca.from*8:ca.to*8], 8000, hz); level < -25 {
				t.Errorf("at %d ms: %v Hz at %.1f dBFS", ca.from, hz, level)
			}
		}
	}
	c.Hangup(signaling.CauseNormal)
}

func TestConfBridge(t *testing.T) {
	r := withMedia(t)
	one, two := r.Phone(g711.MuLaw(), 500), r.Phone(g711.ALaw(), 700)
	a := r.run(r.Leg("1001", one, signaltest.Script{}), "conference")
	b := r.run(r.Leg("1002", two, signaltest.Script{}), "conference")
	hears(t, one, 700)
	hears(t, two, 500)

	// Two are its limit: the third is refused as busy, before the answer.
	late := r.Leg("1003", nil, signaltest.Script{})
	c := r.run(late, "conference")
	r.note("h FAILED 17")
	if s := r.Gone(c); s.Cause != signaling.CauseBusy {
		t.Errorf("refused with %d", s.Cause)
	}
	told(t, late, "Start", "Hangup")

	room := r.rooms.Rooms()[0]
	for _, m := range room.Participants() {
		if m.Channel == a.ID() {
			ok(t, room.Kick(t.Context(), m.ID))
		}
	}
	r.note("KICKED Up", "h KICKED 16")
	r.Gone(a)
	b.Hangup(signaling.CauseCongestion)
	r.note("h HANGUP 34")
	r.Gone(b)
	if rooms := r.rooms.Rooms(); len(rooms) != 0 {
		t.Errorf("%d rooms are left", len(rooms))
	}
}

func TestConfBridgeWithoutARoom(t *testing.T) {
	virtual(t, func(t *testing.T, r *rig) {
		c := r.run(r.Leg("1001", nil, signaltest.Script{}), "conference-nowhere")
		if s := r.Gone(c); s.Cause != 96 {
			t.Errorf("ended with %d", s.Cause)
		}
	})
}

func TestConfBridgeOutOfTime(t *testing.T) {
	r := withMedia(t)
	c := r.run(r.Leg("1001", r.Phone(g711.MuLaw(), 0), signaltest.Script{}), "conference-timed")
	r.note("T TIMEOUT")
	r.Gone(c)
	if rooms := r.rooms.Rooms(); len(rooms) != 0 {
		t.Errorf("%d rooms are left", len(rooms))
	}
}
