// Package resolver finds where a SIP URI leads: NAPTR, SRV with priorities and
// weights, A and AAAA, from DNS servers or the system's hosts file. It remembers
// answers for their TTL, that there is none, and which destinations failed lately;
// many who ask the same wait for one question, and who asks what is slow keeps
// nobody else waiting.
//
// RFCs: 3263 (locating), 2782 (SRV), 3403 (NAPTR), 2308 (what is not there), 8767
// (stale answers), 7984 (two families of addresses), 5922 §4 (names in certificates).
//
// Only what answers the question is taken from a response: records of other names,
// and those that a server adds, are left alone.
//
// Goroutines: one for each question under way, at most Config.Questions and
// Config.Waiting of them, ended by their time-outs or by Close.
package resolver

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Resolver implements transport.Resolver and transport.Judge. It is safe for
// concurrent use.
type Resolver struct {
	cfg    Config
	log    *slog.Logger
	system system
	health health
	good   atomic.Uint32 // which server answered last

	ctx    context.Context // ends every question
	cancel context.CancelFunc
	slots  chan struct{}
	wg     sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	cache   cache
	flights map[question]*flight
}

// New makes a resolver; Close ends it.
func New(cfg Config, log *slog.Logger) (*Resolver, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	r := &Resolver{
		cfg:     cfg,
		log:     log,
		system:  system{resolvConf: cfg.ResolvConf, hostsFile: cfg.HostsFile},
		health:  health{byPlace: make(map[place]failure)},
		slots:   make(chan struct{}, cfg.Questions),
		cache:   newCache(cfg.Entries),
		flights: make(map[question]*flight),
	}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r, nil
}

// Close ends every question and waits for it; lookups fail from then on.
func (r *Resolver) Close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.cancel()
	r.wg.Wait()
}

func unreachable(format string, args ...any) error {
	return fault.New(fault.Unreachable, "sip: "+format, args...)
}
