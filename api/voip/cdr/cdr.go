// Package cdr writes call records to the database, and keeps those that it does not take in a
// folder until it does: a call that has ended is on record, whether the database is there or not.
//
// Goroutines: one that brings what was kept to the database; Close ends it.
package cdr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/internal/store"
)

// Database is where records belong; *store.Calls is one.
type Database interface {
	Put(ctx context.Context, c store.Call) error
}

// Config is what a Keeper is made of.
type Config struct {
	Database Database
	Folder   string
	Log      *slog.Logger
	// First is how long after a failure the database is tried again, Longest the most that this
	// grows to; 0 is a second and a minute.
	First, Longest time.Duration
	// Most bounds the records that are kept; 0 is 100,000.
	Most int
}

// Keeper writes records. It is safe for concurrent use.
type Keeper struct {
	cfg  Config
	wake chan struct{}
	stop context.CancelFunc
	done chan struct{}

	mu   sync.Mutex
	kept int
}

const (
	suffix = ".json"
	// unreadable marks what no database will take; somebody is to look at it.
	unreadable = ".refused"
	putTime    = 10 * time.Second
)

// Open makes a keeper and takes up what was kept before.
func Open(cfg Config) (*Keeper, error) {
	if cfg.First == 0 {
		cfg.First, cfg.Longest = time.Second, time.Minute
	}
	if cfg.Most == 0 {
		cfg.Most = 100_000
	}
	if err := os.MkdirAll(cfg.Folder, 0o700); err != nil {
		return nil, fmt.Errorf("call records: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	k := &Keeper{cfg: cfg, wake: make(chan struct{}, 1), stop: stop, done: make(chan struct{})}
	names, err := k.names()
	if err != nil {
		stop()
		return nil, fmt.Errorf("call records: %w", err)
	}
	if k.kept = len(names); k.kept > 0 {
		k.cfg.Log.Info("call records wait for the database", "records", k.kept)
		k.wake <- struct{}{}
	}
	go k.run(ctx) // owned by k, ended by Close
	return k, nil
}

// Close ends the keeper; what is kept stays for the next one.
func (k *Keeper) Close() {
	k.stop()
	<-k.done
}

// Kept is how many records wait for the database.
func (k *Keeper) Kept() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.kept
}

// Put writes a record to the database, or else to the disk, synced. It fails where neither takes it.
func (k *Keeper) Put(ctx context.Context, c store.Call) error {
	err := k.cfg.Database.Put(ctx, c)
	if err == nil || fault.Of(err) == fault.Invalid {
		return err
	}
	if keeping := k.keep(c); keeping != nil {
		return errors.Join(err, keeping)
	}
	k.cfg.Log.Warn("call record kept on disk until the database takes it", "call", c.ID, "err", err)
	select {
	case k.wake <- struct{}{}:
	default: // it has been told
	}
	return nil
}

// keep writes a record to the disk.
func (k *Keeper) keep(c store.Call) error {
	if _, err := uuid.Parse(c.ID); err != nil {
		return fmt.Errorf("call record: %q is no id", c.ID)
	}
	text, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("call record: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	name := filepath.Join(k.cfg.Folder, c.ID+suffix)
	_, err = os.Stat(name)
	again := err == nil
	if !again && k.kept >= k.cfg.Most {
		return fmt.Errorf("call record: %d are kept already, the limit", k.kept)
	}
	if err := write(name, text); err != nil {
		return fmt.Errorf("call record: %w", err)
	}
	if !again {
		k.kept++
	}
	return nil
}

// write has a file with a text on disk, or none.
func write(name string, text []byte) (err error) {
	f, err := os.OpenFile(name+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) //nolint:gosec // of our folder and an id
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(name+".new", name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(name+".new"))
	}
	return syncDir(filepath.Dir(name))
}

func syncDir(name string) error {
	d, err := os.Open(name) //nolint:gosec // our folder
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// names are the files of what is kept, in order of their calls' times.
func (k *Keeper) names() (out []string, err error) {
	files, err := os.ReadDir(k.cfg.Folder)
	for _, f := range files {
		if strings.HasSuffix(f.Name(), suffix) {
			out = append(out, filepath.Join(k.cfg.Folder, f.Name())) // UUIDs of version 7: by time
		}
	}
	return out, err
}

// run brings what is kept to the database, now and then while it takes nothing.
func (k *Keeper) run(ctx context.Context) {
	defer close(k.done)
	defer guard.Recover(k.cfg.Log, "call records that wait for the database")
	wait := k.cfg.First
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.wake:
		}
		for k.Kept() > 0 {
			timer := time.NewTimer(wait)
			select {
			case <-ctx.Done():
				timer.Stop()
				return
			case <-timer.C:
			}
			guard.Do(k.cfg.Log, "call records that wait for the database", func() {
				if k.bring(ctx) {
					wait = k.cfg.First
				} else {
					wait = min(2*wait, k.cfg.Longest)
				}
			})
		}
	}
}

// bring takes what is kept to the database, until that refuses; it reports whether nothing is left.
func (k *Keeper) bring(ctx context.Context) bool {
	names, err := k.names()
	if err != nil {
		k.cfg.Log.Error("call records on disk not read", "err", err)
		return false
	}
	for _, name := range names {
		if err := k.bringOne(ctx, name); err != nil {
			k.cfg.Log.Debug("call record still on disk", "err", err)
			return false
		}
	}
	k.cfg.Log.Info("call records that were kept are in the database", "records", len(names))
	return true
}

func (k *Keeper) bringOne(ctx context.Context, name string) error {
	text, err := os.ReadFile(name) //nolint:gosec // of our folder
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var c store.Call
	if err = json.Unmarshal(text, &c); err == nil {
		ctx, cancel := context.WithTimeout(ctx, putTime)
		defer cancel()
		if err = k.cfg.Database.Put(ctx, c); err != nil && fault.Of(err) != fault.Invalid {
			return err
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err != nil {
		k.cfg.Log.Error("call record is none", "file", name, "err", err)
		err = os.Rename(name, name+unreadable)
	} else {
		err = os.Remove(name)
	}
	if err == nil { // else it is still there, and is tried again
		k.kept--
	}
	return err
}
