// Package ban keeps who is not listened to: sources that guess passwords or ask who
// exists, each for a time that doubles with every ban, until somebody lifts it or it
// runs out. What is kept outlives a restart.
//
// What could have been sent in somebody else's name (a UDP request that answers no
// challenge of ours) leads to short bans alone, which do not grow and are for UDP alone: a
// forger keeps nobody's connections out. It is counted apart: it adds to nothing that is
// certain, and takes no room from it.
//
// It starts no goroutine.
package ban

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/internal/origin"
)

// Config says when a source is banned, and for how long.
type Config struct {
	// Failures is how many wrong passwords within Window lead to a ban; 0 bans nobody
	// for them.
	Failures int
	// Scans is how many requests of unknown users within Window do; 0 as above.
	Scans int
	// Window halves both counts each time it passes.
	Window time.Duration
	// First is how long the first ban for failures lasts; each further one lasts twice
	// as long, up to Most, after which a source begins anew.
	First, Most time.Duration
	// Scan is how long a ban for scans lasts where the source may be forged.
	Scan time.Duration
	// Tracked bounds the sources that are counted, Limit the bans. Sources that may be
	// forged come on top: as many counts, and half as many bans.
	Tracked, Limit int
}

// Default bans after 20 wrong passwords, which is no phone that tries an old one every
// minute or two, or after 100 names.
func Default() Config {
	return Config{
		Failures: 20, Scans: 100, Window: 5 * time.Minute, First: 5 * time.Minute, Most: 24 * time.Hour, Scan: time.Minute,
		Tracked: 1 << 14, Limit: 1 << 14,
	}
}

// Validate tells what is wrong with the configuration.
func (c Config) Validate() error {
	if c.Failures < 0 || c.Scans < 0 || c.Window <= 0 || c.First <= 0 || c.Most < c.First || c.Scan < 0 || c.Tracked < 1 || c.Limit < 1 {
		return fault.New(fault.Invalid, "ban: settings do not fit: %+v", c)
	}
	return nil
}

// Ban is a source that is not listened to.
type Ban struct {
	Network netip.Prefix // an IPv4 address or an IPv6 /64
	Since   time.Time
	Expires time.Time
	Times   int // which ban of the source this is; 1 where it may be forged
	Reason  string
}

// Store keeps bans over a restart.
type Store interface {
	Put(ctx context.Context, b Ban) error
	Delete(ctx context.Context, network netip.Prefix) error
	All(ctx context.Context) ([]Ban, error)
}

// Offence is what a source does that may have it banned.
type Offence uint8

// The offences.
const (
	// Failure is a wrong password, of whoever received our challenge.
	Failure Offence = iota
	// Scan is a request of an unknown user over a connection.
	Scan
	// Rumour is a Scan over UDP: whose it is nobody knows.
	Rumour
)

var reasons = [...]string{"wrong passwords", "unknown users", "unknown users"}

// List is the bans. It is safe for concurrent use.
type List struct {
	log     *slog.Logger
	store   Store
	writing chan struct{} // holds who writes to the store

	mu      sync.RWMutex
	cfg     Config
	bans    map[netip.Prefix]Ban
	hearsay map[netip.Prefix]Ban // for rumours
	counts  counts
	rumours counts
	swept   time.Time // when what has run out was last dropped to make room
	warned  time.Time // when the log was last told that there is none
	missed  int       // sources not banned since
}

// New makes a list of a sound configuration; store may be nil, to keep nothing.
func New(cfg Config, store Store, log *slog.Logger) *List {
	return &List{
		log: log, store: store, writing: make(chan struct{}, 1), cfg: cfg,
		bans: make(map[netip.Prefix]Ban), hearsay: make(map[netip.Prefix]Ban),
	}
}

// Load takes the bans that were kept, but for those that have run out.
func (l *List) Load(ctx context.Context) error {
	if l.store == nil {
		return nil
	}
	kept, err := l.store.All(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range kept {
		if b.Expires.After(now) && len(l.bans) < l.cfg.Limit {
			l.bans[b.Network] = b
			l.counts.put(b.Network, count{times: b.Times, until: b.Expires, halved: now}, l.cfg.Tracked)
		}
	}
	return nil
}

// Configure changes the settings; bans that stand stay as they are.
func (l *List) Configure(cfg Config) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cfg = cfg
}

// Banned tells whether a source is not listened to now. certain says that what it sends is
// its own: what it is said to have sent over UDP counts for UDP alone.
func (l *List) Banned(source netip.Addr, certain bool) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if len(l.bans) == 0 && (certain || len(l.hearsay) == 0) {
		return false
	}
	return l.stands(origin.Of(source), certain, time.Now())
}

// stands tells whether a source is banned, for what is certain alone or for whatever; l.mu
// is held.
func (l *List) stands(source netip.Prefix, certain bool, now time.Time) bool {
	return now.Before(l.bans[source].Expires) || !certain && now.Before(l.hearsay[source].Expires)
}

