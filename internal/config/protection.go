package config

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// SIPRate is how many SIP messages of one source are read. A source is an IPv4
// address or an IPv6 /64.
type SIPRate struct {
	// PerSecond in the long run, 0 for no limit, and Burst at once.
	PerSecond int `koanf:"per_second" yaml:"per_second"`
	Burst     int `koanf:"burst" yaml:"burst"`
	// Known is how many times as much who is known may send.
	Known int `koanf:"known" yaml:"known"`
}

// SIPBan is when a source is not listened to, and for how long.
type SIPBan struct {
	// Failures is how many wrong passwords within Window lead to a ban, Scans how many
	// requests of unknown users; 0 for none.
	Failures int           `koanf:"failures" yaml:"failures"`
	Scans    int           `koanf:"scans" yaml:"scans"`
	Window   time.Duration `koanf:"window" yaml:"window"`
	// First is how long the first ban lasts, Most how long any of the later ones,
	// each twice as long as the one before; Scan is the length for who may have been
	// another, 0 for none.
	First time.Duration `koanf:"first" yaml:"first"`
	Most  time.Duration `koanf:"most" yaml:"most"`
	Scan  time.Duration `koanf:"scan" yaml:"scan"`
}

// SIPOverload is when new work is refused.
type SIPOverload struct {
	// Queue is how long the request that waits least may wait for its handler, Late how
	// late all but one in a hundred ticks of the mixer may begin; 0 looks at neither.
	Queue time.Duration `koanf:"queue" yaml:"queue"`
	Late  time.Duration `koanf:"late" yaml:"late"`
	// Used is how many percent of the memory, descriptors, ports or transactions may be in
	// use before.
	Used int `koanf:"used" yaml:"used"`
}

// ExemptNetworks are Exempt as networks.
func (s SIP) ExemptNetworks() ([]netip.Prefix, error) { return networks(s.Exempt) }

// networks reads addresses and networks.
func networks(list []string) (out []netip.Prefix, err error) {
	for _, text := range list {
		p, err := netip.ParsePrefix(text)
		if a, one := netip.ParseAddr(text); err != nil && one == nil {
			p, err = netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), nil
		}
		if err != nil || p.Addr().Zone() != "" {
			return nil, fmt.Errorf("%q is neither an address nor a network", text)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// SIPPhoneCalls is how many calls a phone may begin within a minute; 0 is no limit.
type SIPPhoneCalls struct {
	PerMinute int `koanf:"per_minute" yaml:"per_minute"`
	// Endpoints have a limit of their own; they can be set in a file alone.
	Endpoints []SIPPhoneLimit `koanf:"endpoints" yaml:"endpoints"`
}

// SIPPhoneLimit is one phone's.
type SIPPhoneLimit struct {
	Endpoint  string `koanf:"endpoint" yaml:"endpoint"`
	PerMinute int    `koanf:"per_minute" yaml:"per_minute"`
}

// Of are the limits of Endpoints by name.
func (c *SIPPhoneCalls) Of() map[string]int {
	out := make(map[string]int, len(c.Endpoints))
	for _, e := range c.Endpoints {
		out[e.Endpoint] = e.PerMinute
	}
	return out
}

// maxPerMinute bounds the calls of a phone: the time of each is kept for so long.
const maxPerMinute = 6000

func (c *SIPPhoneCalls) check() error {
	seen := make(map[string]bool)
	for _, e := range c.Endpoints {
		name := strings.ToLower(e.Endpoint)
		if name == "" || seen[name] {
			return fmt.Errorf("endpoint %q is not one that is named once", e.Endpoint)
		}
		if err := between(e.PerMinute, 0, maxPerMinute); err != nil {
			return fmt.Errorf("endpoint %s: %w", e.Endpoint, err)
		}
		seen[name] = true
	}
	return nil
}

// validateProtection checks what guards SIP.
func (s SIP) validateProtection(check func(key string, err error)) {
	_, err := s.ExemptNetworks()
	check("sip.exempt", err)
	check("sip.rate.per_second", between(s.Rate.PerSecond, 0, 1_000_000))
	check("sip.rate.burst", between(s.Rate.Burst, 1, 1_000_000))
	check("sip.phone_calls.per_minute", between(s.PhoneCalls.PerMinute, 0, maxPerMinute))
	check("sip.phone_calls.endpoints", s.PhoneCalls.check())
	check("sip.rate.known", between(s.Rate.Known, 1, 1000))
	check("sip.overload.queue", between(s.Overload.Queue, 0, time.Minute))
	check("sip.overload.late", between(s.Overload.Late, 0, time.Minute))
	check("sip.overload.used", between(s.Overload.Used, 1, 100))
	check("sip.ban.failures", atLeast(s.Ban.Failures, 0))
	check("sip.ban.scans", atLeast(s.Ban.Scans, 0))
	check("sip.ban.window", between(s.Ban.Window, time.Second, 24*time.Hour))
	check("sip.ban.first", between(s.Ban.First, time.Second, s.Ban.Most))
	check("sip.ban.most", between(s.Ban.Most, time.Second, 365*24*time.Hour))
	check("sip.ban.scan", between(s.Ban.Scan, 0, time.Hour))
}
