package plancalls

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// What a call of two phones costs beside itself: its following, and its record in SQLite on disk.
func BenchmarkCall(b *testing.B) {
	log := slog.New(slog.DiscardHandler)
	sc := store.Default()
	sc.Path = filepath.Join(b.TempDir(), "db")
	db, err := store.Open(b.Context(), sc, log)
	if err != nil {
		b.Fatal(err)
	}
	h := signaltest.New(b, signaltest.NewMixer(b))
	f := Follow(Config{Engine: h.Engine, Records: db.Calls, Log: log, UserOf: func(ctx context.Context, extension string) (string, error) {
		u, err := db.Users.ByExtension(ctx, extension)
		if fault.Of(err) == fault.NotFound {
			err = nil
		}
		return u.ID, err
	}})
	now := time.Now()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		first, second := fmt.Sprint(i, ".1"), fmt.Sprint(i, ".2")
		for _, state := range []signaling.State{signaling.Ringing, signaling.Up} {
			for _, over := range []bool{false, state == signaling.Up} {
				for _, id := range []string{first, second} {
					s := ch(id, "PJSIP", "1001", state)
					s.LinkedID, s.Outgoing, s.Ended, s.Cause = signaling.ChannelID(first), id == second, over, 16
					f.take(event.Event{Time: now, Data: s})
				}
			}
		}
		if i%2000 == 1999 { // waits until all are on record
			f.Close()
			f = Follow(f.cfg)
		}
	}
	f.Close()
	if err := db.Close(); err != nil {
		b.Error(err)
	}
}
