package sip

import (
	"bytes"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/resolver"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
	"github.com/skygenesisenterprise/skybridge/sip/siptest/dnstest"
)

// TestNamesAreLookedUpAgain: a carrier whose name led nowhere at the start, or has moved, is
// known by where it leads now, and by its last address while name servers fail.
func TestNamesAreLookedUpAgain(t *testing.T) {
	names := dnstest.New(t, "")
	for _, q := range []string{"carrier.test.", "_sip._udp.carrier.test.", "_sip._tcp.carrier.test.", "_sips._tcp.carrier.test."} {
		names.Answer(q, dnstest.Refuse(dns.RcodeServerFailure)) // DNS is not up
	}
	trusted := make(chan []netip.Prefix, 64)
	r := newRig(t, "", func(c *Config, _ *ua.Config) {
		rc := resolver.Default()
		rc.Servers = []netip.AddrPort{names.Addr}
		rc.MinTTL, rc.NegativeTTL, rc.FailureTTL, rc.MaxFailureTTL, rc.Stale = time.Millisecond, time.Millisecond, time.Millisecond, time.Millisecond, 0
		res, err := resolver.New(rc, slog.New(slog.NewTextHandler(&bytes.Buffer{}, nil)))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(res.Close)
		c.Hosts, c.Trust = directory.Hosts(res), func(p []netip.Prefix) { trusted <- p }
	})
	if err := r.tech.Configure(t.Context(), endpoints(t, strings.Replace(numbered, "127.0.0.1", "carrier.test", 1))); err != nil {
		t.Fatal(err)
	}
	first, second := siptest.UDP(t, r.server.Addr("udp")), siptest.UDPFrom(t, netip.MustParseAddr("127.0.0.2"), r.server.Addr("udp"))
	known := func(p *siptest.Peer) bool {
		t.Helper()
		c := from(p, "7", "sip:404@"+r.server.Addr("udp").String())
		c.Send("INVITE", "")
		switch m := answerTo(c); m.Status() {
		case 404:
			return true
		case 401:
			return false
		default:
			t.Fatalf("answered with\n%s", m.Text)
			return false
		}
	}
	// Configured twice, once without: both have told whom they trust.
	siptest.Wait(t, trusted)
	if p := siptest.Wait(t, trusted); len(p) > 0 || known(first) || known(second) {
		t.Fatalf("%v is trusted though no name is known", p)
	}
	t.Cleanup(r.tech.Refresh(5 * time.Millisecond))
	leads := func(to ...string) {
		t.Helper()
		for got := siptest.Wait(t, trusted); len(got) != len(to) || got[0].String() != to[0]; got = siptest.Wait(t, trusted) {
		}
	}
	up := func(zone string) {
		names.Set(zone)
		for _, q := range []string{"carrier.test.", "_sip._udp.carrier.test.", "_sip._tcp.carrier.test.", "_sips._tcp.carrier.test."} {
			names.Answer(q, nil)
		}
	}
	up("carrier.test. 0 IN A 127.0.0.1\n")
	leads("127.0.0.1/32")
	if !known(first) || known(second) {
		t.Error("who the name leads to is not known")
	}
	up("_sip._udp.carrier.test. 0 IN SRV 1 1 5060 sbc.test.\nsbc.test. 0 IN A 127.0.0.2\n")
	leads("127.0.0.2/32", "127.0.0.1/32")
	if !known(first) || !known(second) {
		t.Error("the carrier has moved, and is not known there, or where it was a moment ago")
	}
	for _, q := range []string{"carrier.test.", "_sip._udp.carrier.test.", "_sip._tcp.carrier.test.", "_sips._tcp.carrier.test.", "sbc.test."} {
		names.Answer(q, dnstest.Refuse(dns.RcodeServerFailure))
	}
	asked := func() int {
		return names.Asked("_sip._udp.carrier.test.", dns.TypeSRV) + names.Asked("carrier.test.", dns.TypeA)
	}
	before := asked()
	r.house.Eventually("it is asked while it fails", func() bool { return asked() > before+10 })
	if !known(first) || !known(second) || len(trusted) > 0 {
		t.Error("the last addresses do not count while name servers fail")
	}
	// A reload meanwhile keeps them too.
	if err := r.tech.Configure(t.Context(), endpoints(t, strings.Replace(numbered, "127.0.0.1", "carrier.test", 1))); err != nil {
		t.Fatal(err)
	}
	if !known(first) || !known(second) {
		t.Error("a reload has forgotten them")
	}
}
