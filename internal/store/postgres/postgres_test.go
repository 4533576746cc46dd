package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

func TestKind(t *testing.T) {
	for code, want := range map[string]fault.Kind{
		"23505": fault.Conflict,    // unique_violation
		"23502": fault.Internal,    // not_null_violation
		"42601": fault.Internal,    // syntax_error
		"22021": fault.Invalid,     // character_not_in_repertoire
		"08006": fault.Unavailable, // connection_failure
		"28P01": fault.Unavailable, // invalid_password
		"40P01": fault.Unavailable, // deadlock_detected
		"53100": fault.Unavailable, // disk_full
		"53300": fault.Unavailable, // too_many_connections
		"57P01": fault.Unavailable, // admin_shutdown
		"58030": fault.Unavailable, // io_error
		"25006": fault.Unavailable, // read_only_sql_transaction, of a standby
		"":      fault.Internal,
	} {
		if got := Kind(fmt.Errorf("doing: %w", &pgconn.PgError{Code: code})); got != want {
			t.Errorf("%s is %v, want %v", code, got, want)
		}
	}
	for err, want := range map[error]fault.Kind{
		io.ErrUnexpectedEOF:       fault.Unavailable,
		driver.ErrBadConn:         fault.Unavailable,
		&net.OpError{Err: io.EOF}: fault.Unavailable,
		context.Canceled:          fault.Internal,
		context.DeadlineExceeded:  fault.Internal,
		errors.New("scan"):        fault.Internal,
	} {
		if got := Kind(fmt.Errorf("doing: %w", err)); got != want {
			t.Errorf("%v is %v, want %v", err, got, want)
		}
	}
}

// Nobody is there, or nobody who answers: the error says so within the time that the URL
// gives, is of kind Unavailable, and keeps the password to itself.
func TestNobodyAnswers(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{
		"postgres://u:hush@" + silent.Addr().String() + "/db?connect_timeout=1&sslmode=disable",
		"postgres://u:hush@" + gone.Addr().String() + "/db?sslmode=disable",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		db, err := Open(ctx, url, false, 1)
		if err == nil {
			t.Errorf("opened %s", url)
			_ = db.Close()
		} else if Kind(err) != fault.Unavailable || strings.Contains(err.Error(), "hush") {
			t.Errorf("%v: %v", Kind(err), err)
		}
		cancel()
	}
	for _, url := range []string{"postgres://u:hush@:x", "postgres://u:hush@h/db?sslmode=perhaps", "postgres://u:hush@%zz"} {
		db, err := Open(t.Context(), url, false, 1)
		if err == nil {
			t.Errorf("opened %s", url)
			_ = db.Close()
		} else if strings.Contains(err.Error(), "hush") {
			t.Errorf("tells the password: %v", err)
		}
	}
}
