// Package store keeps on disk what a restart must find again: registrations,
// users, extensions, API keys, rooms, messages, call records, bans, answers to idempotent
// requests and generated settings, behind small typed repositories. They
// are in a file, by SQLite, or in a PostgreSQL database; the SQL keeps to what the two share.
//
// A write that returned nil is on disk. Writes of many callers are committed
// together (see writer.go), so that registrations per second do not hang on one
// disk flush each.
//
// Errors carry a kind: fault.NotFound, fault.Conflict for a value that must be
// unique, fault.Unavailable when the disk or the database refuses, or cannot be reached:
// PostgreSQL's connections are made anew at the next use. A write that ends so because the
// connection was lost as it was committed may have been made.
//
// Goroutines: one writer per Store, started by Open, ended by Close; and those
// of database/sql, ended by Close too.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/skygenesisenterprise/skybridge/internal/store/postgres"
	"github.com/skygenesisenterprise/skybridge/internal/store/sqlite"
)

// Memory as Config.Path is a database that lives as long as its Store.
const Memory = sqlite.Memory

// Config says where the database is and how it is used.
type Config struct {
	// Path of the database file, or Memory. Missing folders are made. The file is readable
	// by its owner alone: it holds secrets.
	Path string
	// URL is of a PostgreSQL database, which is used in the place of Path's.
	URL string
	// BusyTimeout is how long a statement waits for another process's lock on the file.
	BusyTimeout time.Duration
	// Readers is the number of connections for reading.
	Readers int
	// MaxBatch is the most writes committed in one transaction.
	MaxBatch int
	// Queue is the number of writes that may wait for the writer; further
	// callers wait for room.
	Queue int
}

// Default is the configuration without a path or a URL.
func Default() Config {
	return Config{BusyTimeout: 5 * time.Second, Readers: 4, MaxBatch: 512, Queue: 4096}
}

// Validate tells what is wrong with the configuration.
func (c Config) Validate() error {
	switch {
	case c.Path == "" && c.URL == "":
		return errors.New("store: neither a path nor a URL")
	case c.URL != "" && !postgres.IsURL(c.URL):
		return errors.New("store: the URL does not begin with postgres://")
	case c.BusyTimeout < 0:
		return fmt.Errorf("store: busy timeout %v is negative", c.BusyTimeout)
	case c.Readers < 1 || c.MaxBatch < 1 || c.Queue < 1:
		return fmt.Errorf("store: readers (%d), max batch (%d) and queue (%d) must be at least 1", c.Readers, c.MaxBatch, c.Queue)
	}
	return nil
}

// Store is an open database. Its repositories are safe for concurrent use.
type Store struct {
	Bindings   *Bindings
	Users      *Users
	APIKeys    *APIKeys
	Rooms      *Rooms
	Calls      *Calls
	Settings   *Settings
	Services   *Services
	Extensions *Extensions
	Bans       *Bans
	Messages   *Messages
	// Idempotency holds, of this run, the keys that are being worked on.
	Idempotency *Idempotency

	*engine
	writer *writer
}

// Open opens the database, brings its schema up to date and starts the writer.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	e, err := open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	s := &Store{engine: e, writer: startWriter(e, cfg.Queue, cfg.MaxBatch, log)}
	s.Bindings = &Bindings{s}
	s.Users = &Users{s}
	s.APIKeys = &APIKeys{s}
	s.Rooms = &Rooms{s}
	s.Calls = &Calls{s}
	s.Settings = &Settings{s}
	s.Services = &Services{s}
	s.Extensions = &Extensions{s}
	s.Bans = &Bans{s}
	s.Messages = &Messages{s}
	s.Idempotency = &Idempotency{s, uuid.NewString()}
	return s, nil
}

// Close commits what was accepted and closes the database. Writes that come
// later fail with ErrClosed.
func (s *Store) Close() error {
	s.writer.stop()
	if err := s.engine.close(); err != nil {
		return fmt.Errorf("store: closing: %w", err)
	}
	return nil
}

// Ping tells whether the database answers, for readiness checks.
func (s *Store) Ping(ctx context.Context) error {
	ctx, end := s.within(ctx)
	defer end()
	if err := s.reads.PingContext(ctx); err != nil {
		return fmt.Errorf("store: %w", kindOf(err))
	}
	return nil
}

// Stats counts the writer's work since Open.
func (s *Store) Stats() Stats { return s.writer.stats() }
