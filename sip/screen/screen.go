// Package screen decides, before a message is parsed, whether it is read at all: how
// much a source may send (token buckets), whether it is banned, and who is known well
// enough to send more and never to be banned.
//
// It starts no goroutine.
package screen

import (
	"context"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/ban"
	"github.com/skygenesisenterprise/skybridge/sip/internal/bucket"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// Config is who may send how much.
type Config struct {
	// Exempt are networks to which nothing here applies.
	Exempt []netip.Prefix
	// PerSecond and Burst are how many messages of a source are read: an IPv4 address,
	// an IPv6 /64. PerSecond 0 bounds nobody.
	PerSecond, Burst int
	// Known is how many times as much a source may send that is known: one that has
	// shown a password of late, one of a trunk, one that we send requests to.
	Known int
	// Ban is when a source is not listened to at all.
	Ban ban.Config
}

// Default lets an office of some hundred phones behind one address start at once, and
// one that has registered ten times as much. This machine's own programs are exempt: a
// proxy here speaks for everybody.
func Default() Config {
	return Config{
		Exempt:    []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		PerSecond: 100, Burst: 2000, Known: 10,
		Ban: ban.Default(),
	}
}

// Validate tells what is wrong with the configuration.
func (c Config) Validate() error {
	if c.PerSecond < 0 || c.PerSecond > 0 && c.Burst < 1 || c.Known < 1 {
		return fault.New(fault.Invalid, "screen: rate does not fit: %d a second, %d at once, times %d", c.PerSecond, c.Burst, c.Known)
	}
	return c.Ban.Validate()
}

// sources is how many sources are counted at a time.
const sources = 1 << 15

// knownFor is how long who has shown a password, or was sent a request, is known.
const knownFor = 24 * time.Hour

// Screen is what a transport asks. It is safe for concurrent use.
type Screen struct {
	bans    *ban.List
	table   *bucket.Table
	rules   atomic.Pointer[rules]
	trusted atomic.Pointer[networks]

	limited, banned atomic.Uint64
}

// rules are a Config as it is asked.
type rules struct {
	exempt         networks
	strange, known bucket.Rate
}

var _ transport.Screen = (*Screen)(nil)

// New makes a screen of a sound configuration; store keeps bans and may be nil.
func New(cfg Config, store ban.Store, log *slog.Logger) *Screen {
	s := &Screen{bans: ban.New(cfg.Ban, store, log), table: bucket.New(sources)}
	s.Configure(cfg)
	s.Trust(nil)
	return s
}

// Configure changes the settings. Bans that stand stay.
func (s *Screen) Configure(cfg Config) {
	s.bans.Configure(cfg.Ban)
	s.rules.Store(&rules{
		exempt:  newNetworks(cfg.Exempt),
		strange: bucket.Rate{PerSecond: cfg.PerSecond, Burst: cfg.Burst},
		known:   bucket.Rate{PerSecond: cfg.Known * cfg.PerSecond, Burst: cfg.Known * cfg.Burst},
	})
}

// widestTrust are the widest networks that are trusted as those of a trunk: one that
// matches half of the Internet tells nothing of who is there.
const (
	widestTrust4 = 16
	widestTrust6 = 48
)

// Trust names the networks of trunks, which are always known. Wide ones are passed over.
func (s *Screen) Trust(list []netip.Prefix) {
	var narrow []netip.Prefix
	for _, p := range list {
		if p.Addr().Is4() && p.Bits() >= widestTrust4 || p.Addr().Is6() && p.Bits() >= widestTrust6 {
			narrow = append(narrow, p)
		}
	}
	n := newNetworks(narrow)
	s.trusted.Store(&n)
}

// Load takes the bans that were kept over a restart.
func (s *Screen) Load(ctx context.Context) error { return s.bans.Load(ctx) }

// Message takes what one message of a source costs. It tells how long the source is to
// wait until it is read: 0 is now, transport.Never never. certain says that it came over a
// connection, so that the source is not forged.
func (s *Screen) Message(source netip.Addr, certain bool) time.Duration {
	source = source.Unmap().WithZone("")
	r := s.rules.Load()
	if r.exempt.contains(source) {
		return 0
	}
	trusted := s.trusted.Load().contains(source)
	if !trusted && s.bans.Banned(source, certain) {
		s.banned.Add(1)
		return transport.Never
	}
	if r.strange.PerSecond == 0 {
		return 0
	}
	strange := r.strange
	if trusted {
		strange = r.known
	}
	wait := s.table.Take(source, strange, r.known)
	if wait > 0 {
		s.limited.Add(1)
	}
	return wait
}

// Connection tells whether a source may connect.
func (s *Screen) Connection(source netip.Addr) bool {
	source = source.Unmap().WithZone("")
	if s.rules.Load().exempt.contains(source) || s.trusted.Load().contains(source) || !s.bans.Banned(source, true) {
		return true
	}
	s.banned.Add(1)
	return false
}

// Expect makes an address known: we are about to send it a request, and it is to answer.
func (s *Screen) Expect(address netip.Addr) { s.know(address) }

// Proven makes a source known: who is there has shown a password.
func (s *Screen) Proven(source netip.Addr) {
	s.know(source)
	s.bans.Pardon(source)
}

// Knows tells whether an address is one that is never banned: exempt, of a trunk, or of
// whom has shown a password, or was sent a request, of late.
func (s *Screen) Knows(source netip.Addr) bool {
	source = source.Unmap().WithZone("")
	return s.rules.Load().exempt.contains(source) || s.trusted.Load().contains(source) || s.table.Knows(source)
}

func (s *Screen) know(source netip.Addr) {
	s.table.Know(source.Unmap().WithZone(""), s.rules.Load().known, knownFor)
}

// Failed counts a wrong password of a source that has received our challenge.
func (s *Screen) Failed(source netip.Addr) { s.offends(source, ban.Failure) }

// Strange counts a request of an unknown user; certain tells whether the source cannot
// be forged.
func (s *Screen) Strange(source netip.Addr, certain bool) {
	if certain {
		s.offends(source, ban.Scan)
	} else {
		s.offends(source, ban.Rumour)
	}
}

// offends counts, unless the source is one that is never banned: behind the address
// that an owner uses, a guesser is slowed by the account's own back-off.
func (s *Screen) offends(source netip.Addr, o ban.Offence) {
	if !s.Knows(source) {
		s.bans.Offends(source.Unmap().WithZone(""), o)
	}
}

// Bans lists those that stand, the newest first.
func (s *Screen) Bans() []ban.Ban { return s.bans.All() }

// Unban ends the ban of whoever an address is; by is for the log. The error is
// fault.NotFound when it is not banned.
func (s *Screen) Unban(ctx context.Context, source netip.Addr, by string) error {
	return s.bans.Lift(ctx, source, by)
}

// Stats counts what was not read.
type Stats struct {
	Limited uint64 // messages over a source's rate
	Banned  uint64 // messages and connections of banned sources
	Bans    int    // now
}

// Stats is a snapshot of the counters.
func (s *Screen) Stats() Stats {
	return Stats{Limited: s.limited.Load(), Banned: s.banned.Load(), Bans: s.bans.Count()}
}
