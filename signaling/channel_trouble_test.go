package signaling_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

func TestAPanicEndsOneCallOnly(t *testing.T) {
	for _, ca := range []struct {
		name   string
		script signaltest.Script
		do     func(t *testing.T, c *signaling.Channel)
	}{
		{"in a request", signaltest.Script{}, func(t *testing.T, c *signaling.Channel) {
			if err := c.Do(t.Context(), func() error { panic("broken") }); err == nil {
				t.Error("no error")
			}
		}},
		{"in the program", signaltest.Script{}, func(t *testing.T, c *signaling.Channel) {
			ok(t, c.Run(t.Context(), func() { panic("broken") }))
		}},
		{"in Start", signaltest.Script{Start: func(*signaltest.Leg) { panic("broken") }}, func(*testing.T, *signaling.Channel) {}},
		{"in Answer", signaltest.Script{Answer: func(*signaltest.Leg) { panic("broken") }}, func(t *testing.T, c *signaling.Channel) {
			if err := c.Answer(t.Context()); err == nil {
				t.Error("no error")
			}
		}},
		{"in Hangup", signaltest.Script{Hangup: func(*signaltest.Leg, signaling.Cause) { panic("broken") }}, func(_ *testing.T, c *signaling.Channel) {
			c.Hangup(signaling.CauseTemporary)
		}},
	} {
		t.Run(ca.name, func(t *testing.T) {
			h := signaltest.New(t, nil)
			other := h.Call(h.Leg("1002", nil, signaltest.Script{}))
			c := h.Call(h.Leg("1001", nil, ca.script))
			ca.do(t, c)
			if s := h.Gone(c); s.Cause != signaling.CauseTemporary {
				t.Errorf("ended with %d", s.Cause)
			}
			if h.Log.Count("broken") == 0 || h.Log.Count("channel_trouble_test.go") == 0 {
				t.Errorf("no panic and stack in the log:\n%s", h.Log)
			}
			if other.Snapshot().Ended {
				t.Error("another call has ended too")
			}
			ok(t, other.Answer(t.Context()))
		})
	}
}

// block holds a channel's actor until the returned function is called.
func block(t *testing.T, c *signaling.Channel) (release func()) {
	t.Helper()
	held, free, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		_ = c.Do(context.Background(), func() error { close(held); <-free; return nil })
	}()
	signaltest.Receive(t, "the actor", held)
	return sync.OnceFunc(func() { close(free); <-done })
}

func TestAFullMailboxEndsOneCallOnly(t *testing.T) {
	for _, ca := range []struct {
		name  string
		after func(c *signaling.Channel, l *signaltest.Leg)
	}{
		{"", func(*signaling.Channel, *signaltest.Leg) {}},
		{"and the leg's end is among what is lost", func(_ *signaling.Channel, l *signaltest.Leg) {
			l.Tell(func(e signaling.LegEvents) { e.LegEnded(signaling.CauseNormal, true) })
		}},
	} {
		t.Run(ca.name, func(t *testing.T) {
			h := signaltest.New(t, nil)
			other := h.Call(h.Leg("1002", nil, signaltest.Script{}))
			l := h.Leg("1001", nil, signaltest.Script{})
			c := h.Call(l)
			finish, finished := make(chan struct{}), make(chan struct{})
			ok(t, c.Run(t.Context(), func() { <-finish }))
			release := block(t, c)
			for range 300 {
				l.Digit('1') // never waits
			}
			kind(t, c.Do(t.Context(), func() error { return nil }), fault.TooMany)
			ca.after(c, l)
			// The program's own end is lost too.
			go func() { close(finish); close(finished) }()
			<-finished
			release()
			s := h.Gone(c)
			if s.Cause != signaling.CauseTemporary && s.Cause != signaling.CauseNormal {
				t.Errorf("ended with %d", s.Cause)
			}
			if n := h.Log.Count("mailbox full"); n != 1 {
				t.Errorf("logged %d times", n)
			}
			if other.Snapshot().Ended {
				t.Error("another call has ended too")
			}
		})
	}
}

func TestALegThatDoesNotEndIsLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := signaltest.New(t, nil)
		c := h.Call(h.Leg("1001", nil, signaltest.Script{Hangup: func(*signaltest.Leg, signaling.Cause) {}}))
		begin := time.Now()
		c.Hangup(signaling.CauseNormal)
		<-c.Gone()
		if d := time.Since(begin); d < time.Minute || d > 5*time.Minute {
			t.Errorf("let go after %v", d)
		}
		if h.Log.Count("did not end in time") != 1 {
			t.Errorf("log:\n%s", h.Log)
		}
	})
}
