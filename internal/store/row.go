package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// micros is a time as the tables keep it; the zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// instant is the time of a column; 0 is the zero time.
type instant struct{ t *time.Time }

// Scan takes a column's microseconds.
func (i instant) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("store: time column holds %T", v)
	}
	*i.t = time.Time{}
	if n != 0 {
		*i.t = time.UnixMicro(n).UTC()
	}
	return nil
}

// document is a value kept as JSON in TEXT.
type document struct{ v any }

// Scan takes a column's JSON.
func (d document) Scan(v any) error {
	switch v := v.(type) {
	case string:
		return json.Unmarshal([]byte(v), d.v)
	case []byte:
		return json.Unmarshal(v, d.v)
	}
	return fmt.Errorf("store: JSON column holds %T", v)
}

// encode makes the JSON for a document column. The types kept so (string lists,
// string maps, raw JSON) fail only for raw JSON that is none.
func encode(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("store: encoding: %w", err)
	}
	return string(b), nil
}

// optional is a TEXT column where the empty string is NULL, so that UNIQUE
// holds for the set ones only.
func optional(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// row reads one row outside any transaction.
func (s *Store) row(ctx context.Context, query string, args []any, dest ...any) error {
	bounded, end := s.within(ctx)
	defer end()
	return s.late(ctx, kindOf(s.reads.QueryRowContext(bounded, query, args...).Scan(dest...)))
}

// collect reads every row of a query; scan fills a T from one.
func collect[T any](ctx context.Context, s *Store, scan func(*T, func(...any) error) error, query string, args ...any) (_ []T, err error) {
	bounded, end := s.within(ctx)
	defer end()
	rows, err := s.reads.QueryContext(bounded, query, args...)
	if err != nil {
		return nil, s.late(ctx, kindOf(err))
	}
	defer func() {
		if cerr := rows.Close(); err == nil {
			err = kindOf(cerr)
		}
	}()
	var all []T
	for rows.Next() {
		var v T
		if err := scan(&v, rows.Scan); err != nil {
			return nil, s.late(ctx, kindOf(err))
		}
		all = append(all, v)
	}
	return all, s.late(ctx, kindOf(rows.Err()))
}
