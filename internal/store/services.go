package store

import (
	"context"
	"fmt"
	"time"
)

// ExtensionServices are what one extension has switched on.
type ExtensionServices struct {
	Extension     string
	Always        string // where calls are forwarded; empty for nowhere
	Busy          string
	NoAnswer      string
	NoAnswerAfter int // seconds; 0 for the default
	DND           bool
}

// Services keeps the services of extensions.
type Services struct{ s *Store }

const putServices = `INSERT INTO extension_services
	(extension, forward_always, forward_busy, forward_no_answer, no_answer_after, dnd, updated) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (extension) DO UPDATE SET forward_always = excluded.forward_always, forward_busy = excluded.forward_busy,
	forward_no_answer = excluded.forward_no_answer, no_answer_after = excluded.no_answer_after, dnd = excluded.dnd,
	updated = excluded.updated`

// Put keeps the services of an extension; with all of them off nothing is kept.
func (e *Services) Put(ctx context.Context, v ExtensionServices) error {
	err := e.s.writer.write(ctx, func(t *tx) error {
		if v == (ExtensionServices{Extension: v.Extension}) {
			return t.exec(`DELETE FROM extension_services WHERE extension = $1`, v.Extension)
		}
		dnd := 0
		if v.DND {
			dnd = 1
		}
		return t.exec(putServices, v.Extension, v.Always, v.Busy, v.NoAnswer, v.NoAnswerAfter, dnd, micros(time.Now()))
	})
	if err != nil {
		return fmt.Errorf("store: writing the services of %s: %w", v.Extension, err)
	}
	return nil
}

// All gives the services of every extension that has some, by extension.
func (e *Services) All(ctx context.Context) ([]ExtensionServices, error) {
	all, err := collect(ctx, e.s, func(v *ExtensionServices, scan func(...any) error) error {
		return scan(&v.Extension, &v.Always, &v.Busy, &v.NoAnswer, &v.NoAnswerAfter, &v.DND)
	}, `SELECT extension, forward_always, forward_busy, forward_no_answer, no_answer_after, dnd FROM extension_services ORDER BY extension`)
	if err != nil {
		return nil, fmt.Errorf("store: reading the services of extensions: %w", err)
	}
	return all, nil
}
