package errand_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/internal/errand"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRunner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := errand.New(slog.New(slog.DiscardHandler))
		work := make(chan struct{})
		c.Spawn(func() { <-work })
		c.Spawn(func() { panic("one") })
		c.After(time.Second, func() { panic("two") })
		if c.Guard("three", func() { panic("three") }) || !c.Guard("four", func() {}) {
			t.Error("a panic is not told")
		}
		if err := c.Panicked("five", "five"); fault.Of(err) != fault.Internal {
			t.Errorf("error %v", err)
		}
		time.Sleep(2 * time.Second)
		if n := c.Panics(); n != 4 {
			t.Errorf("%d panics", n)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := c.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("closed while one works: %v", err)
		}
		if c.Spawn(func() {}) {
			t.Error("taken after the end")
		}
		close(work)
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
}
