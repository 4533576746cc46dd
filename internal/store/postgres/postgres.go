// Package postgres opens a PostgreSQL database (version 15 or later). It starts no goroutine
// but those of database/sql, which Close of the pool ends.
package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

const (
	dialTimeout = 5 * time.Second
	// abandoned is how long a transaction of a program that has gone silent keeps the lock
	// of writing from the others.
	abandoned = time.Minute
)

// Lock is what a transaction that writes begins with: of all programs that share the
// database, one writes at a time, as with a file. It is given back at the transaction's end.
const Lock = `SELECT pg_advisory_xact_lock(7597121300)`

// IsURL tells whether a text is the URL of a PostgreSQL database.
func IsURL(text string) bool {
	return strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://")
}

// Open gives a pool of at most conns connections to the database at url, as libpq
// understands it: what it does not say comes from PGPASSWORD, ~/.pgpass and so on. A commit
// waits for the server's disk. It fails where the server is set not to (fsync=off), or where
// the database cannot hold every text (its encoding is not UTF8). A connection that is lost
// is made anew at the next use.
func Open(ctx context.Context, url string, readOnly bool, conns int) (*sql.DB, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("reading the URL: %w", err) // without its password
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = dialTimeout
	}
	cfg.DialFunc = dialer(cfg.ConnectTimeout).DialContext
	cfg.RuntimeParams["application_name"] = "skybridge"
	cfg.RuntimeParams["synchronous_commit"] = "on"
	cfg.RuntimeParams["idle_in_transaction_session_timeout"] = fmt.Sprint(abandoned.Milliseconds())
	if readOnly {
		cfg.RuntimeParams["default_transaction_read_only"] = "on"
	}
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	if err := check(ctx, db); err != nil {
		return nil, errors.Join(fmt.Errorf("database %s at %s: %w", cfg.Database, cfg.Host, err), db.Close())
	}
	return db, nil
}

// check tells what of the server does not keep what the store promises.
func check(ctx context.Context, db *sql.DB) error {
	var fsync, encoding string
	err := db.QueryRowContext(ctx, `SELECT current_setting('fsync'), current_setting('server_encoding')`).Scan(&fsync, &encoding)
	switch {
	case err != nil:
		return err
	case fsync != "on":
		return errors.New("the server has fsync=off: what it has acknowledged would not outlive a power failure")
	case encoding != "UTF8":
		return fmt.Errorf("its encoding is %s and must be UTF8", encoding)
	}
	return nil
}

// Kind is what an error of the database, or of the way there, means; fault.Internal for what
// is not its own, or has no meaning to a caller. Texts that PostgreSQL does not take (a NUL,
// invalid UTF-8) are fault.Invalid.
func Kind(err error) fault.Kind {
	var refused *pgconn.ConnectError
	var answer *pgconn.PgError
	var network net.Error
	switch {
	case errors.As(err, &refused):
		return fault.Unavailable
	case errors.As(err, &answer):
		return kindOfState(answer.Code)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fault.Internal
	case pgconn.SafeToRetry(err), errors.As(err, &network), errors.Is(err, driver.ErrBadConn), errors.Is(err, net.ErrClosed),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fault.Unavailable
	}
	return fault.Internal
}

// kindOfState is the kind of an SQLSTATE (PostgreSQL's appendix A): most of what is not the
// statement's fault passes.
func kindOfState(code string) fault.Kind {
	switch code {
	case "23505": // unique_violation
		return fault.Conflict
	case "22021", "22P05": // character_not_in_repertoire, untranslatable_character
		return fault.Invalid
	case "25006", "25P03", "55P03": // read_only_sql_transaction, idle_in_transaction_session_timeout, lock_not_available
		return fault.Unavailable
	}
	switch code[:min(2, len(code))] {
	// connection, authorization, rollback (deadlock), resources, intervention, system
	case "08", "28", "40", "53", "57", "58":
		return fault.Unavailable
	}
	return fault.Internal
}
