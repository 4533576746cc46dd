// Package limit bounds how many requests of the REST API are taken: of a user, of an API key and of
// an address, each with a bucket of its own, and how many attempts of an address to say who it is
// may fail. Answers tell how much is left by RateLimit and RateLimit-Policy
// (draft-ietf-httpapi-ratelimit-headers-09), and refusals when to come again by Retry-After.
//
// It also knows whose request it is that a proxy passes on. It starts no goroutine.
package limit

import (
	"hash/maphash"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Config is what is allowed.
type Config struct {
	// User is of each user who shows a token, Key of each API key, Address of each IPv4 address and
	// IPv6 /64 whoever asks.
	User, Key, Address Rate
	// Failures is how often an address may show a token or key that is not accepted.
	Failures Rate
	// Proxies are the networks whose word counts on where a request comes from.
	Proxies []netip.Prefix
}

// Policy is what a limit is called in RateLimit-Policy, problems and metrics.
type Policy string

// The policies.
const (
	OfUser     Policy = "user"
	OfKey      Policy = "key"
	OfAddress  Policy = "address"
	OfFailures Policy = "failures"
)

// Policies are all of them.
func Policies() []Policy { return []Policy{OfUser, OfKey, OfAddress, OfFailures} }

// Limiter counts. It is safe for concurrent use.
type Limiter struct {
	seed    maphash.Seed
	start   time.Time
	now     func() time.Time
	tables  map[Policy]*table
	proxies atomic.Pointer[[]netip.Prefix]
}

// New makes a limiter; now is the clock, time.Now but in tests.
func New(c Config, now func() time.Time) *Limiter {
	l := &Limiter{seed: maphash.MakeSeed(), start: now(), now: now, tables: map[Policy]*table{}}
	for p, r := range c.rates() {
		l.tables[p] = newTable(r)
	}
	l.proxies.Store(&c.Proxies)
	return l
}

func (c Config) rates() map[Policy]Rate {
	return map[Policy]Rate{OfUser: c.User, OfKey: c.Key, OfAddress: c.Address, OfFailures: c.Failures}
}

// Configure puts other settings into effect. What has been counted stays.
func (l *Limiter) Configure(c Config) {
	for p, r := range c.rates() {
		l.tables[p].rate.Store(&r)
	}
	l.proxies.Store(&c.Proxies)
}

// Refused is how many requests a policy has refused, Buckets how many it counts at the moment.
func (l *Limiter) Refused(p Policy) uint64 { return l.tables[p].refused.Load() }

// Counted is of how many a policy counts at the moment.
func (l *Limiter) Counted(p Policy) int { return l.tables[p].size() }

// Take counts a request of who is named.
func (l *Limiter) Take(p Policy, name string) State {
	return l.tables[p].take(maphash.String(l.seed, name), l.since())
}

// TakeAddress counts a request of an address.
func (l *Limiter) TakeAddress(a netip.Addr) State {
	return l.tables[OfAddress].take(l.key(a), l.since())
}

// MayFail tells whether an address may try to say who it is.
func (l *Limiter) MayFail(a netip.Addr) State { return l.tables[OfFailures].may(l.key(a), l.since()) }

// Failed counts that it did so in vain.
func (l *Limiter) Failed(a netip.Addr) { l.tables[OfFailures].take(l.key(a), l.since()) }

func (l *Limiter) key(a netip.Addr) uint64 {
	b := Source(a).As16()
	return maphash.Bytes(l.seed, b[:])
}

func (l *Limiter) since() time.Duration { return l.now().Sub(l.start) }

// ExceededError is of kind fault.TooMany by what it wraps.
type ExceededError struct {
	Policy Policy
	Wait   time.Duration
}

// Error tells when to come again.
func (e *ExceededError) Error() string {
	if e.Policy == OfFailures {
		return "too many tokens and keys from your address were not accepted; try again in " + strconv.Itoa(seconds(e.Wait)) + " s"
	}
	return "too many requests of this " + string(e.Policy) + "; try again in " + strconv.Itoa(seconds(e.Wait)) + " s"
}

// RetryAfter is when to come again, in whole seconds.
func (e *ExceededError) RetryAfter() int { return seconds(e.Wait) }

// refusal is an error with kind, code and when to come again.
func refusal(p Policy, s State) error {
	return &fault.Error{Kind: fault.TooMany, Code: "rate_limited", Err: &ExceededError{p, s.Wait}}
}

// seconds rounds up: a client that comes a moment too early is refused again.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// appendPolicy is a member of RateLimit-Policy: the burst, and in what time it comes again.
func appendPolicy(b []byte, p Policy, r Rate) []byte {
	b = appendName(b, p)
	b = append(b, ";q="...)
	b = strconv.AppendInt(b, int64(max(r.Burst, 1)), 10)
	b = append(b, ";w="...)
	return strconv.AppendInt(b, int64(max(seconds(r.depth()), 1)), 10)
}

// appendState is a member of RateLimit: what is left, and when all of it is there again.
func appendState(b []byte, p Policy, s State) []byte {
	b = appendName(b, p)
	b = append(b, ";r="...)
	b = strconv.AppendInt(b, int64(s.Remaining), 10)
	b = append(b, ";t="...)
	return strconv.AppendInt(b, int64(seconds(s.Reset)), 10)
}

func appendName(b []byte, p Policy) []byte {
	if len(b) > 0 {
		b = append(b, ", "...)
	}
	b = append(b, '"')
	b = append(b, p...)
	return append(b, '"')
}
