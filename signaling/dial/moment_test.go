package dial_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dial"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// stopped has a channel's actor take nothing before the returned function is called; what is
// posted meanwhile waits in its order.
func stopped(t *testing.T, c *signaling.Channel) (goOn func()) {
	t.Helper()
	in, out := make(chan struct{}), make(chan struct{})
	go func() { // ended by goOn
		if err := c.Do(t.Context(), func() error {
			close(in)
			<-out
			return nil
		}); err != nil {
			t.Error(err)
		}
	}()
	<-in
	return func() { close(out) }
}

// moment is a Do of one phone that rings, whose goroutine stands still until goOn.
type moment struct {
	h      *signaltest.House
	leg    *signaltest.Leg
	callee *signaling.Channel
	events func() []event.Event
	result chan dial.Result
	goOn   func()
}

func newMoment(t *testing.T, timeout time.Duration, script signaltest.Script) *moment {
	t.Helper()
	m := &moment{h: signaltest.New(t, nil), result: make(chan dial.Result, 1)}
	m.events = m.h.Events()
	script.Start = signaltest.Rings
	e := m.h.Tech.Endpoint("rings", signaltest.Endpoint{Script: script})
	orders, in, out := make(chan func()), make(chan struct{}), make(chan struct{})
	go func() { // ended by the result
		m.result <- dial.Do(t.Context(), m.h.Engine, dial.Plan{
			Targets: []dialstring.Target{target("rings")}, Timeout: timeout, Orders: orders,
		})
	}()
	m.leg = e.Leg(t)
	synctest.Wait()
	c, err := m.h.Engine.Channel(string(m.h.Engine.Channels()[0].ID))
	if err != nil {
		t.Fatal(err)
	}
	m.callee = c
	orders <- func() { close(in); <-out }
	<-in
	m.goOn = func() { close(out) }
	return m
}

// dialled are the statuses of the Dial events.
func (m *moment) dialled() (statuses []string) {
	for _, e := range m.events() {
		if d, ok := e.Data.(dial.Event); ok && e.Type == event.Dial {
			statuses = append(statuses, d.Status)
		}
	}
	return statuses
}

// TestAnswerAtTheTimeout: what comes first at the phone's own channel counts, whenever the Do comes
// to look. An answer is never hung up with the cause of a time-out, nor a time-out an answer.
func TestAnswerAtTheTimeout(t *testing.T) {
	const timeout = 10 * time.Second
	for _, tc := range []struct {
		name   string
		before func(t *testing.T, m *moment) // while the Do stands still
		after  func(t *testing.T, m *moment)
		want   dial.Status
	}{
		{
			name: "both are there", want: dial.Answer,
			before: func(_ *testing.T, m *moment) {
				m.leg.Answered()
				time.Sleep(2 * timeout)
				synctest.Wait()
			},
		},
		{
			name: "the time-out is seen first, the answer was first", want: dial.Answer,
			before: func(t *testing.T, m *moment) {
				actor := stopped(t, m.callee)
				m.leg.Answered()
				time.Sleep(2 * timeout)
				m.goOn()
				synctest.Wait()
				actor()
			},
			after: func(*testing.T, *moment) {},
		},
		{
			name: "the time-out was first", want: dial.NoAnswer,
			before: func(t *testing.T, m *moment) {
				actor := stopped(t, m.callee)
				time.Sleep(2 * timeout)
				m.goOn()
				synctest.Wait()
				m.leg.Answered()
				actor()
			},
			after: func(*testing.T, *moment) {},
		},
		{
			name: "the answer crosses our CANCEL", want: dial.NoAnswer,
			before: func(*testing.T, *moment) { time.Sleep(2 * timeout) },
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMoment(t, timeout, signaltest.Script{Hangup: func(l *signaltest.Leg, cause signaling.Cause) {
					l.Answered()
					l.End(cause, false)
				}})
				tc.before(t, m)
				if tc.after == nil {
					m.goOn()
				}
				r := <-m.result
				if r.Status != tc.want || (r.Channel != nil) != (tc.want == dial.Answer) {
					t.Fatalf("result %+v", r)
				}
				synctest.Wait()
				got := m.dialled()
				if last := got[len(got)-1]; last != string(tc.want) {
					t.Errorf("told %q", got)
				}
				s := m.callee.Snapshot()
				if tc.want == dial.Answer {
					if s.Ended || s.State != signaling.Up {
						t.Errorf("who answered is %+v", s)
					}
					return
				}
				if s = m.h.Gone(m.callee); s.Cause != signaling.CauseNoAnswer || !s.Answered.IsZero() || r.Cause != signaling.CauseNoAnswer {
					t.Errorf("the phone ended with %+v", s)
				}
			})
		})
	}
}

