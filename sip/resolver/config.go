package resolver

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Config is how a Resolver asks and what it remembers. Start from Default.
type Config struct {
	// Servers are the name servers, asked in this order; none takes those of the
	// file ResolvConf, which is read again when it changes.
	Servers    []netip.AddrPort
	ResolvConf string
	// HostsFile names addresses that no server is asked for.
	HostsFile string

	// QuestionTimeout bounds one question to one server, Rounds is how often all
	// servers are asked, LookupTimeout bounds whatever one caller waits for.
	QuestionTimeout time.Duration
	Rounds          int
	LookupTimeout   time.Duration
	// Questions bounds those under way at one time; more wait, Waiting of them at
	// most, and the rest fails at once.
	Questions, Waiting int

	// Entries bounds the cache. An answer is kept for its TTL, but no shorter than
	// MinTTL and no longer than MaxTTL; that there is no such record for as long as
	// the zone's SOA says (RFC 2308 §5), no longer than NegativeTTL.
	Entries                     int
	MinTTL, MaxTTL, NegativeTTL time.Duration
	// FailureTTL is how long a question is not asked again after all servers have
	// failed, doubled with each failure after the first up to MaxFailureTTL (RFC
	// 2308 §7).
	FailureTTL, MaxFailureTTL time.Duration
	// Stale is how long past its time an answer still serves while the servers fail,
	// or take longer than StaleAfter (RFC 8767). What does not exist is never stale.
	Stale, StaleAfter time.Duration

	// Avoid is how long a destination that failed is tried after all others.
	Avoid time.Duration

	// Now and Rand are for tests: the clock of the cache, and a number in [0, n).
	Now  func() time.Time
	Rand func(n int) int
}

// Default is the usual configuration: the system's servers and hosts.
func Default() Config {
	return Config{
		ResolvConf: "/etc/resolv.conf", HostsFile: "/etc/hosts",
		QuestionTimeout: 2 * time.Second, Rounds: 2, LookupTimeout: 8 * time.Second,
		Questions: 128, Waiting: 2048,
		Entries: 4096, MinTTL: time.Second, MaxTTL: 24 * time.Hour, NegativeTTL: 15 * time.Minute,
		FailureTTL: 5 * time.Second, MaxFailureTTL: 5 * time.Minute,
		Stale: 24 * time.Hour, StaleAfter: 500 * time.Millisecond,
		Avoid: 30 * time.Second,
		Now:   time.Now, Rand: rand.IntN,
	}
}

// Validate says what a Resolver could not work with, as fault.Invalid.
func (c *Config) Validate() error {
	for _, v := range []struct {
		name  string
		value int64
	}{
		{"QuestionTimeout", int64(c.QuestionTimeout)},
		{"Rounds", int64(c.Rounds)},
		{"LookupTimeout", int64(c.LookupTimeout)},
		{"Questions", int64(c.Questions)},
		{"Waiting", int64(c.Waiting)},
		{"Entries", int64(c.Entries)},
		{"MinTTL", int64(c.MinTTL)},
		{"MaxTTL", int64(c.MaxTTL)},
		{"NegativeTTL", int64(c.NegativeTTL)},
		{"FailureTTL", int64(c.FailureTTL)},
		{"MaxFailureTTL", int64(c.MaxFailureTTL)},
		{"StaleAfter", int64(c.StaleAfter)},
		{"Avoid", int64(c.Avoid)},
	} {
		if v.value <= 0 {
			return fault.New(fault.Invalid, "resolver: %s must be positive", v.name)
		}
	}
	if c.Stale < 0 || c.MinTTL > c.MaxTTL || c.Now == nil || c.Rand == nil {
		return fault.New(fault.Invalid, "resolver: Stale is negative, MinTTL over MaxTTL, or there is no clock or no chance")
	}
	for _, s := range c.Servers {
		if !s.IsValid() || s.Port() == 0 {
			return fault.New(fault.Invalid, "resolver: server %s is no address with a port", s)
		}
	}
	return nil
}
