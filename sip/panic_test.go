package sip

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip/internal/wire"
)

// TestTimersPanicsCostOneCall: what panics on a timer, or on a goroutine that the
// stack started by itself, ends neither the process nor other calls.
func TestTimersPanicsCostOneCall(t *testing.T) {
	for _, c := range []struct {
		name   string
		invite func(*IncomingInvite, *events) error
		least  uint64 // panics in an hour
		ends   int    // dialogs, of which their handlers are told
	}{
		{"trying", func(*IncomingInvite, *events) error { return nil }, 1, 0},
		{"ringing", func(i *IncomingInvite, _ *events) error { return i.Progress(Reply{}) }, 1, 0},
		{"refused", func(i *IncomingInvite, _ *events) error { return i.Reject(Reply{Status: 486}) }, 1, 0},
		{"answered", func(i *IncomingInvite, e *events) error {
			i.SetRewriteContact(true) // the way back is the wire
			_, err := i.Accept(Reply{}, dialogEvents{e})
			return err
		}, 2, 1}, // the repetition, then the BYE
		{"our INFO", func(i *IncomingInvite, e *events) error {
			i.SetRewriteContact(true)
			d, err := i.Accept(Reply{}, dialogEvents{e})
			if err != nil {
				return err
			}
			d.s.errands.Spawn(func() { _, _ = d.Request(context.Background(), "INFO", Content{}) }) // broken, too
			return nil
		}, 3, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &events{}
				e.invite = func(i *IncomingInvite) {
					if err := c.invite(i, e); err != nil {
						t.Error(err)
					}
				}
				s, w := silent(t, e), wire.New()
				give(s, w, wire.Invite)
				w.Broken.Store(true)
				time.Sleep(time.Hour)
				synctest.Wait()
				if n := s.Stats().Panics; n < c.least {
					t.Errorf("%d panics", n)
				}
				if got := e.all(); len(got) != c.ends {
					t.Errorf("events %v", got)
				}
				w.Broken.Store(false)
				closeNow(t, s)
				if n := s.Stats().Dialogs; n != 0 {
					t.Errorf("%d dialogs left", n)
				}
			})
		})
	}
}
