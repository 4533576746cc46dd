package signalling_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
	"github.com/skygenesisenterprise/skybridge/bench/signalling"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// patient is a server that refuses no call for how late it is itself: tests share the
// machine. What its mixer has no time for it refuses all the same, and phones come again.
func patient(t *testing.T) peers.Skybridge {
	return peers.Skybridge{Program: server.Binary(t), Args: []string{"--set", "sip.overload.queue=0", "--set", "sip.overload.late=0"}}
}

// Every kind of signalling goes through, without a failure. How fast is not looked at.
func TestSignalling(t *testing.T) {
	r := signalling.Runner{Core: -1, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	plan := load.Plan{Warm: 200 * time.Millisecond, Measure: 300 * time.Millisecond}
	for _, w := range []signalling.Work{
		signalling.Registrations(false), signalling.Registrations(true), signalling.SetUps(false), signalling.SetUps(true),
	} {
		t.Run(w.Name, func(t *testing.T) {
			w.Together, w.Accounts = 4, w.Accounts/64
			p, err := r.Signal(t.Context(), patient(t), w, plan)
			if err != nil {
				t.Fatal(err)
			}
			if p.Done == 0 || p.Failed != 0 || p.Contender != "skybridge" || p.Work != w.Name || p.Took.Count != p.Done {
				t.Errorf("%d done, %d failed: %v, %d refused", p.Done, p.Failed, p.Failures, p.Refused)
			}
		})
	}
}

// A call has no more goroutines than it is to have, and no more descriptors than its media
// take: two for each party's RTP and RTCP. A mixer without time ends a call that it has only
// just taken; the others still tell.
func TestGoroutinesPerCall(t *testing.T) {
	const most = 12
	r := signalling.Runner{Core: -1, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	for _, tt := range []struct {
		work        signalling.Work
		descriptors float64
	}{{signalling.SetUps(false), 2}, {signalling.SetUps(true), 4}} {
		s, err := r.Stays(t.Context(), patient(t), tt.work, 10, 50, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %.2f goroutines, %.0f bytes live and of stacks, %.2f descriptors", s.What, s.Goroutines, s.Held, s.Descriptors)
		if s.Goroutines > most || s.Goroutines < 0.5 || s.Descriptors >= tt.descriptors+1 {
			t.Errorf("%s: %.2f goroutines and %.2f descriptors a call, want at most %d, and less than one above %v", s.What, s.Goroutines, s.Descriptors, most, tt.descriptors)
		}
	}
}

// A registered phone has no goroutine of its own, and no descriptor. What it has of the
// heap is said: how much of it is of its last request depends on how long ago that was.
func TestGoroutinesPerPhone(t *testing.T) {
	const few, many = 20, 520
	r := signalling.Runner{Core: -1, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	w := signalling.Registrations(false)
	w.Together = 4 // those who have answered wait a second for more to answer
	s, err := r.Stays(t.Context(), patient(t), w, few, many, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.2f goroutines, %.0f bytes live and of stacks, %.2f descriptors a phone", s.Goroutines, s.Held, s.Descriptors)
	if s.Goroutines > 0.1 || s.Descriptors > 0.1 {
		t.Errorf("%.2f goroutines and %.2f descriptors a phone, want none", s.Goroutines, s.Descriptors)
	}
	if s.Held < 512 || s.Held > 64<<10 {
		t.Errorf("%.0f bytes a phone: not to be believed, or far too many", s.Held)
	}
}

// Calls that are over leave no goroutine, descriptor or port behind. That the heap does not
// grow either takes calls by the ten thousand to see: skybridge bench soak.
func TestNothingIsLeftOfCalls(t *testing.T) {
	r := signalling.Runner{Core: -1, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	s, err := r.Soak(t.Context(), patient(t), 100, 1000, 3*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if left := s.Left(); len(left) > 0 || len(s.Failed) > 0 {
		t.Errorf("failed: %v, %d refused; left: %v", s.Failed, s.Refused, left)
	}
}
