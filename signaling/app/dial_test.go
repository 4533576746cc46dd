package app_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// called makes endpoint 1002, whose phone says 700 Hz.
func (r *rig) called(start func(*signaltest.Leg)) *signaltest.Endpoint {
	return r.Tech.Endpoint("1002", signaltest.Endpoint{
		Script: signaltest.Script{Start: start},
		Phone:  func() *signaltest.Phone { return r.Phone(g722.Codec(), 700) },
	})
}

var whom = dialplan.Variable{Name: "WHOM", Value: "Test/1002&Test/1003"}

func up(s signaling.ChannelSnapshot) bool { return s.State == signaling.Up }

func TestDialThatIsAnswered(t *testing.T) {
	for _, ca := range []struct {
		name   string
		end    func(caller *signaling.Channel, callee *signaltest.Leg)
		note   string
		cause  signaling.Cause
		hungUp string
	}{
		{"the called party hangs up", func(_ *signaling.Channel, l *signaltest.Leg) { l.End(signaling.CauseCongestion, true) },
			"h ANSWER 34 ", 34, "caller"},
		{"the caller hangs up", func(c *signaling.Channel, _ *signaltest.Leg) { c.Hangup(signaling.CauseNormal) },
			"h ANSWER 16 ", 16, "callee"},
	} {
		t.Run(ca.name, func(t *testing.T) {
			r := withMedia(t)
			e := r.called(signaltest.Answers)
			loser := r.Tech.Endpoint("1003", signaltest.Endpoint{Script: signaltest.Script{Start: signaltest.Rings}})
			p := r.Phone(g711.MuLaw(), 500)
			l := r.Leg("1001", p, signaltest.Script{})
			c := r.run(l, "dial", whom)
			callee := e.Leg(t)
			hears(t, p, 700)
			hears(t, callee.Phone(), 500)
			if got := signaltest.Receive(t, "the loser's end", loser.Leg(t).Hung()); got != signaling.CauseAnsweredElse {
				t.Errorf("the loser is hung up with %d", got)
			}
			if callee.Request.Prefer == nil || callee.Request.Prefer.Name != "PCMU" || callee.Request.Caller.Number != "1001" {
				t.Errorf("dialled with %+v", callee.Request)
			}
			s := c.Snapshot()
			if s.Connected.Number != "1002" || s.Bridge == "" {
				t.Errorf("caller is %+v", s)
			}
			if v, _ := c.Vars().Get("BRIDGEPEER"); !strings.HasPrefix(v, "Test/1002-") {
				t.Errorf("BRIDGEPEER is %q", v)
			}
			ca.end(c, callee)
			got := signaltest.Receive(t, "the h extension", r.notes)
			if !strings.HasPrefix(got, ca.note) || strings.Contains(got, "answered= ") || strings.Contains(got, "dialed= ") ||
				!strings.HasSuffix(got, " number=1002") || !strings.Contains(got, " peer=Test/1002-") {
				t.Errorf("note %q", got)
			}
			if s := r.Gone(c); s.Cause != ca.cause {
				t.Errorf("caller ended with %d, want %d", s.Cause, ca.cause)
			}
			r.noMore()
			if ca.hungUp == "callee" {
				signaltest.Receive(t, "the called party's end", callee.Hung())
			}
		})
	}
}

// With g the plan goes on, and the caller hears what follows.
func TestDialGoesOn(t *testing.T) {
	r := withMedia(t)
	e := r.called(signaltest.Answers)
	p := r.Phone(g711.MuLaw(), 0)
	c := r.run(r.Leg("1001", p, signaltest.Script{}), "dial-on")
	callee := e.Leg(t)
	hears(t, p, 700)
	callee.End(signaling.CauseNormal, true)
	r.note("on ANSWER 16", "SUCCESS")
	r.Gone(c)
}

func TestDialWithALimit(t *testing.T) {
	r := withMedia(t)
	e := r.called(signaltest.Answers)
	l := r.Leg("1001", r.Phone(g711.MuLaw(), 0), signaltest.Script{})
	c := r.run(l, "dial-limited")
	r.note("h ANSWER 0")
	r.Gone(c)
	signaltest.Receive(t, "the called party's end", e.Leg(t).Hung())
}