// TestAnswerAtThePickUp: of the phone that rings and who picks its call up one alone has it, and the
// other one is told so.
func TestAnswerAtThePickUp(t *testing.T) {
	for _, first := range []string{"both", "phone", "pick-up"} {
		t.Run(first, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMoment(t, 0, signaltest.Script{})
				by, _ := m.h.CallUp("1003", nil)
				took := make(chan error, 1)
				take := func() {
					go func() { took <- m.callee.Succeed(t.Context(), by) }() // ended by the Do
					synctest.Wait()
				}
				switch first {
				case "phone":
					m.leg.Answered()
					m.goOn()
					synctest.Wait()
					take()
				case "pick-up":
					take()
					m.goOn()
					synctest.Wait()
					m.leg.Answered()
				default:
					m.leg.Answered()
					take()
					m.goOn()
				}
				r, err := <-m.result, <-took
				synctest.Wait()
				if r.Status != dial.Answer {
					t.Fatalf("result %+v", r)
				}
				switch r.Channel {
				case by:
					if err != nil || first == "phone" {
						t.Errorf("who picked it up is told %v", err)
					}
					if s := m.h.Gone(m.callee); s.Cause != signaling.CauseAnsweredElse {
						t.Errorf("the phone ended with %d", s.Cause)
					}
				case m.callee:
					if fault.Of(err) != fault.Conflict || first == "pick-up" {
						t.Errorf("who picked it up is told %v", err)
					}
					if m.callee.Ended() {
						t.Error("the phone was hung up")
					}
				default:
					t.Errorf("result %+v", r)
				}
				if by.Ended() {
					t.Error("who picked it up was hung up")
				}
			})
		})
	}
}

// TestAnswerAtTheHangup: the caller hangs up as the phone answers. No phone is left with nobody.
func TestAnswerAtTheHangup(t *testing.T) {
	for _, gone := range []bool{false, true} { // by the time the Do looks
		synctest.Test(t, func(t *testing.T) {
			h := signaltest.New(t, nil)
			e := h.Tech.Endpoint("rings", signaltest.Endpoint{Script: signaltest.Script{Start: signaltest.Rings}})
			ctx, hangUp := context.WithCancel(t.Context())
			defer hangUp()
			result := make(chan dial.Result, 1)
			go func() { // ended by the result
				result <- dial.Do(ctx, h.Engine, dial.Plan{Targets: []dialstring.Target{target("rings")}})
			}()
			leg := e.Leg(t)
			synctest.Wait()
			callee, err := h.Engine.Channel(string(h.Engine.Channels()[0].ID))
			if err != nil {
				t.Fatal(err)
			}
			actor := stopped(t, callee)
			if gone {
				hangUp()
				synctest.Wait()
				leg.Answered()
			} else {
				leg.Answered()
				hangUp()
				synctest.Wait()
			}
			actor()
			if r := <-result; r.Channel != nil || r.Status != dial.Cancel {
				t.Fatalf("result %+v", r)
			}
			if s := h.Gone(callee); s.Cause != signaling.CauseNormal {
				t.Errorf("the phone ended with %d", s.Cause)
			}
		})
	}
}
