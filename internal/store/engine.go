package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store/postgres"
	"github.com/skygenesisenterprise/skybridge/internal/store/sqlite"
)

// patienceWithServer is how long a transaction, or a query, may take where the database is
// a server's; a file's is as fast as the disk.
const patienceWithServer = 30 * time.Second

// engine is what differs between the databases, besides their errors (see kindOf).
type engine struct {
	writes  *sql.DB // of one connection
	reads   *sql.DB // the same as writes for Memory
	dialect goose.Dialect
	locker  lock.SessionLocker // of migrations; nil where none is needed
	begin   string             // runs first in each transaction; may be empty
	bound   time.Duration      // of a transaction or a query; 0 for none
}

// open opens the database of cfg and brings its schema up to date.
func open(ctx context.Context, cfg Config) (_ *engine, err error) {
	e := &engine{}
	if cfg.URL != "" {
		err = e.openServer(ctx, cfg)
	} else {
		err = e.openFile(ctx, cfg)
	}
	if err == nil {
		err = e.migrateUp(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store: %w", kindOf(err)), e.close())
	}
	return e, nil
}

func (e *engine) openFile(ctx context.Context, cfg Config) (err error) {
	e.dialect = goose.DialectSQLite3
	if e.writes, err = sqlite.Open(ctx, cfg.Path, cfg.BusyTimeout, false, 1); err != nil || cfg.Path == Memory {
		e.reads = e.writes
		return err
	}
	e.reads, err = sqlite.Open(ctx, cfg.Path, cfg.BusyTimeout, true, cfg.Readers)
	return err
}

func (e *engine) openServer(ctx context.Context, cfg Config) (err error) {
	e.dialect, e.begin, e.bound = goose.DialectPostgres, postgres.Lock, patienceWithServer
	if e.locker, err = lock.NewPostgresSessionLocker(); err != nil {
		return err
	}
	if e.writes, err = postgres.Open(ctx, cfg.URL, false, 1); err != nil {
		return err
	}
	e.reads, err = postgres.Open(ctx, cfg.URL, true, cfg.Readers)
	return err
}

func (e *engine) close() (err error) {
	if e.writes != nil {
		err = e.writes.Close()
	}
	if e.reads != nil && e.reads != e.writes {
		err = errors.Join(err, e.reads.Close())
	}
	return err
}

// within bounds the time of what is done with ctx.
func (e *engine) within(ctx context.Context) (context.Context, context.CancelFunc) {
	if e.bound == 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, e.bound)
}

// late gives an error of what was done within the engine's time, and not within its
// caller's, its kind: the database is too slow.
func (e *engine) late(caller context.Context, err error) error {
	if e.bound > 0 && errors.Is(err, context.DeadlineExceeded) && caller.Err() == nil {
		return &fault.Error{Kind: fault.Unavailable, Err: err}
	}
	return err
}