// Early media of the only target reaches the caller before the answer, both ways.
func TestDialWithEarlyMedia(t *testing.T) {
	r := withMedia(t)
	e := r.called(func(l *signaltest.Leg) { l.Early() })
	p := r.Phone(g711.MuLaw(), 500)
	l := r.Leg("1001", p, signaltest.Script{})
	begin := time.Now()
	c := r.run(l, "dial", dialplan.Variable{Name: "WHOM", Value: "Test/1002"})
	callee := e.Leg(t)
	hears(t, p, 700)
	heard := time.Since(begin)
	if s := c.Snapshot(); s.State != signaling.Ring || !s.Media {
		t.Errorf("caller is %+v", s)
	}
	callee.Ringing() // says nothing new to a caller who hears it
	told(t, l, "Start", "Progress")
	callee.Answered()
	r.Until(c, "up", up)
	hears(t, callee.Phone(), 500)
	c.Hangup(signaling.CauseNormal)
	r.Gone(c)
	v, _ := c.Vars().Get("PROGRESSTIME_MS")
	if ms, err := strconv.Atoi(v); err != nil || time.Duration(ms)*time.Millisecond > heard {
		t.Errorf("PROGRESSTIME_MS is %q, and was heard after %v", v, heard)
	}
}

// With r the caller is told of ringing at once, and of nothing else.
func TestDialWithRinging(t *testing.T) {
	r := withMedia(t)
	e := r.called(func(l *signaltest.Leg) { l.Early() })
	l := r.Leg("1001", r.Phone(g711.MuLaw(), 0), signaltest.Script{})
	c := r.run(l, "dial-ring")
	callee := e.Leg(t)
	callee.Ringing()
	callee.Answered()
	r.Until(c, "up", up)
	told(t, l, "Start", "Ring", "Answer")
	c.Hangup(signaling.CauseNormal)
}

// A caller that is up already hears a tone while it rings.
func TestDialRingsToACallerThatIsUp(t *testing.T) {
	r := withMedia(t)
	e := r.called(signaltest.Rings)
	e.Hidden = true
	p := r.Phone(g711.MuLaw(), 0)
	l := r.Leg("1001", p, signaltest.Script{})
	c := r.run(l, "dial-up")
	callee := e.Leg(t)
	hears(t, p, 440, 480)
	callee.Show()
	callee.Answered()
	hears(t, p, 700)
	told(t, l, "Start", "Answer")
	c.Hangup(signaling.CauseNormal)
	if got := signaltest.Receive(t, "the called party's end", callee.Hung()); got != signaling.CauseNormal {
		t.Errorf("hung up with %d", got)
	}
}

// A called party that somebody moves elsewhere is not hung up with the caller.
func TestDialOfAPartyThatIsMoved(t *testing.T) {
	r := withMedia(t)
	e := r.called(signaltest.Answers)
	p := r.Phone(g711.MuLaw(), 0)
	c := r.run(r.Leg("1001", p, signaltest.Script{}), "dial", dialplan.Variable{Name: "WHOM", Value: "Test/1002"})
	callee := e.Leg(t)
	hears(t, p, 700)
	var moved *signaling.Channel
	for _, s := range r.Engine.Channels() {
		if s.Outgoing {
			var err error
			moved, err = r.Engine.Channel(string(s.ID))
			ok(t, err)
		}
	}
	elsewhere := r.Engine.NewBridge(signaling.BridgeConfig{})
	defer elsewhere.Close()
	ok(t, elsewhere.Add(t.Context(), moved))
	r.Gone(c)
	if s := moved.Snapshot(); s.Ended || s.Bridge != elsewhere.ID() {
		t.Errorf("the called party is %+v", s)
	}
	callee.End(signaling.CauseNormal, true)
	r.Gone(moved)
}

// An answer that is over before anybody talked is an answer still.
func TestDialOfAPartyThatHangsUpAtOnce(t *testing.T) {
	r := withMedia(t)
	r.called(func(l *signaltest.Leg) {
		l.Answered()
		l.End(signaling.CauseNormal, true)
	})
	begin := time.Now()
	c := r.run(r.Leg("1001", r.Phone(g711.MuLaw(), 0), signaltest.Script{}), "dial", dialplan.Variable{Name: "WHOM", Value: "Test/1002"})
	got := signaltest.Receive(t, "the h extension", r.notes)
	passed := time.Since(begin)
	var answered int // seconds
	if _, err := fmt.Sscanf(got, "h ANSWER 16 answered=%d ", &answered); err != nil || time.Duration(answered)*time.Second > passed {
		t.Errorf("note %q after %v", got, passed)
	}
	r.Gone(c)
}
