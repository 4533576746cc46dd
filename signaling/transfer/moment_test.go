package transfer_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/app"
	"github.com/skygenesisenterprise/skybridge/signaling/app/apptest"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
	"github.com/skygenesisenterprise/skybridge/signaling/sound"
	"github.com/skygenesisenterprise/skybridge/signaling/transfer"
)

// atAnswer is a house in which 1001 calls 1002, which rings, with early media or without. What
// happens in the moment of the answer is ordered by stopping channels.
type atAnswer struct {
	*apptest.Rig
	transfers      *transfer.Service
	caller, callee *signaling.Channel
	phone          *signaltest.Leg // called
}

func newAtAnswer(t *testing.T, early bool) *atAnswer {
	t.Helper()
	codec := g711.MuLaw()
	r := &atAnswer{}
	r.Rig = apptest.New(t, signaltest.NewMixer(t, media.Codecs{codec}...), "[internal]\nexten => 500,1,Dial(Test/1002)\n same => n,Note(on)\n")
	r.Services.Sounds = sound.NewLibrary(media.Codecs{codec}, t.TempDir())
	entry := app.Entry{Executor: r.Exec}
	r.transfers = transfer.New(transfer.Config{Engine: r.Engine, Exists: entry.Exists, Run: entry.Run})
	phone := func() *signaltest.Phone { return r.Phone(codec, 0) }
	e := r.Tech.Endpoint("1002", signaltest.Endpoint{Script: signaltest.Script{Start: signaltest.Rings}, Phone: phone, Hidden: true})
	leg := r.Leg("1001", phone(), signaltest.Script{Answer: func(l *signaltest.Leg) { l.Answered() }})
	r.caller = r.Run(leg, "500")
	r.phone = e.Leg(t)
	for _, s := range r.Engine.Channels() {
		if s.Endpoint == "1002" {
			c, err := r.Engine.Channel(string(s.ID))
			ok(t, err)
			r.callee = c
		}
	}
	r.Until(r.callee, "ringing", func(s signaling.ChannelSnapshot) bool { return s.State == signaling.Ringing })
	r.Eventually("the caller is told", func() bool { return slices.Contains(leg.Calls(), "Ring") })
	if early { // else its media never shows, which may come before the answer by a moment, too
		r.phone.Show()
		r.phone.Early()
		for _, c := range []*signaling.Channel{r.caller, r.callee} {
			r.Until(c, "hearing early media", func(s signaling.ChannelSnapshot) bool { return s.Bridge != "" })
		}
	}
	return r
}

// comes is a party that is up.
func (r *atAnswer) comes(name string) *signaling.Channel {
	r.T.Helper()
	c, _ := r.CallUp(name, r.Phone(g711.MuLaw(), 0))
	return c
}

// stop has a channel's actor take nothing until goOn; what is posted waits in its order.
func (r *atAnswer) stop(c *signaling.Channel) (goOn func()) {
	r.T.Helper()
	in, out := make(chan struct{}), make(chan struct{})
	go func() { // ended by goOn
		if err := c.Do(r.T.Context(), func() error { close(in); <-out; return nil }); err != nil {
			r.T.Errorf("%s: %v", c.Name(), err)
		}
	}()
	signaltest.Receive(r.T, "the channel to stand still", in)
	goOn = sync.OnceFunc(func() { close(out) })
	r.T.Cleanup(goOn) // also where the test breaks off
	return goOn
}

// talk checks that two talk, and nobody else does.
func (r *atAnswer) talk(a, b *signaling.Channel) {
	r.T.Helper()
	r.Eventually(a.Name()+" and "+b.Name()+" alone in one bridge", func() bool {
		s := a.Snapshot()
		if s.Bridge == "" || s.Bridge != b.Snapshot().Bridge || s.Ended || b.Ended() {
			return false
		}
		bridges := r.Engine.Bridges()
		return len(bridges) == 1 && len(bridges[0].Channels) == 2 && len(r.Engine.Channels()) == 2
	})
}

// over checks that the end of one ends the other, and that nothing is left.
func (r *atAnswer) over(a, b *signaling.Channel) {
	r.T.Helper()
	a.Hangup(signaling.CauseNormal)
	r.Gone(a)
	if s := r.Gone(b); s.Cause != signaling.CauseNormal {
		r.T.Errorf("%s ended with %d", b.Name(), s.Cause)
	}
	r.Eventually("nobody and no bridge is left", func() bool { return len(r.Engine.Channels())+len(r.Engine.Bridges()) == 0 })
}

