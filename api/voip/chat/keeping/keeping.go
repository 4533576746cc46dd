// Package keeping deletes messages that are older than they are to be kept.
//
// Goroutines: one per Keeper, ended by Close.
package keeping

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/internal/store"
)

// Config is what a Keeper is made of.
type Config struct {
	Store *store.Messages
	// Keep is how long a message is kept; 0 is for ever.
	Keep time.Duration
	// Every is how often it is looked; 0 is an hour.
	Every time.Duration
	Now   func() time.Time
	Log   *slog.Logger
}

// lookTime bounds one look. What it leaves is the next one's.
const lookTime = 10 * time.Minute

// Keeper deletes messages until Close.
type Keeper struct {
	cfg  Config
	stop context.CancelFunc
	runs sync.WaitGroup
}

// New makes a Keeper, which looks at once.
func New(cfg Config) *Keeper {
	if cfg.Every == 0 {
		cfg.Every = time.Hour
	}
	ctx, stop := context.WithCancel(context.Background())
	k := &Keeper{cfg: cfg, stop: stop}
	if cfg.Keep > 0 {
		k.runs.Go(func() { // owned by k, ended by Close
			defer guard.Recover(cfg.Log, "what deletes old messages, which stay")
			k.run(ctx)
		})
	}
	return k
}

func (k *Keeper) run(ctx context.Context) {
	tick := time.NewTicker(k.cfg.Every)
	defer tick.Stop()
	for {
		k.look(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (k *Keeper) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	n, err := k.cfg.Store.Purge(ctx, k.cfg.Now().Add(-k.cfg.Keep))
	if err != nil && ctx.Err() == nil {
		k.cfg.Log.Warn("old messages not deleted", "err", err)
	}
	if n > 0 {
		k.cfg.Log.Info("old messages deleted", "messages", n)
	}
}

// Close ends it.
func (k *Keeper) Close() {
	k.stop()
	k.runs.Wait()
}
