package store

import (
	"context"
	"fmt"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Settings keeps what the program generated for itself, such as secrets, by name.
type Settings struct{ s *Store }

const (
	getSetting = `SELECT value FROM settings WHERE name = $1`
	putSetting = `INSERT INTO settings (name, value, updated) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated = excluded.updated`
)

// Get gives a value, or fault.NotFound.
func (g *Settings) Get(ctx context.Context, name string) (value string, err error) {
	if err := g.s.row(ctx, getSetting, []any{name}, &value); err != nil {
		return "", fmt.Errorf("store: setting %s: %w", name, err)
	}
	return value, nil
}

// Put sets a value.
func (g *Settings) Put(ctx context.Context, name, value string) error {
	err := g.s.writer.write(ctx, func(t *tx) error {
		return t.exec(putSetting, name, value, micros(time.Now()))
	})
	if err != nil {
		return fmt.Errorf("store: setting %s: %w", name, err)
	}
	return nil
}

// GetOrCreate gives a value, made by create if there is none: of many callers at
// once, all get the one that was kept. create may be called twice.
func (g *Settings) GetOrCreate(ctx context.Context, name string, create func() (string, error)) (string, error) {
	value, err := g.Get(ctx, name)
	if err == nil || fault.Of(err) != fault.NotFound {
		return value, err
	}
	err = g.s.writer.write(ctx, func(t *tx) error {
		err := t.get(getSetting, []any{name}, &value)
		if fault.Of(err) != fault.NotFound {
			return err
		}
		if value, err = create(); err != nil {
			return err
		}
		return t.exec(putSetting, name, value, micros(time.Now()))
	})
	if err != nil {
		return "", fmt.Errorf("store: setting %s: %w", name, err)
	}
	return value, nil
}

// Delete removes a value, or fails with fault.NotFound.
func (g *Settings) Delete(ctx context.Context, name string) error {
	return g.s.deleteOne(ctx, "setting", `DELETE FROM settings WHERE name = $1`, name)
}

// deleteOne runs a DELETE that must find its row.
func (s *Store) deleteOne(ctx context.Context, what, query, id string) error {
	return s.changeOne(ctx, what, id, query, id)
}