func earlyAndLate(t *testing.T, f func(t *testing.T, early bool)) {
	t.Run("early media", func(t *testing.T) { f(t, true) })
	t.Run("ringing", func(t *testing.T) { f(t, false) })
}

// The caller is replaced (RFC 3891) as the phone answers: the Dial has taken the answer and does not
// give the place away any more. Who comes talks to who answered, and nobody is rung anew.
func TestCallerIsReplacedAtTheAnswer(t *testing.T) {
	earlyAndLate(t, func(t *testing.T, early bool) {
		r := newAtAnswer(t, early)
		by := r.comes("1003")
		goOn := r.stop(r.caller)
		r.phone.Answered()
		r.Eventually("the Dial has the answer", func() bool {
			status, _ := r.caller.Vars().Get("DIALSTATUS")
			return status == "ANSWER"
		})
		result := make(chan error, 1)
		go func() { result <- r.transfers.TakeOver(t.Context(), r.caller, by) }() // ended by the answer
		goOn()
		ok(t, signaltest.Receive(t, "the caller to be replaced", result))
		r.Gone(r.caller) // by its own Dial or by the transfer
		r.talk(by, r.callee)
		r.over(by, r.callee)
	})
}

// It is replaced, and then the phone answers, in whatever order the Dial is told.
func TestCallerIsReplacedBeforeTheAnswer(t *testing.T) {
	earlyAndLate(t, func(t *testing.T, early bool) {
		r := newAtAnswer(t, early)
		by := r.comes("1003")
		goOn := r.stop(r.callee)
		r.phone.Answered() // which the channel takes below
		result := make(chan error, 1)
		go func() { result <- r.transfers.TakeOver(t.Context(), r.caller, by) }() // ended by the Dial
		ok(t, signaltest.Receive(t, "the caller to be replaced", result))
		goOn()
		if s := r.Gone(r.caller); s.Cause != signaling.CauseAnsweredElse || !s.Answered.IsZero() {
			t.Errorf("the caller ended with %+v", s)
		}
		r.talk(by, r.callee)
		r.over(r.callee, by)
	})
}

// The phone that gives early media is picked up elsewhere, and leaves at whatever moment: the
// conversation of the two others does not end with it.
func TestEarlyMediaIsPickedUp(t *testing.T) {
	for _, last := range []string{"phone", "who picks it up", "neither"} {
		t.Run(last, func(t *testing.T) {
			r := newAtAnswer(t, true)
			by := r.comes("1003")
			goOn := func() {}
			switch last {
			case "phone":
				goOn = r.stop(r.callee)
			case "who picks it up":
				goOn = r.stop(by)
			}
			ok(t, r.callee.Succeed(t.Context(), by))
			switch last {
			case "phone":
				r.Until(by, "talking", func(s signaling.ChannelSnapshot) bool { return s.Bridge != "" })
			case "who picks it up":
				r.Gone(r.callee)
			}
			goOn()
			if s := r.Gone(r.callee); s.Cause != signaling.CauseAnsweredElse {
				t.Errorf("the phone ended with %d", s.Cause)
			}
			r.talk(r.caller, by)
			r.over(r.caller, by)
		})
	}
}

// Events of a call that is replaced at the answer: one party enters and leaves each bridge as often,
// and the phone is told of as answered once.
func TestEventsOfAReplacementAtTheAnswer(t *testing.T) {
	r := newAtAnswer(t, true)
	events := r.Events()
	by := r.comes("1003")
	goOn := r.stop(r.caller)
	r.phone.Answered()
	result := make(chan error, 1)
	go func() { result <- r.transfers.TakeOver(t.Context(), r.caller, by) }() // ended by the answer
	goOn()
	ok(t, signaltest.Receive(t, "the caller to be replaced", result))
	r.Gone(r.caller)
	r.talk(by, r.callee)
	r.over(by, r.callee)
	entered, up := map[string]int{}, 0
	for _, e := range events() {
		switch e.Type {
		case event.ChannelEnteredBridge:
			entered[e.Bridge+" "+e.Channel]++
		case event.ChannelLeftBridge:
			entered[e.Bridge+" "+e.Channel]--
		case event.ChannelStateChange:
			if s, _ := e.Data.(signaling.ChannelSnapshot); s.ID == r.callee.ID() && s.State == signaling.Up {
				up++
			}
		}
	}
	for who, n := range entered {
		if n > 0 {
			t.Errorf("%s is still there by the events", who)
		}
	}
	if up != 1 {
		t.Errorf("the phone was told to be up %d times", up)
	}
}
