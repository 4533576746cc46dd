package resolver

import (
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/skygenesisenterprise/skybridge/sip/siptest/dnstest"
)

// TestNegativeCache: that there is no such name, or no such record of it, is known for as
// long as the zone's SOA says, by the lesser of its TTL and its minimum (RFC 2308 §5), within
// our own bounds, and not a moment longer; each kind of record for itself.
func TestNegativeCache(t *testing.T) {
	const there = "mail.test. 60 IN TXT \"a name without an address\"\n"
	for name, tt := range map[string]struct {
		soa  string // of the zone; "" for a server that does not say
		host string
		want time.Duration
	}{
		"no such name":                  {"test. 600 IN SOA ns.test. root.test. 1 60 60 60 30\n", "gone.test.", 30 * time.Second},
		"no such record":                {"test. 600 IN SOA ns.test. root.test. 1 60 60 60 30\n", "mail.test.", 30 * time.Second},
		"the SOA itself ends sooner":    {"test. 20 IN SOA ns.test. root.test. 1 60 60 60 300\n", "gone.test.", 20 * time.Second},
		"no longer than NegativeTTL":    {"test. 86400 IN SOA ns.test. root.test. 1 60 60 60 86400\n", "gone.test.", 2 * time.Minute},
		"no shorter than MinTTL":        {"test. 0 IN SOA ns.test. root.test. 1 60 60 60 0\n", "gone.test.", 5 * time.Second},
		"a server that does not say":    {"", "gone.test.", time.Minute},
		"a TTL that is none (RFC 2181)": {"test. 4294967295 IN SOA ns.test. root.test. 1 60 60 60 600\n", "gone.test.", 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			s := dnstest.New(t, tt.soa+there)
			r, c := asking(t, s, func(c *Config) { c.NegativeTTL, c.MinTTL = 2*time.Minute, 5*time.Second })
			for _, kind := range []uint16{dns.TypeNAPTR, dns.TypeSRV, dns.TypeA, dns.TypeAAAA} {
				for i, step := range []struct {
					pass  time.Duration
					asked int
				}{{0, 1}, {0, 1}, {tt.want - time.Millisecond, 1}, {time.Millisecond, 2}} {
					c.pass(step.pass)
					rrs, err := r.ask(t.Context(), question{tt.host, kind})
					if n := s.Asked(tt.host, kind); err != nil || len(rrs) > 0 || n != step.asked {
						t.Errorf("%s, step %d: %v, %v, asked %d times, want %d", dns.TypeToString[kind], i, rrs, err, n, step.asked)
					}
				}
			}
		})
	}
}

// Who is called at a name that is not there costs the name server one round of questions,
// however often he is called.
func TestNobodyIsAskedForOnce(t *testing.T) {
	s := dnstest.New(t, "test. 600 IN SOA ns.test. root.test. 1 60 60 60 30\n")
	r, _ := asking(t, s)
	for range 10 {
		if got := where(t, r, "sip:nobody.test", ""); got != "" {
			t.Errorf("nobody is at %s", got)
		}
	}
	for _, q := range []question{
		{"nobody.test.", dns.TypeNAPTR}, {"_sip._udp.nobody.test.", dns.TypeSRV}, {"_sip._tcp.nobody.test.", dns.TypeSRV},
		{"nobody.test.", dns.TypeA}, {"nobody.test.", dns.TypeAAAA},
	} {
		if n := s.Asked(q.name, q.kind); n != 1 {
			t.Errorf("%s %s: asked %d times", q.name, dns.TypeToString[q.kind], n)
		}
	}
}
