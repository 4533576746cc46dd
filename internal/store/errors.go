package store

import (
	"database/sql"
	"errors"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store/postgres"
	"github.com/skygenesisenterprise/skybridge/internal/store/sqlite"
)

// ErrClosed is returned for writes after Close.
var ErrClosed error = &fault.Error{Kind: fault.Unavailable, Err: errors.New("store: closed")}

// kindOf gives a database error its kind; others come back as they are.
func kindOf(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		return &fault.Error{Kind: fault.NotFound, Err: err}
	}
	kind := sqlite.Kind(err)
	if kind == fault.Internal {
		kind = postgres.Kind(err)
	}
	if kind == fault.Internal {
		return err
	}
	return &fault.Error{Kind: kind, Err: err}
}
