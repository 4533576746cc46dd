package cdr_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/cdr"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/internal/store/storetest"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// watched tells of every record that a database has taken.
type watched struct {
	cdr.Database
	taken chan string
}

func (w watched) Put(ctx context.Context, c store.Call) error {
	err := w.Database.Put(ctx, c)
	if err == nil {
		w.taken <- c.ID
	}
	return err
}

// A PostgreSQL that is killed gets the records of the time without it once it is there again.
func TestPostgresIsKilled(t *testing.T) {
	p, err := storetest.NewPostgres(t.Context())
	if errors.Is(err, storetest.ErrNone) {
		t.Skip(err)
	}
	must(t, err)
	defer func() { must(t, p.Close()) }()
	sc := store.Default()
	sc.URL, err = p.Database(t.Context())
	must(t, err)
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(t.Context(), sc, log)
	must(t, err)
	defer func() { must(t, db.Close()) }()
	w := watched{db.Calls, make(chan string, 10)}
	k, err := cdr.Open(cdr.Config{Database: w, Folder: t.TempDir(), Log: log, First: 10 * time.Millisecond, Longest: 100 * time.Millisecond})
	must(t, err)
	defer k.Close()

	must(t, p.Kill())
	now := time.Now().UTC().Truncate(time.Millisecond)
	want := map[string]bool{}
	for range 3 {
		c := store.Call{ID: signaling.NewID(), CreatedBy: "alice", Status: "ended", Type: "audio", Direction: "internal", Parties: []string{"bob"}, Created: now, Ended: now}
		must(t, k.Put(t.Context(), c))
		want[c.ID] = true
	}
	if k.Kept() != 3 {
		t.Errorf("%d are kept", k.Kept())
	}
	must(t, p.Start(t.Context()))
	for len(want) > 0 {
		select {
		case id := <-w.taken:
			delete(want, id)
			c, err := db.Calls.ByID(t.Context(), id)
			must(t, err)
			seen, err := db.Calls.SeenBy(t.Context(), id, "bob")
			must(t, err)
			if !seen || c.CreatedBy != "alice" || !c.Ended.Equal(now) {
				t.Errorf("%+v, seen by bob: %t", c, seen)
			}
		case <-time.After(2 * time.Minute):
			t.Fatalf("still on disk: %v", want)
		}
	}
}
