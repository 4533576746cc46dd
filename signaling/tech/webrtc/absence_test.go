package webrtc

import (
	"sync"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// patient has legs wait for their browsers, until the test says that the time is up.
type patient struct {
	mu   sync.Mutex
	f    func()
	away chan bool
}

func (p *patient) config(r *rig) LegConfig {
	p.away = make(chan bool, 16)
	cfg := r.config(nil)
	cfg.Reconnect, cfg.Away = time.Hour, func(on bool) { p.away <- on }
	cfg.AfterFunc = func(_ time.Duration, f func()) func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.f = f
		return func() bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.f = nil
			return true
		}
	}
	return cfg
}

// passes lets the time pass that is waited for, and reports whether any was.
func (p *patient) passes() bool {
	p.mu.Lock()
	f := p.f
	p.mu.Unlock()
	if f != nil {
		f()
	}
	return f != nil
}

func (p *patient) tells(t *testing.T, want bool) {
	t.Helper()
	if got := wait(t, p.away); got != want {
		t.Fatalf("told that the browser is away: %v", got)
	}
}

// leg is a leg, with its channel, of a browser that is connected and hears itself.
func (p *patient) leg(r *rig, b *browser) (*Leg, report) {
	r.t.Helper()
	l := p.begins(r, b)
	told := make(report, 256)
	l.Start(told)
	l.Port().Echo()
	b.speak()
	b.hears(10)
	return l, told
}

func (p *patient) begins(r *rig, b *browser) *Leg {
	r.t.Helper()
	l, answer, err := NewLeg(ctx(r.t), p.config(r), b.offer())
	if err != nil {
		r.t.Fatal(err)
	}
	if err := b.SetAnswer(answer); err != nil {
		r.t.Fatal(err)
	}
	b.reach(rtc.StateConnected)
	return l
}

// reloaded is a browser with another certificate than all others', as each connection of a page has.
func (r *rig) reloaded() *browser {
	r.t.Helper()
	other := *r
	other.browsers = r.newAPI()
	return other.browser()
}

// comes has a browser take the place of the one whose leg it is.
func (b *browser) comes(l *Leg) {
	b.t.Helper()
	answer, err := l.Renegotiate(ctx(b.t), b.offer())
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.SetAnswer(answer); err != nil {
		b.t.Fatal(err)
	}
	b.reach(rtc.StateConnected)
}

// A browser that says goodbye without hanging up is waited for; one that does not come back has
// left then.
func TestABrowserThatDoesNotComeBack(t *testing.T) {
	r := newRig(t)
	var p patient
	b := r.browser()
	_, told := p.leg(r, b)
	b.Close()
	p.tells(t, true)
	if !p.passes() {
		t.Fatal("nothing is waited for")
	}
	told.want(t, "ended 16 true")
}

// A browser that comes back with another connection goes on with the same leg, port and channel,
// by keys of its own; what is waited for has come.
func TestABrowserThatComesBack(t *testing.T) {
	r := newRig(t)
	var p patient
	was := r.browser()
	l, told := p.leg(r, was)
	port := l.Port()
	was.Close()
	p.tells(t, true)
	<-l.session.peer().Done()
	if err := l.AddCandidate(rtc.Candidate{Candidate: "candidate:1 1 udp 1 127.0.0.1 9 typ host"}); err != nil {
		t.Errorf("a candidate of the connection to come: %v", err)
	}

	b := r.reloaded()
	b.comes(l)
	p.tells(t, false)
	told.want(t, "media")
	told.want(t, "held false")
	if p.passes() {
		t.Error("the browser is waited for still")
	}
	if l.Port() != port {
		t.Error("the leg has another port")
	}
	b.speak()
	b.hears(10)
	l.Hangup(signaling.CauseNormal)
	told.want(t, "ended 16 false")
}

// A browser comes back before anybody has noticed that it was away: the former connection is
// closed, and what that says is of no interest.
func TestABrowserIsReplaced(t *testing.T) {
	r := newRig(t)
	var p patient
	was := r.browser()
	l, told := p.leg(r, was)
	for range 3 {
		b := r.reloaded()
		b.comes(l)
		was.reach(rtc.StateClosed)
		told.want(t, "media")
		told.want(t, "held false")
		b.speak()
		b.hears(10)
		was = b
	}
	if p.passes() || len(p.away) > 0 {
		t.Error("the browser counted as away")
	}
	if n := r.api.Peers(); n != 1 {
		t.Errorf("%d peers for one browser", n)
	}
	l.Hangup(signaling.CauseNormal)
	told.want(t, "ended 16 false")
	if _, err := l.Renegotiate(ctx(t), r.browser().offer()); fault.Of(err) != fault.Gone {
		t.Errorf("an offer after the end: %v", err)
	}
}

// An offer of another connection that cannot be taken changes nothing.
func TestAReplacementThatCannotBe(t *testing.T) {
	r := newRig(t)
	var p patient
	b := r.browser()
	l, told := p.leg(r, b)
	if _, err := l.session.Replace(ctx(t), "v=0\r\n", true); fault.Of(err) != fault.Invalid {
		t.Errorf("no offer: %v", err)
	}
	b.hears(10)
	l.Hangup(signaling.CauseNormal)
	told.want(t, "ended 16 false")
}

// A browser that was never connected is not waited for, nor one that has gone before its leg had
// a channel and does not come back.
func TestWhoIsNotWaitedFor(t *testing.T) {
	r := newRig(t)
	t.Run("never connected", func(t *testing.T) {
		var p patient
		l, _, err := NewLeg(ctx(t), p.config(r), r.browser().offer())
		if err != nil {
			t.Fatal(err)
		}
		told := make(report, 16)
		l.Start(told)
		l.stateChanged(rtc.StateFailed)
		told.want(t, "ended 38 true")
	})
	t.Run("gone before the channel", func(t *testing.T) {
		var p patient
		b := r.browser()
		l := p.begins(r, b)
		l.Port().Echo()
		b.speak()
		b.hears(1)
		b.Close()
		<-l.session.peer().Done()
		told := make(report, 256)
		l.Start(told)
		p.tells(t, true)
		p.passes()
		told.want(t, "ended 16 true")
	})
}
