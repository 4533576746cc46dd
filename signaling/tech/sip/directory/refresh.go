package directory

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/sip/resolver"
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
	// Now is the clock by which addresses grow old.
	Now func() time.Time
	Log *slog.Logger

	// What the log has been told; of the goroutine. A name that fails may be gone.
	failing map[named]bool
	refused map[named]history
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
	found := fresh.Resolve(ctx, r.Now(), r.Hosts, old, func(e *Endpoint, host string, err error) {
		name, gone := named{e.Name, host, e.SRV}, errors.Is(err, resolver.ErrNone)
		failing[name] = gone
		if was, told := r.failing[name]; told && was == gone || ctx.Err() != nil {
			return
		}
		count := "as long as that fails"
		if gone {
			count = keepGone.String()
		}
		r.Log.Warn("the name of a host leads nowhere", "endpoint", e.Name, "host", host, "last_addresses", old.hosts[name].addrs(), "count_for", count, "err", err)
	})
	if ctx.Err() != nil {
		return
	}
	r.failing = failing
	if maps.EqualFunc(old.hosts, fresh.hosts, sameAddrs) {
		r.Current.CompareAndSwap(old, &fresh) // it knows when they were seen; a reload does too
		return
	}
	if err := fresh.Index(found); err != nil {
		if !maps.EqualFunc(r.refused, fresh.hosts, sameAddrs) {
			r.Log.Error("new addresses of hosts not taken", "err", err)
		}
		r.refused = fresh.hosts
		return
	}
	r.refused = nil
	if !r.Current.CompareAndSwap(old, &fresh) {
		return // a reload was faster, and has asked for itself
	}
	r.Log.Info("addresses of hosts have changed", "networks", len(fresh.Networks()))
	if r.Trust == nil {
		return
	}
	for told, now := old, &fresh; told != now; now = r.Current.Load() { // until no reload has come between
		r.Trust(now.Networks())
		told = now
	}
}

// sameAddrs compares without the order, which name servers turn round.
func sameAddrs(a, b history) bool {
	return slices.Equal(slices.SortedFunc(slices.Values(a.addrs()), netip.Addr.Compare), slices.SortedFunc(slices.Values(b.addrs()), netip.Addr.Compare))
}