// Offends counts what a source has done, and bans it when that is too much. It may wait
// for the disk.
func (l *List) Offends(source netip.Addr, o Offence) {
	b, banned := l.judge(origin.Of(source), o)
	if !banned {
		return
	}
	l.log.Warn("source banned", "peer", b.Network, "reason", b.Reason, "until", b.Expires.UTC().Format(time.RFC3339), "times", b.Times)
	if l.store == nil || o == Rumour { // one of a minute need not be kept
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := l.keep(ctx, b.Network); err != nil {
		l.log.Error("a ban will not outlive a restart", "peer", b.Network, "err", err)
	}
}

// patience is how long the disk is waited for.
const patience = 5 * time.Second

// keep brings the store to what the list says of a source by now, one writer at a time:
// a ban that was lifted before it was written stays lifted.
func (l *List) keep(ctx context.Context, source netip.Prefix) error {
	select {
	case l.writing <- struct{}{}:
		defer func() { <-l.writing }()
	case <-ctx.Done():
		return fmt.Errorf("ban: waiting for the store: %w", ctx.Err())
	}
	l.mu.RLock()
	b, banned := l.bans[source]
	l.mu.RUnlock()
	if banned {
		return l.store.Put(ctx, b)
	}
	return l.store.Delete(ctx, source)
}

func (l *List) judge(source netip.Prefix, o Offence) (Ban, bool) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	table := &l.counts
	if o == Rumour {
		table = &l.rumours
	}
	c, _ := table.get(source)
	c.fade(now, l.cfg.Window)
	limit, n := l.cfg.Scans, &c.scans
	if o == Failure {
		limit, n = l.cfg.Failures, &c.failures
	}
	*n++
	guilty := limit > 0 && *n >= limit && !l.stands(source, o != Rumour, now)
	var b Ban
	if guilty {
		if b, guilty = l.sentence(source, &c, o, now); !guilty && *n == limit {
			l.full(now)
		}
	}
	table.put(source, c, l.cfg.Tracked)
	return b, guilty
}

// sentence makes a ban, if there is room for it; else what was counted stays, and the
// source is banned as soon as there is. l.mu is held.
func (l *List) sentence(source netip.Prefix, c *count, o Offence, now time.Time) (Ban, bool) {
	if !l.room(o, now) {
		return Ban{}, false
	}
	c.failures, c.scans = 0, 0
	length, bans := l.cfg.Scan, l.hearsay
	if o != Rumour {
		bans = l.bans
		if now.Sub(c.until) > l.cfg.Most {
			c.times = 0
		}
		length = l.cfg.First
		for range c.times {
			length = min(2*length, l.cfg.Most)
		}
		c.times++
	}
	if length == 0 {
		return Ban{}, false
	}
	c.until = now.Add(length)
	b := Ban{Network: source, Since: now, Expires: c.until, Times: max(1, c.times), Reason: reasons[o]}
	bans[source] = b
	return b, true
}

// room tells whether there is room for one more ban; l.mu is held.
func (l *List) room(o Offence, now time.Time) bool {
	bans, limit := l.bans, l.cfg.Limit
	if o == Rumour {
		bans, limit = l.hearsay, l.cfg.Limit/2
	}
	if len(bans) >= limit && now.Sub(l.swept) >= sweeping {
		l.expire(now)
	}
	return len(bans) < limit
}

// sweeping is how often all bans are looked through for want of room, and warning how
// often the log hears of it: a flood must be able to cost neither for each request.
const (
	sweeping = time.Second
	warning  = time.Minute
)

// full counts a source that was not banned for want of room; l.mu is held.
func (l *List) full(now time.Time) {
	l.missed++
	if now.Sub(l.warned) >= warning {
		l.log.Warn("sources not banned: the list is full", "sources", l.missed)
		l.missed, l.warned = 0, now
	}
}

// expire drops bans that have run out; l.mu is held.
func (l *List) expire(now time.Time) {
	l.swept = now
	for _, bans := range []map[netip.Prefix]Ban{l.bans, l.hearsay} {
		for k, b := range bans {
			if !now.Before(b.Expires) {
				delete(bans, k)
			}
		}
	}
}

// Pardon forgets what a source has done: it has shown a password. Its bans stay.
func (l *List) Pardon(source netip.Addr) {
	k := origin.Of(source)
	l.mu.RLock()
	_, counted := l.counts.get(k)
	_, rumoured := l.rumours.get(k)
	l.mu.RUnlock()
	if counted || rumoured {
		l.mu.Lock()
		l.counts.drop(k)
		l.rumours.drop(k)
		l.mu.Unlock()
	}
}

// Count is how many bans stand.
func (l *List) Count() (n int) {
	now := time.Now()
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, bans := range []map[netip.Prefix]Ban{l.bans, l.hearsay} {
		for _, b := range bans {
			if now.Before(b.Expires) {
				n++
			}
		}
	}
	return n
}

// All lists the bans that stand, the newest first.
func (l *List) All() []Ban {
	now := time.Now()
	l.mu.Lock()
	l.expire(now)
	out := make([]Ban, 0, len(l.bans)+len(l.hearsay))
	out = slices.AppendSeq(out, maps.Values(l.bans))
	out = slices.AppendSeq(out, maps.Values(l.hearsay))
	l.mu.Unlock()
	slices.SortFunc(out, func(a, b Ban) int {
		if c := b.Since.Compare(a.Since); c != 0 {
			return c
		}
		return a.Network.Addr().Compare(b.Network.Addr())
	})
	return out
}

// Lift ends the ban of whoever an address is, and forgets what led to it. The error is
// fault.NotFound when it is not banned, and that of the store when it would be banned
// again after a restart.
func (l *List) Lift(ctx context.Context, source netip.Addr, by string) error {
	k := origin.Of(source)
	now := time.Now()
	l.mu.Lock()
	banned := l.stands(k, false, now)
	b, certain := l.bans[k]
	if !certain {
		b = l.hearsay[k]
	}
	delete(l.bans, k)
	delete(l.hearsay, k)
	l.counts.drop(k)
	l.rumours.drop(k)
	l.mu.Unlock()
	if !banned {
		return fault.New(fault.NotFound, "%s is not banned", k)
	}
	l.log.Info("ban lifted", "peer", k, "reason", b.Reason, "by", by)
	if l.store == nil {
		return nil
	}
	return l.keep(ctx, k)
}
