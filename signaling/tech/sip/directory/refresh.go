package directory

import (
	"context"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
)

// Refresher looks the names of hosts up again, which may lead elsewhere tomorrow, or led
// nowhere when the server started before its network. An answer holds for its TTL: the
// resolver keeps it, and waits longer after each failure, so that asking it often is cheap.
//
// Goroutines: one, started by Start and ended by the function that it gives.
type Refresher struct {
	Current *atomic.Pointer[Directory]
	Hosts   Hosts
	// Trust is told the networks that have changed; nil tells nobody.
	Trust func([]netip.Prefix)
	// Every is how often the resolver is asked.
	Every time.Duration
	Log   *slog.Logger

	failing map[named]bool // what the log has been told; of the goroutine
}

// Start looks names up until stop is called, which waits for the end.
func (r *Refresher) Start() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { // owned by whoever has stop
		defer guard.Recover(r.Log, "refresh of hosts")
		defer close(done)
		tick := time.NewTicker(r.Every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				guard.Do(r.Log, "names of trunks", func() { r.refresh(ctx) })
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// refresh puts a directory with other addresses in the place of the current one. Endpoints are
// the same; calls and requests under way keep the one that they have.
func (r *Refresher) refresh(ctx context.Context) {
	old := r.Current.Load()
	fresh := *old
	failing := make(map[named]bool)
	found := fresh.Resolve(ctx, r.Hosts, old, func(e *Endpoint, host string, err error) {
		name := named{e.Name, host}
		failing[name] = true
		if !r.failing[name] && ctx.Err() == nil {
			r.Log.Warn("the name of a host leads nowhere, its last addresses count", "endpoint", e.Name, "host", host, "addresses", old.hosts[name], "err", err)
		}
	})
	if ctx.Err() != nil {
		return
	}
	r.failing = failing
	if maps.EqualFunc(old.hosts, fresh.hosts, sameAddrs) {
		return
	}
	if err := fresh.Index(found); err != nil {
		r.Log.Error("new addresses of hosts not taken", "err", err)
		return
	}
	if !r.Current.CompareAndSwap(old, &fresh) {
		return // a reload was faster, and has asked for itself
	}
	r.Log.Info("addresses of hosts have changed", "networks", len(fresh.Networks()))
	for now := &fresh; r.Trust != nil; { // until no reload has come between
		r.Trust(now.Networks())
		if next := r.Current.Load(); next != now {
			now = next
			continue
		}
		return
	}
}

// sameAddrs compares without the order, which name servers turn round.
func sameAddrs(a, b []netip.Addr) bool {
	return slices.Equal(slices.SortedFunc(slices.Values(a), netip.Addr.Compare), slices.SortedFunc(slices.Values(b), netip.Addr.Compare))
}
