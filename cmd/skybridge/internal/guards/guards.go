// Package guards makes what guards SIP and the API of the settings: who may send how much, who
// is banned, what new work is taken.
//
// It starts no goroutine.
package guards

import (
	"context"
	"net/netip"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/config"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/sip/auth"
	"github.com/skygenesisenterprise/skybridge/sip/ban"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/overload"
	"github.com/skygenesisenterprise/skybridge/sip/screen"
)

// Screen is what the settings say of who may send how much.
func Screen(cfg config.SIP) (screen.Config, error) {
	c := screen.Default()
	var err error
	if c.Exempt, err = cfg.ExemptNetworks(); err != nil {
		return c, err
	}
	c.PerSecond, c.Burst, c.Known = cfg.Rate.PerSecond, cfg.Rate.Burst, cfg.Rate.Known
	b := cfg.Ban
	c.Ban.Failures, c.Ban.Scans, c.Ban.Window = b.Failures, b.Scans, b.Window
	c.Ban.First, c.Ban.Most, c.Ban.Scan = b.First, b.Most, b.Scan
	return c, c.Validate()
}

// Overload is what the settings say of too much work.
func Overload(cfg config.SIP) overload.Config {
	return overload.Config{
		Queue: cfg.Overload.Queue, Late: cfg.Overload.Late, Used: float64(cfg.Overload.Used) / 100, Emergency: cfg.Emergency,
	}
}

// Known tells whether who sent a request is no stranger when there is too much work: an
// address that is known anyhow, or one that answers our challenge, be it with a wrong
// password or for another realm, which count towards a ban.
func Known(addresses *screen.Screen, passwords *digest.Authenticator) func(*message.Request) bool {
	return func(req *message.Request) bool {
		return addresses.Knows(req.Source().Remote.Addr()) || auth.Challenged(passwords, req)
	}
}

// LateTicks gives what all but one in a hundred ticks since its last call were late at
// most, of the worker that was latest.
func LateTicks(stats func() mixer.EngineStats) func() time.Duration {
	var before []mixer.WorkerStats
	return func() (late time.Duration) {
		now := stats().Workers
		for i, w := range now {
			if i < len(before) {
				for b := range w.Lateness {
					w.Lateness[b] -= before[i].Lateness[b]
				}
			}
			late = max(late, w.LatenessQuantile(0.99))
		}
		before = now
		return late
	}
}

// KeptBans keeps bans in the database.
type KeptBans struct{ Bans *store.Bans }

// Put implements ban.Store.
func (k KeptBans) Put(ctx context.Context, b ban.Ban) error { return k.Bans.Put(ctx, store.Ban(b)) }

// Delete implements ban.Store.
func (k KeptBans) Delete(ctx context.Context, n netip.Prefix) error { return k.Bans.Delete(ctx, n) }

// All implements ban.Store.
func (k KeptBans) All(ctx context.Context) ([]ban.Ban, error) {
	kept, err := k.Bans.All(ctx)
	out := make([]ban.Ban, len(kept))
	for i := range kept {
		out[i] = ban.Ban(kept[i])
	}
	return out, err
}
