package feature_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// recorded waits until as many recordings are under way.
func (r *rig) recorded(n int) {
	r.T.Helper()
	r.Eventually("recordings under way", func() bool { return len(r.Services.Recordings.Live(nil)) == n })
}

// files waits for as many files of recordings, and gives them.
func (r *rig) files(n int) (files []string) {
	r.T.Helper()
	r.Eventually("files of recordings", func() bool {
		files, _ = filepath.Glob(filepath.Join(r.Services.Recordings.Monitor(), "auto-*"))
		return len(files) == n
	})
	return files
}

// Keys begin to record the conversation and end that, by either party, for both codes.
func TestRecordingByKeys(t *testing.T) {
	for code, variable := range map[string]string{"*8": "TOUCH_MONITOR", "*9": "TOUCH_MIXMONITOR"} {
		t.Run(variable, func(t *testing.T) {
			bothSides(t, func(t *testing.T, byCaller bool) {
				r := newRig(t)
				s := r.side(byCaller)
				s.other.Vars().Set(variable, "../of ${x}/sales") // a plan's, or what somebody said
				press(s.leg, code)
				r.recorded(1)
				live := r.Services.Recordings.Live(s.other)
				if len(live) != 1 {
					t.Fatalf("%s is not recorded", s.other.Name())
				}
				r.Eventually("a second is recorded", func() bool { return live[0].Length() > time.Second })
				press(s.otherLeg, code) // the other one ends it
				r.recorded(0)
				files := r.files(1)
				if name := filepath.Base(files[0]); !strings.HasSuffix(name, "-ofxsales.wav") {
					t.Errorf("recorded in %s", name)
				}
				if info, err := os.Stat(files[0]); err != nil || info.Size() < 16000 {
					t.Errorf("%v, %v", info, err)
				}
				for _, c := range []*signaling.Channel{s.me, s.other} {
					if v, _ := c.Vars().Get(variable + "_OUTPUT"); v+".wav" != filepath.Base(files[0]) {
						t.Errorf("%s_OUTPUT is %q", variable, v)
					}
				}
				press(s.leg, code) // again
				r.recorded(1)
				s.leg.End(signaling.CauseNormal, true)
				r.Gone(s.me)
				r.Gone(s.other)
				r.recorded(0)
			})
		})
	}
}

// Both codes at once record in two files, whose names the plan learns, though it names both alike.
func TestRecordingByBothKeys(t *testing.T) {
	r := newRig(t)
	s := r.side(true)
	variables := []string{"TOUCH_MONITOR", "TOUCH_MIXMONITOR"}
	for _, v := range variables {
		s.me.Vars().Set(v, "sales")
	}
	press(s.leg, "*8*9")
	r.recorded(2)
	names := map[string]bool{}
	for _, v := range variables {
		r.Eventually(v+"_OUTPUT is set", func() bool { _, ok := s.other.Vars().Get(v + "_OUTPUT"); return ok })
		name, _ := s.other.Vars().Get(v + "_OUTPUT")
		names[name+".wav"] = true
	}
	for _, rec := range r.Services.Recordings.Live(nil) {
		r.Eventually("something is recorded", func() bool { return rec.Length() > 0 })
	}
	press(s.leg, "*8*9")
	r.recorded(0)
	for _, file := range r.files(2) {
		if !names[filepath.Base(file)] {
			t.Errorf("%s is none of %v", filepath.Base(file), names)
		}
	}
}

// What cannot be recorded is said, and the conversation goes on.
func TestRecordingByKeysInVain(t *testing.T) {
	r := newRig(t)
	r.caller.Vars().Set("TOUCH_MIXMONITOR_FORMAT", "mp3")
	press(r.callerLeg, "*9")
	r.Eventually("a warning", func() bool { return r.Log.Count("conversation not recorded by keys") == 1 })
	r.together("1001", "1002")
	r.recorded(0)
}

// Keys before the answer are for an announcement: the called side gets them, and none of them asks for
// anything once the two talk.
func TestKeysBeforeTheAnswer(t *testing.T) {
	r := newRig(t)
	leg := r.Leg("1001", r.Phone(g711.MuLaw(), 0), signaltest.Script{Answer: func(l *signaltest.Leg) { l.Answered() }})
	c := r.Run(leg, "1003")
	third := r.third.Leg(t)
	third.Early()
	r.Until(c, "hearing early media", talks)
	r.Until(r.channel("1003"), "heard", talks)
	press(leg, "*9")
	if got := third.Phone().HearsDigits(2); got != "*9" {
		t.Errorf("the called side hears %q", got)
	}
	third.Answered()
	r.Until(c, "up", up)
	press(leg, "*8") // which is heard, as would be what was before it
	r.recorded(1)
	if _, ok := c.Vars().Get("TOUCH_MIXMONITOR_OUTPUT"); ok {
		t.Error("keys from before the answer began a recording")
	}
}

// GOTO_ON_BLINDXFR: who transfers goes on in the plan instead of being hung up.
func TestTransfererGoesOn(t *testing.T) {
	for _, place := range []string{"internal^650^1", "650^1", "650,1"} {
		bothSides(t, func(t *testing.T, byCaller bool) {
			r := newRig(t)
			s := r.side(byCaller)
			if !byCaller && place != "internal^650^1" {
				return // who was called is nowhere in the plan
			}
			s.me.Vars().Set("GOTO_ON_BLINDXFR", place)
			r.asks(s, "#", "600")
			got := map[string]bool{}
			for range 2 {
				note := signaltest.Receive(t, "a note", r.Notes)
				got[strings.Join(strings.Fields(note)[:2], " ")] = true
			}
			who := s.me.Snapshot().Caller.Number
			if !got[who+" goes"] || !got[s.name+" at"] {
				t.Errorf("notes %v", got)
			}
			if s.me.Ended() || s.other.Ended() {
				t.Error("one of them has ended")
			}
		})
	}
}

func TestTransfererGoesNowhere(t *testing.T) {
	r := newRig(t)
	s := r.side(true)
	s.me.Vars().Set("GOTO_ON_BLINDXFR", "a^b^c")
	r.asks(s, "#", "600")
	r.Gone(s.me)
	if r.Log.Count("GOTO_ON_BLINDXFR is no") != 1 {
		t.Errorf("log:\n%s", r.Log)
	}
}
