package ban

import (
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/skygenesisenterprise/skybridge/internal/logtest"
)

// slow is a store whose first write waits until the test lets it go on.
type slow struct {
	*shelf
	reached, released chan struct{}
}

func (s *slow) Put(ctx context.Context, b Ban) error {
	if s.reached != nil {
		close(s.reached)
		s.reached = nil
		<-s.released
	}
	return s.shelf.Put(ctx, b)
}

// A ban that is lifted while it is being written does not come back with a restart, nor
// does one that is lifted before: whoever writes last writes what the list says.
func TestLiftedWhileItIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := &slow{&shelf{kept: make(map[netip.Prefix]Ban)}, make(chan struct{}), make(chan struct{})}
		reached := kept.reached
		l := New(Default(), kept, slog.New(slog.DiscardHandler))
		go offends(l, a, Failure, 20) // ends with the write
		<-reached
		go offends(l, b, Failure, 20) // waits for its turn to write
		lifted := make(chan error, 2)
		for _, source := range []netip.Addr{a, b} {
			synctest.Wait()
			go func() { lifted <- l.Lift(t.Context(), source, "tests") }() // ends with the write
		}
		synctest.Wait()
		if l.Banned(a, false) || l.Banned(b, false) || len(lifted) > 0 {
			t.Errorf("%d lifted", len(lifted))
		}
		close(kept.released)
		for range 2 {
			if err := <-lifted; err != nil {
				t.Error(err)
			}
		}
		synctest.Wait()
		if len(kept.kept) > 0 {
			t.Errorf("kept: %v", kept.kept)
		}
	})
}

// A disk that stands still is waited for no longer than patience, by whoever is next too.
func TestStoreStandsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := &slow{&shelf{kept: make(map[netip.Prefix]Ban)}, make(chan struct{}), make(chan struct{})}
		reached, log := kept.reached, &logtest.Log{}
		l := New(Default(), kept, slog.New(slog.NewTextHandler(log, nil)))
		go offends(l, a, Failure, 20) // ends when it is released
		<-reached
		offends(l, b, Failure, 20)
		if !l.Banned(b, false) || !strings.Contains(log.String(), "will not outlive a restart") {
			t.Errorf("log:\n%s", log)
		}
		close(kept.released)
		synctest.Wait()
	})
}
