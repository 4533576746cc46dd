package app_test

import (
	"slices"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

func withOptions(options string) dialplan.Variable {
	return dialplan.Variable{Name: "OPTIONS", Value: options}
}

// notesOf takes as many notes, in no order.
func (r *rig) notesOf(n int) (notes []string) {
	r.t.Helper()
	for range n {
		notes = append(notes, signaltest.Receive(r.t, "a note", r.notes))
	}
	slices.Sort(notes)
	return notes
}

// With F the called party goes on when the caller hangs up.
func TestDialAndTheCalledPartyGoesOn(t *testing.T) {
	for options, want := range map[string][]string{
		"F":                       {"1001 h", "1002 h", "1002 next "},
		"F(dial-options^away^2)":  {"1001 h", "1002 away too", "1002 h"},
		"F(dial-options^nowhere)": {"1001 h"},
	} {
		t.Run(options, func(t *testing.T) {
			r := withMedia(t)
			e := r.called(signaltest.Answers)
			p := r.Phone(g711.MuLaw(), 500)
			c := r.run(r.Leg("1001", p, signaltest.Script{}), "dial-options", withOptions(options))
			callee := e.Leg(t)
			hears(t, p, 700)
			c.Hangup(signaling.CauseNormal)
			if options == "F(dial-options^away^2)" {
				if got := r.notesOf(2); !slices.Equal(got, []string{"1001 h", "1002 away too"}) {
					t.Errorf("notes %q", got)
				}
				callee.End(signaling.CauseNormal, true)
				r.note("1002 h")
			} else if got := r.notesOf(len(want)); !slices.Equal(got, want) {
				t.Errorf("notes %q, want %q", got, want)
			}
			r.Gone(c)
			r.allGone()
		})
	}
}

// allGone waits until no channel is left.
func (r *rig) allGone() {
	r.t.Helper()
	r.Eventually("every channel is gone", func() bool { return len(r.Engine.Channels()) == 0 })
}

// With F, a called party that hangs up ends both as ever.
func TestDialAndTheCalledPartyHangsUpFirst(t *testing.T) {
	r := withMedia(t)
	e := r.called(signaltest.Answers)
	p := r.Phone(g711.MuLaw(), 500)
	c := r.run(r.Leg("1001", p, signaltest.Script{}), "dial-options", withOptions("F"))
	callee := e.Leg(t)
	hears(t, p, 700)
	callee.End(signaling.CauseNormal, true)
	r.note("1001 h")
	r.Gone(c)
	r.noMore()
}

// With G both go on by themselves, the called party a step further.
func TestDialAndBothGoOn(t *testing.T) {
	r := withMedia(t)
	e := r.called(signaltest.Answers)
	l := r.Leg("1001", r.Phone(g711.MuLaw(), 0), signaltest.Script{})
	c := r.run(l, "dial-options", withOptions("G(away^1)"))
	callee := e.Leg(t)
	want := []string{"1001 away", "1001 away too", "1002 away too"}
	if got := r.notesOf(3); !slices.Equal(got, want) {
		t.Errorf("notes %q, want %q", got, want)
	}
	if n := len(r.Engine.Bridges()); n != 0 {
		t.Errorf("%d bridges", n)
	}
	c.Hangup(signaling.CauseNormal)
	r.note("1001 h")
	callee.End(signaling.CauseNormal, true)
	r.note("1002 h")
	r.allGone()
}

// With U the called party goes through a subroutine, whose result says what follows;
// the caller is not answered before that.
func TestDialWithASubroutine(t *testing.T) {
	for result, want := range map[string][]string{
		"":           {"1001 h"}, // they talk, until the caller hangs up
		"ABORT":      {"1001 h"},
		"CONTINUE":   {"1001 next ANSWER", "1001 h"},
		"BUSY":       {"1001 next BUSY", "1001 h"},
		"CONGESTION": {"1001 next CONGESTION", "1001 h"},
		"GOTO":       {"1001 next ANSWER", "1001 h"},
	} {
		t.Run(result, func(t *testing.T) {
			r := withMedia(t)
			e := r.called(signaltest.Answers)
			p := r.Phone(g711.MuLaw(), 500)
			l := r.Leg("1001", p, signaltest.Script{})
			c := r.run(l, "dial-options", withOptions("U(screened^"+result+")"))
			callee := e.Leg(t)
			r.note("1002 is asked by " + result)
			if level := tone.Level(callee.Phone().HearsSince(0, 300*time.Millisecond), 16000, 500); level < -25 {
				t.Errorf("the called party hears its sound at %.1f dBFS", level)
			}
			if result == "" {
				hears(t, p, 700)
				c.Hangup(signaling.CauseNormal)
			}
			r.note(want...)
			r.Gone(c)
			if answered := slices.Contains(l.Calls(), "Answer"); answered != (result == "") {
				t.Errorf("caller was told %v", l.Calls())
			}
			signaltest.Receive(t, "the called party's end", callee.Hung())
		})
	}
}

// A subroutine that is not there connects nobody.
func TestDialWithASubroutineThatIsNotThere(t *testing.T) {
	r := withMedia(t)
	e := r.called(signaltest.Answers)
	c := r.run(r.Leg("1001", r.Phone(g711.MuLaw(), 0), signaltest.Script{}), "dial-options", withOptions("U(nowhere)"))
	signaltest.Receive(t, "the called party's end", e.Leg(t).Hung())
	r.note("1001 h")
	r.Gone(c)
}

// A caller, or a called party, that hangs up during the subroutine ends both.
func TestDialWithASubroutineThatIsLeft(t *testing.T) {
	for _, who := range []string{"caller", "callee"} {
		t.Run(who, func(t *testing.T) {
			r := withMedia(t)
			e := r.called(signaltest.Answers)
			c := r.run(r.Leg("1001", r.Phone(g711.MuLaw(), 0), signaltest.Script{}), "dial-options", withOptions("U(screened^x)"))
			callee := e.Leg(t)
			r.note("1002 is asked by x")
			if who == "caller" {
				c.Hangup(signaling.CauseNormal)
			} else {
				callee.End(signaling.CauseNormal, true)
			}
			r.note("1001 h")
			r.Gone(c)
			r.allGone()
		})
	}
}

// A tone in place of ringing is heard by a caller who is not up, too; what is not
// served and turns the plan is in the log.
func TestDialWithATone(t *testing.T) {
	r := withMedia(t)
	e := r.called(signaltest.Rings)
	p := r.Phone(g711.MuLaw(), 0)
	l := r.Leg("1001", p, signaltest.Script{})
	c := r.run(l, "dial-options", withOptions("r(900)d"))
	e.Leg(t)
	hears(t, p, 900)
	told(t, l, "Start", "Progress")
	c.Hangup(signaling.CauseNormal)
	r.note("1001 h")
	if r.Log.Count("Dial: option is not served") != 1 {
		t.Errorf("log:\n%s", r.Log)
	}
}
