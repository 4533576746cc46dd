// Package sqlite opens the embedded database: one file, a write-ahead log, and a flush of
// the disk for each commit (synchronous=FULL). It starts no goroutine but those of
// database/sql, which Close of the pool ends.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Memory as a path is a database that lives as long as its pool.
const Memory = ":memory:"

// Open gives a pool of at most conns connections to the database at path, which it makes
// where it is missing, with its folders: readable by its owner alone, as it holds secrets.
// busy is how long a statement waits for another process's lock. A transaction takes the
// lock of writing as it begins.
func Open(ctx context.Context, path string, busy time.Duration, readOnly bool, conns int) (*sql.DB, error) {
	dsn := Memory
	if path != Memory {
		if err := createPrivate(path); err != nil {
			return nil, fmt.Errorf("creating %s: %w", path, err)
		}
		dsn = "file:" + (&url.URL{Path: path}).EscapedPath()
	}
	q := url.Values{
		"_busy_timeout": {strconv.FormatInt(busy.Milliseconds(), 10)},
		"_foreign_keys": {"on"},
		"_synchronous":  {"FULL"},
		"_txlock":       {"immediate"},
	}
	if readOnly {
		q.Set("_query_only", "on")
	} else if path != Memory {
		q.Set("_journal_mode", "WAL")
	}
	db, err := sql.Open("sqlite", dsn+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	if err := openAll(ctx, db, conns); err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", path, err), db.Close())
	}
	return db, nil
}

// openAll opens a pool's connections, each of which keeps its files open from its first look at
// them on. So what a server has open does not grow with what it has to do.
func openAll(ctx context.Context, db *sql.DB, conns int) error {
	var err error
	held := make([]*sql.Conn, 0, conns) // until all are there
	for len(held) < conns && err == nil {
		var c *sql.Conn
		if c, err = db.Conn(ctx); err == nil {
			held = append(held, c)
			var tables int
			err = c.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables)
		}
	}
	for _, c := range held {
		err = errors.Join(err, c.Close())
	}
	return err
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

// Kind is what an error of the database means; fault.Internal for what is not its own, or
// has no meaning to a caller.
func Kind(err error) fault.Kind {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return fault.Internal
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return fault.Conflict
	}
	switch e.Code() & 0xff { // the primary code
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
		sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fault.Unavailable
	}
	return fault.Internal
}
