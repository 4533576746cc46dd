// Package kept keeps in the database what the server must know after a restart.
//
// It starts no goroutine.
package kept

import (
	"context"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/signaling/extension"
)

// Services keeps what extensions have switched on in the database.
type Services struct{ Table *store.Services }

// Put implements extension.Store.
func (k Services) Put(ctx context.Context, name string, s extension.Services) error {
	return k.Table.Put(ctx, store.ExtensionServices{
		Extension: name, Always: s.Always, Busy: s.Busy, NoAnswer: s.NoAnswer, NoAnswerAfter: int(s.After / time.Second), DND: s.DND,
	})
}

// All implements extension.Store.
func (k Services) All(ctx context.Context) (map[string]extension.Services, error) {
	rows, err := k.Table.All(ctx)
	out := make(map[string]extension.Services, len(rows))
	for _, v := range rows {
		out[v.Extension] = extension.Services{
			Always: v.Always, Busy: v.Busy, NoAnswer: v.NoAnswer, After: time.Duration(v.NoAnswerAfter) * time.Second, DND: v.DND,
		}
	}
	return out, err
}
