package digest

import (
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip/internal/origin"
)

// Backoff slows the guessing of passwords. After Free failures of an account at
// one source, its next attempts there are not looked at for First, doubled with
// each further failure up to Most. A source as a whole has SourceFree failures,
// of which one account makes up no more than Free: a single phone with an old
// password does not slow its neighbours. Nor does anything slow an account that
// has shown its password at that source before, but its own failures: behind a
// proxy all callers share one address. Nothing is ever counted against an account
// alone: guessing elsewhere does not lock its owner out. Nor does guessing behind the
// same address: who has shown the password from a port there is not slowed by what comes
// from others, and has Free failures there before being one of them. Only failures with a
// nonce that was issued to the source count, so a forged source address cannot do
// it either.
type Backoff struct {
	Free       int
	SourceFree int
	First      time.Duration
	Most       time.Duration
	// Forget halves a count each time it passes without a failure.
	Forget time.Duration
	// Tracked bounds each table: accounts at sources with failures, and sources;
	// accounts at sources that have shown their password; those at ports of them.
	Tracked int
}

// guess names what failures are counted for.
type guess struct {
	source   netip.Prefix
	port     uint16 // the account at this port of it alone; 0 for all
	whole    bool   // the source as a whole, not an account at it
	username string
}

// maxTrackedName bounds the memory of a guess; longer names count as one.
const maxTrackedName = 64

func guessOf(source netip.Addr, username string) guess {
	return guess{source: origin.Of(source), username: username[:min(len(username), maxTrackedName)]}
}

func homeOf(from netip.AddrPort, username string) guess {
	g := guessOf(from.Addr(), username)
	g.source, g.port = netip.PrefixFrom(from.Addr(), from.Addr().BitLen()), from.Port()
	return g
}

func sourceOf(source netip.Addr) guess { return guess{source: origin.Of(source), whole: true} }

type failures struct {
	count int
	last  time.Time
}

// guard counts failures.
type guard struct {
	cfg     Backoff
	mu      sync.Mutex
	seen    generations[guess, failures]
	welcome generations[guess, struct{}] // have shown their password there
	homes   generations[guess, int]      // ports where they have, with the failures since
}

func newGuard(cfg Backoff) *guard {
	half := max(cfg.Tracked/2, 1)
	return &guard{cfg: cfg, seen: newGenerations[guess, failures](half), welcome: newGenerations[guess, struct{}](half), homes: newGenerations[guess, int](half)}
}

// wait is how long the account's attempts from a source are still to be ignored.
func (g *guard) wait(from netip.AddrPort, username string) time.Duration {
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.homes.get(homeOf(from, username)); ok {
		return 0
	}
	source, who := from.Addr(), guessOf(from.Addr(), username)
	account := g.waitFor(who, g.cfg.Free, now)
	if _, ok := g.welcome.get(who); ok {
		return account
	}
	return max(account, g.waitFor(sourceOf(source), g.cfg.SourceFree, now))
}

func (g *guard) waitFor(k guess, free int, now time.Time) time.Duration {
	f, ok := g.seen.get(k)
	if !ok || f.count < free {
		return 0
	}
	pause := g.cfg.First
	for i := free; i < f.count && pause < g.cfg.Most; i++ {
		pause *= 2
	}
	return max(0, min(pause, g.cfg.Most)-now.Sub(f.last))
}

// failed counts a wrong password.
func (g *guard) failed(from netip.AddrPort, username string) {
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	home := homeOf(from, username)
	if n, ok := g.homes.get(home); ok && n+1 < g.cfg.Free {
		put(&g.homes, home, n+1)
		return
	}
	g.homes.drop(home)
	if g.count(guessOf(from.Addr(), username), now) <= g.cfg.Free {
		g.count(sourceOf(from.Addr()), now)
	}
}

// count adds a failure and gives how many are remembered.
func (g *guard) count(k guess, now time.Time) int {
	f, _ := g.seen.get(k)
	for since := now.Sub(f.last); f.count > 0 && since > g.cfg.Forget; since -= g.cfg.Forget {
		f.count /= 2
	}
	put(&g.seen, k, failures{f.count + 1, now})
	return f.count + 1
}

// passed forgets the account's failures at a source, not the source's own, nor what others
// there have failed since it was first known by its port.
func (g *guard) passed(from netip.AddrPort, username string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	who, home := guessOf(from.Addr(), username), homeOf(from, username)
	_, greeted := g.welcome.young[who]
	if n, ok := g.homes.young[home]; ok && n == 0 && greeted {
		return // all that follows is so already
	}
	if _, ok := g.homes.get(home); !ok {
		g.seen.drop(who)
	}
	put(&g.welcome, who, struct{}{})
	if home.port != 0 {
		put(&g.homes, home, 0)
	}
}

// put sets an entry, in the place of those that were not touched for longest.
func put[V any](table *generations[guess, V], k guess, v V) {
	if table.full() {
		table.rotate()
	}
	k.username = strings.Clone(k.username) // of a message, which is not to stay
	table.put(k, v)
}
