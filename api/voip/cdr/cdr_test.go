package cdr

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// database is one that may be away.
type database struct {
	mu    sync.Mutex
	away  bool
	tries int
	has   []string
}

func (d *database) Put(_ context.Context, c store.Call) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tries++
	switch {
	case c.CauseText == "rubbish":
		return fault.New(fault.Invalid, "rubbish")
	case d.away:
		return errors.New("connection refused")
	}
	d.has = append(d.has, c.ID)
	return nil
}

// seen is what it has, and how often it was tried.
func (d *database) seen() ([]string, int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.has), d.tries
}

func (d *database) set(away bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.away = away
}

func open(t *testing.T, d Database, folder string, most int) *Keeper {
	t.Helper()
	k, err := Open(Config{Database: d, Folder: folder, Log: slog.New(slog.DiscardHandler), Most: most})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func put(t *testing.T, k *Keeper, n int) (ids []string) {
	t.Helper()
	for range n {
		c := store.Call{ID: signaling.NewID(), Participants: json.RawMessage(`[{"id":"1"}]`), Parties: []string{"alice"}, Created: time.Unix(1800000000, 123000).UTC()}
		if err := k.Put(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, c.ID)
	}
	return ids
}

// Records of the time in which the database is away are in it once it is back, in their order, also
// over a restart.
func TestTheDatabaseIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, folder := &database{}, t.TempDir()
		k := open(t, d, folder, 0)
		all := put(t, k, 2)
		d.set(true)
		all = append(all, put(t, k, 3)...)
		if k.Kept() != 3 {
			t.Errorf("%d are kept", k.Kept())
		}
		time.Sleep(time.Hour)
		if _, tries := d.seen(); tries > 5+70 {
			t.Errorf("tried %d times within an hour", tries)
		}
		k.Close()
		k = open(t, d, folder, 0)
		all = append(all, put(t, k, 1)...)
		d.set(false)
		time.Sleep(2 * time.Minute)
		if has, _ := d.seen(); !slices.Equal(has, all) || k.Kept() != 0 {
			t.Errorf("the database has %v, want %v; %d are kept", has, all, k.Kept())
		}
		if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
			t.Errorf("%v %v", left, err)
		}
		k.Close()
	})
}

// What no database takes is refused at once, or laid aside where it comes from the disk, and keeps
// none of the others.
func TestRubbish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, folder := &database{away: true}, t.TempDir()
		id := signaling.NewID()
		if err := os.WriteFile(filepath.Join(folder, id+suffix), []byte(`{"ID":`), 0o600); err != nil {
			t.Fatal(err)
		}
		k := open(t, d, folder, 0)
		if err := k.Put(t.Context(), store.Call{ID: signaling.NewID(), CauseText: "rubbish"}); fault.Of(err) != fault.Invalid {
			t.Errorf("%v", err)
		}
		ids := put(t, k, 1)
		d.set(false)
		time.Sleep(time.Minute)
		if has, _ := d.seen(); !slices.Equal(has, ids) || k.Kept() != 0 {
			t.Errorf("the database has %v, %d are kept", has, k.Kept())
		}
		if _, err := os.Stat(filepath.Join(folder, id+suffix+unreadable)); err != nil {
			t.Error(err)
		}
		k.Close()
	})
}

// What cannot be laid aside is counted as long as it is there, and keeps nobody from being tried again.
func TestWhatStaysOnTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, folder := &database{}, t.TempDir()
		name := filepath.Join(folder, signaling.NewID()+suffix)
		aside := filepath.Join(name+unreadable, "x")
		if err := errors.Join(os.WriteFile(name, []byte(`{"ID":`), 0o600), os.MkdirAll(aside, 0o700)); err != nil { // in its way
			t.Fatal(err)
		}
		k := open(t, d, folder, 0)
		time.Sleep(time.Hour)
		if n := k.Kept(); n != 1 {
			t.Errorf("%d are kept, one is", n)
		}
		d.set(true)
		ids := put(t, k, 1)
		d.set(false)
		if err := os.RemoveAll(name + unreadable); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		if has, _ := d.seen(); !slices.Equal(has, ids) || k.Kept() != 0 {
			t.Errorf("the database has %v, %d are kept", has, k.Kept())
		}
		k.Close()
	})
}

// The disk is not filled, and names nothing but ids.
func TestBounds(t *testing.T) {
	k := open(t, &database{away: true}, t.TempDir(), 2)
	defer k.Close()
	put(t, k, 2)
	for _, id := range []string{signaling.NewID(), "../../etc/passwd"} {
		if err := k.Put(t.Context(), store.Call{ID: id}); err == nil {
			t.Errorf("%s is taken", id)
		}
	}
	if k.Kept() != 2 {
		t.Errorf("%d are kept", k.Kept())
	}
}

// A record comes off the disk as it was.
func TestAsItWas(t *testing.T) {
	folder := t.TempDir()
	k := open(t, &database{away: true}, folder, 0)
	defer k.Close()
	id := put(t, k, 1)[0]
	text, err := os.ReadFile(filepath.Join(folder, id+suffix))
	var c store.Call
	if err := errors.Join(err, json.Unmarshal(text, &c)); err != nil {
		t.Fatal(err)
	}
	if c.ID != id || string(c.Participants) != `[{"id":"1"}]` || !slices.Equal(c.Parties, []string{"alice"}) || !c.Created.Equal(time.Unix(1800000000, 123000)) {
		t.Errorf("%+v", c)
	}
}
