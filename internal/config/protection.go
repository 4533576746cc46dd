package config

import (
	"fmt"
	"net/netip"
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
	// Used is how many percent of the memory, of the descriptors or of the ports may be in
	// use before.
	Used int `koanf:"used" yaml:"used"`
}

// ExemptNetworks are Exempt as networks.
func (s SIP) ExemptNetworks() (out []netip.Prefix, err error) {
	for _, text := range s.Exempt {
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

// validateProtection checks what guards SIP.
func (s SIP) validateProtection(check func(key string, err error)) {
	_, err := s.ExemptNetworks()
	check("sip.exempt", err)
	check("sip.rate.per_second", between(s.Rate.PerSecond, 0, 1_000_000))
	check("sip.rate.burst", between(s.Rate.Burst, 1, 1_000_000))
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
