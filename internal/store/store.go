// Package store keeps on disk what a restart must find again: registrations,
// users, extensions, API keys, rooms, messages, call records, bans, answers to idempotent
// requests and generated settings. It is SQLite
// (write-ahead log, synchronous=FULL) behind small typed repositories; the SQL
// keeps to what SQLite and PostgreSQL share.
//
// A write that returned nil is on disk. Writes of many callers are committed
// together (see writer.go), so that registrations per second do not hang on one
// disk flush each.
//
// Errors carry a kind: fault.NotFound, fault.Conflict for a value that must be
// unique, fault.Unavailable when the disk or the database refuses.
//
// Goroutines: one writer per Store, started by Open, ended by Close; and those
// of database/sql, ended by Close too.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/google/uuid"
	_ "modernc.org/sqlite" // the database/sql driver "sqlite"
)

// Memory as Config.Path is a database that lives as long as its Store.
const Memory = ":memory:"

// Config says where the database is and how it is used.
type Config struct {
	// Path of the database file, or Memory. Missing folders are made.
	Path string
	// BusyTimeout is how long a statement waits for another process's lock.
	BusyTimeout time.Duration
	// Readers is the number of connections for reading.
	Readers int
	// MaxBatch is the most writes committed in one transaction.
	MaxBatch int
	// Queue is the number of writes that may wait for the writer; further
	// callers wait for room.
	Queue int
}

// Default is the configuration without a path.
func Default() Config {
	return Config{BusyTimeout: 5 * time.Second, Readers: 4, MaxBatch: 512, Queue: 4096}
}

// Validate tells what is wrong with the configuration.
func (c Config) Validate() error {
	switch {
	case c.Path == "":
		return errors.New("store: path is empty")
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

	reads  *sql.DB // the same handle as the writer's for Memory
	writer *writer
}

// Open opens the database, brings its schema up to date and starts the writer.
// The file is readable by its owner alone: it holds secrets.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	writes, err := open(ctx, cfg, false, 1)
	if err != nil {
		return nil, err
	}
	reads := writes
	if err := migrateUp(ctx, writes); err != nil {
		return nil, errors.Join(err, writes.Close())
	}
	if cfg.Path != Memory {
		if reads, err = open(ctx, cfg, true, cfg.Readers); err != nil {
			return nil, errors.Join(err, writes.Close())
		}
	}
	s := &Store{reads: reads, writer: startWriter(writes, cfg.Queue, cfg.MaxBatch, log)}
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

// open gives a pool of at most conns connections to the database of cfg.
func open(ctx context.Context, cfg Config, readOnly bool, conns int) (*sql.DB, error) {
	dsn := Memory
	if cfg.Path != Memory {
		if err := createPrivate(cfg.Path); err != nil {
			return nil, fmt.Errorf("store: creating %s: %w", cfg.Path, err)
		}
		dsn = "file:" + (&url.URL{Path: cfg.Path}).EscapedPath()
	}
	q := url.Values{
		"_busy_timeout": {strconv.FormatInt(cfg.BusyTimeout.Milliseconds(), 10)},
		"_foreign_keys": {"on"},
		"_synchronous":  {"FULL"},
		"_txlock":       {"immediate"},
	}
	if readOnly {
		q.Set("_query_only", "on")
	} else if cfg.Path != Memory {
		q.Set("_journal_mode", "WAL")
	}
	db, err := sql.Open("sqlite", dsn+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("store: opening %s: %w", cfg.Path, err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("store: opening %s: %w", cfg.Path, kindOf(err)), db.Close())
	}
	return db, nil
}

// createPrivate makes the file and its folders if they are missing. SQLite
// gives its log and index files the mode of the database file.
func createPrivate(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// Close commits what was accepted and closes the database. Writes that come
// later fail with ErrClosed.
func (s *Store) Close() error {
	s.writer.stop()
	err := s.writer.db.Close()
	if s.reads != s.writer.db {
		err = errors.Join(err, s.reads.Close())
	}
	if err != nil {
		return fmt.Errorf("store: closing: %w", err)
	}
	return nil
}

// Ping tells whether the database answers, for readiness checks.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.reads.PingContext(ctx); err != nil {
		return fmt.Errorf("store: %w", kindOf(err))
	}
	return nil
}

// Stats counts the writer's work since Open.
func (s *Store) Stats() Stats { return s.writer.stats() }
