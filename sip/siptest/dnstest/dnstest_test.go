package dnstest

import (
	"testing"

	"github.com/miekg/dns"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestServer(t *testing.T) {
	s := New(t, "test. 60 IN SOA ns.test. root.test. 1 60 60 60 30\na.test. 60 IN CNAME b.test.\nb.test. 60 IN A 127.0.0.1\n")
	s.Answer("bad.test.", Refuse(dns.RcodeRefused))
	for _, network := range []string{"udp", "tcp"} {
		c := &dns.Client{Net: network}
		for name, want := range map[string]struct{ code, answers, soa int }{
			"a.test.":    {dns.RcodeSuccess, 2, 0},
			"none.test.": {dns.RcodeNameError, 0, 1},
			"bad.test.":  {dns.RcodeRefused, 0, 0},
		} {
			m, _, err := c.Exchange(new(dns.Msg).SetQuestion(name, dns.TypeA), s.Addr.String())
			if err != nil || m.Rcode != want.code || len(m.Answer) != want.answers || len(m.Ns) != want.soa {
				t.Errorf("%s over %s: %v, %v", name, network, m, err)
			}
		}
	}
	if n := s.Asked("a.test.", dns.TypeA); n != 2 {
		t.Errorf("asked %d times", n)
	}
}
