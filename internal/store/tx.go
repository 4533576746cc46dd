package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// tx is a write transaction. Its statements are prepared once per writer: the
// writer's pool has one connection and a transaction holds it, so a text seen
// for the first time is prepared for this transaction alone, and for good once
// the connection is free again.
type tx struct {
	w    *writer
	sql  *sql.Tx
	ctx  context.Context
	used map[string]*sql.Stmt // of this transaction, by text
}

func (t *tx) stmt(query string) (*sql.Stmt, error) {
	if s, ok := t.used[query]; ok {
		return s, nil
	}
	s, err := t.enlist(query)
	if err == nil {
		t.used[query] = s
	}
	return s, err
}

// enlist takes a statement into the transaction, which closes it at its end.
func (t *tx) enlist(query string) (*sql.Stmt, error) {
	if s, ok := t.w.stmts[query]; ok {
		return t.sql.StmtContext(t.ctx, s), nil
	}
	t.w.unseen = append(t.w.unseen, query)
	return t.sql.PrepareContext(t.ctx, query)
}

// exec runs a statement.
func (t *tx) exec(query string, args ...any) error {
	_, err := t.change(query, args...)
	return err
}

// change runs a statement and gives the number of rows it touched.
func (t *tx) change(query string, args ...any) (int64, error) {
	s, err := t.stmt(query)
	if err != nil {
		return 0, kindOf(err)
	}
	r, err := s.ExecContext(t.ctx, args...)
	if err != nil {
		return 0, kindOf(err)
	}
	return r.RowsAffected()
}

// get reads one row inside the transaction.
func (t *tx) get(query string, args []any, dest ...any) error {
	s, err := t.stmt(query)
	if err != nil {
		return kindOf(err)
	}
	return kindOf(s.QueryRowContext(t.ctx, args...).Scan(dest...))
}

// prepare keeps statements for the texts that the last transaction lacked. A
// failure costs speed only, so it is logged and tried again at the next use.
func (w *writer) prepare() {
	for _, query := range w.unseen {
		if _, ok := w.stmts[query]; ok {
			continue
		}
		s, err := w.writes.PrepareContext(context.Background(), query)
		if err != nil {
			w.log.Warn("preparing statement failed", "err", fmt.Errorf("store: %w", err))
			continue
		}
		w.stmts[query] = s
	}
}

// changeOne runs a statement that must find its row.
func (t *tx) changeOne(what, query string, args ...any) error {
	n, err := t.change(query, args...)
	if err == nil && n == 0 {
		return fault.New(fault.NotFound, "no such %s", what)
	}
	return err
}

// changeOne is tx.changeOne in a transaction of its own.
func (s *Store) changeOne(ctx context.Context, what, id, query string, args ...any) error {
	err := s.writer.write(ctx, func(t *tx) error { return t.changeOne(what, query, args...) })
	if err != nil {
		return fmt.Errorf("store: writing %s %s: %w", what, id, err)
	}
	return nil
}
