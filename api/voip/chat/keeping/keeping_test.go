package keeping

import (
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Messages go once they are old enough, the others stay; for ever is for ever.
func TestOldMessagesGo(t *testing.T) {
	sc := store.Default()
	sc.Path = store.Memory
	db, err := store.Open(t.Context(), sc, slog.New(slog.DiscardHandler))
	must(t, err)
	defer func() { must(t, db.Close()) }()
	noon := time.Now()
	put := func(at time.Time) {
		t.Helper()
		err := db.Messages.Put(t.Context(), store.Message{ID: signaling.NewID(), From: "ana", To: "bo", Created: at})
		must(t, err)
	}
	left := func() int {
		t.Helper()
		all, err := db.Messages.List(t.Context(), store.MessageQuery{User: "bo", Limit: 1000})
		must(t, err)
		return len(all)
	}
	awaits := func(n int) {
		t.Helper()
		for end := time.Now().Add(time.Minute); left() != n; <-time.After(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%d messages are left, not %d", left(), n)
			}
		}
	}
	put(noon.Add(-2 * time.Hour))
	put(noon.Add(-time.Hour))
	put(noon)
	var now atomic.Int64
	now.Store(noon.UnixNano())
	cfg := Config{
		Store: db.Messages, Every: time.Millisecond, Now: func() time.Time { return time.Unix(0, now.Load()) }, Log: slog.New(slog.DiscardHandler),
	}
	New(cfg).Close() // for ever
	if n := left(); n != 3 {
		t.Errorf("%d messages are left", n)
	}
	cfg.Keep = 90 * time.Minute
	k := New(cfg)
	defer k.Close()
	awaits(2)
	now.Store(noon.Add(time.Hour).UnixNano())
	awaits(1)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
