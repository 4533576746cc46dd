package lifetime_test

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/internal/logtest"
	"github.com/skygenesisenterprise/skybridge/signaling/lifetime"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A call that was answered ends its time after that, one that never was after its beginning; what
// is no call stays.
func TestCallsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := signaltest.New(t, nil)
		k := lifetime.New(lifetime.Config{
			Engine: h.Engine, Max: 12 * time.Hour, Not: []string{"UnicastRTP"}, Log: slog.New(slog.NewTextHandler(h.Log, nil)),
		})
		defer k.Close()
		never := h.Call(h.Leg("1001", nil, signaltest.Script{}))
		time.Sleep(time.Hour)
		up, _ := h.CallUp("1002", nil)
		time.Sleep(11*time.Hour + 2*time.Minute)
		if s := h.Gone(never); s.Cause != lifetime.CauseTooLong {
			t.Errorf("ended by %d", s.Cause)
		}
		if up.Ended() {
			t.Error("an hour too early")
		}
		time.Sleep(time.Hour)
		if s := h.Gone(up); s.Cause != lifetime.CauseTooLong {
			t.Errorf("ended by %d", s.Cause)
		}
		if h.Log.Count("after the longest time there is") != 2 {
			t.Errorf("log:\n%s", h.Log)
		}
	})
}

// A look that fails is in the log, and not the last one.
func TestALookThatFails(t *testing.T) {
	log := &logtest.Log{}
	var looks []func()
	k := lifetime.New(lifetime.Config{ // without an engine
		Max: time.Hour, Log: slog.New(slog.NewTextHandler(log, nil)),
		AfterFunc: func(_ time.Duration, f func()) func() bool {
			looks = append(looks, f)
			return func() bool { return true }
		},
	})
	defer k.Close()
	looks[0]()
	if len(looks) != 2 || log.Count("panic in the look after calls' time") != 1 {
		t.Errorf("%d looks, log:\n%s", len(looks), log)
	}
}

// What is closed looks no more.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := signaltest.New(t, nil)
		c, _ := h.CallUp("1001", nil)
		tech := c.Snapshot().Tech
		k := lifetime.New(lifetime.Config{Engine: h.Engine, Max: time.Minute, Not: []string{tech}, Log: slog.New(slog.DiscardHandler)})
		time.Sleep(time.Hour)
		k.Close()
		k = lifetime.New(lifetime.Config{Engine: h.Engine, Max: time.Minute, Log: slog.New(slog.DiscardHandler)})
		k.Close()
		time.Sleep(time.Hour)
		if c.Ended() {
			t.Error("a call that may stay was ended")
		}
	})
}
