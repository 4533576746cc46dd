package resolver

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/siptest/dnstest"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// Answers are kept for as long as they say, within bounds, and no longer.
func TestTTL(t *testing.T) {
	const soa = "test. 600 IN SOA ns.test. root.test. 1 60 60 60 30\n"
	s := dnstest.New(t, soa+"a.test. 60 IN A 192.0.2.1\nlong.test. 4000000 IN A 192.0.2.1\nzero.test. 0 IN A 192.0.2.1\n")
	r, c := asking(t, s, func(c *Config) { c.MaxTTL = time.Hour })
	for _, step := range []struct {
		name  string
		pass  time.Duration
		asked int
	}{
		{"a.test.", 0, 1},
		{"a.test.", 59 * time.Second, 1},
		{"a.test.", 2 * time.Second, 2},
		{"long.test.", 0, 1},
		{"long.test.", 59 * time.Minute, 1},
		{"long.test.", 2 * time.Minute, 2},
		{"zero.test.", 0, 1},
		{"zero.test.", 0, 1}, // MinTTL: many who ask at once ask once
		{"zero.test.", time.Second, 2},
	} {
		c.pass(step.pass)
		if got := where(t, r, "sip:"+step.name+":5060", ""); got != "udp 192.0.2.1:5060" {
			t.Errorf("%s: %s", step.name, got)
		}
		if n := s.Asked(step.name, dns.TypeA); n != step.asked {
			t.Errorf("%s after %v more: asked %d times, want %d", step.name, step.pass, n, step.asked)
		}
	}
	// What is not there is remembered for the SOA's minimum, and found when it is there.
	for range 2 {
		where(t, r, "sip:new.test:5060", "")
	}
	if n := s.Asked("new.test.", dns.TypeA); n != 1 {
		t.Errorf("a name that is not there: asked %d times", n)
	}
	s.Set(soa + "new.test. 60 IN A 192.0.2.2\na.test. 60 IN A 192.0.2.3\n")
	if got := where(t, r, "sip:new.test:5060", ""); got != "" {
		t.Errorf("before its time: %s", got)
	}
	c.pass(31 * time.Second)
	if got := where(t, r, "sip:new.test:5060", ""); got != "udp 192.0.2.2:5060" {
		t.Errorf("after its time: %s", got)
	}
	c.pass(time.Hour)
	if got := where(t, r, "sip:a.test:5060", ""); got != "udp 192.0.2.3:5060" {
		t.Errorf("changed: %s", got)
	}
}

// While the servers fail, what was known serves; what was not is asked for in growing
// intervals.
func TestServersFail(t *testing.T) {
	s := dnstest.New(t, zone)
	r, c := asking(t, s, func(c *Config) { c.Stale = 10 * time.Hour })
	if got := where(t, r, "sip:a.test:5060", ""); got != "udp 192.0.2.1:5060" {
		t.Fatal(got)
	}
	for _, name := range []string{"a.test.", "b.test."} {
		s.Answer(name, dnstest.Refuse(dns.RcodeServerFailure))
	}
	c.pass(5 * time.Hour)
	if got := where(t, r, "sip:a.test:5060", ""); got != "udp 192.0.2.1:5060" {
		t.Errorf("stale: %s", got)
	}
	c.pass(6 * time.Hour)
	if got := where(t, r, "sip:a.test:5060", ""); got != "" {
		t.Errorf("too old: %s", got)
	}
	asked := 0
	for i, pass := range []time.Duration{0, 4 * time.Second, 2 * time.Second, 9 * time.Second, 2 * time.Second} {
		c.pass(pass)
		where(t, r, "sip:b.test:5060", "")
		if i%2 == 0 {
			asked += 2 // in two rounds
		}
		if n := s.Asked("b.test.", dns.TypeA); n != asked {
			t.Errorf("step %d: asked %d times, want %d", i, n, asked)
		}
	}
	s.Answer("b.test.", nil)
	c.pass(time.Hour)
	if got := where(t, r, "sip:b.test:5060", ""); got != "udp 192.0.2.2:5060 udp 192.0.2.3:5060" {
		t.Errorf("after: %s", got)
	}
}

// Servers that are wrong, dead or silent cost the next one's answer nothing but time.
func TestNextServer(t *testing.T) {
	good := dnstest.New(t, zone)
	for name, answer := range map[string]dnstest.Answer{
		"SERVFAIL": dnstest.Refuse(dns.RcodeServerFailure),
		"REFUSED":  dnstest.Refuse(dns.RcodeRefused),
		"silent":   dnstest.Silent,
	} {
		bad := dnstest.New(t, "")
		bad.Answer("a.test.", answer)
		r, _ := asking(t, good, func(c *Config) {
			c.Servers = []netip.AddrPort{bad.Addr, good.Addr}
			c.QuestionTimeout = 100 * time.Millisecond
			c.LookupTimeout = time.Minute
			c.Rounds = 100 // a good server that is slow today is asked again
		})
		if got := where(t, r, "sip:a.test:5060", ""); got != "udp 192.0.2.1:5060" {
			t.Errorf("%s: %s", name, got)
		}
		if bad.Asked("a.test.", dns.TypeA)+bad.Asked("a.test.", dns.TypeAAAA) == 0 {
			t.Errorf("%s: not asked", name)
		}
	}
	closed := dnstest.New(t, "")
	r, _ := asking(t, good, func(c *Config) { c.Servers = []netip.AddrPort{netip.AddrPortFrom(closed.Addr.Addr(), 1), good.Addr} })
	if got := where(t, r, "sip:a.test:5060", ""); got != "udp 192.0.2.1:5060" {
		t.Errorf("closed port: %s", got)
	}
}

// Answers that are too large come over TCP; servers that know no EDNS are asked without;
// and where TCP is closed a part serves.
func TestSizes(t *testing.T) {
	s := dnstest.New(t, zone)
	s.Answer("a.test.", func(network string, q *dns.Msg) *dns.Msg {
		m := s.Right(q)
		if network == "udp" {
			m.Answer, m.Truncated = nil, true
		}
		return m
	})
	s.Answer("b.test.", func(network string, q *dns.Msg) *dns.Msg {
		if q.IsEdns0() != nil {
			return dnstest.Refuse(dns.RcodeFormatError)(network, q)
		}
		return s.Right(q)
	})
	s.Answer("both.test.", func(network string, q *dns.Msg) *dns.Msg {
		m := s.Right(q)
		if len(m.Answer) > 0 {
			m.Answer = m.Answer[:1]
		}
		m.Truncated = true
		if network == "tcp" {
			return dnstest.Refuse(dns.RcodeServerFailure)(network, q).SetRcode(new(dns.Msg), 0) // nonsense
		}
		return m
	})
	r, _ := asking(t, s)
	for uri, want := range map[string]string{
		"sip:a.test:5060":    "udp 192.0.2.1:5060",
		"sip:b.test:5060":    "udp 192.0.2.2:5060 udp 192.0.2.3:5060",
		"sip:both.test:5060": "udp 192.0.2.4:5060 udp [2001:db8::4]:5060",
	} {
		if got := where(t, r, uri, ""); got != want {
			t.Errorf("%s: %s, want %s", uri, got, want)
		}
	}
}

// Records of other names, of other questions, and those that come uninvited are not
// taken, now or later.
func TestPoison(t *testing.T) {
	s := dnstest.New(t, zone)
	evil, err := dns.NewRR("bank.test. 3600 IN A 198.51.100.66")
	if err != nil {
		t.Fatal(err)
	}
	s.Answer("a.test.", func(_ string, q *dns.Msg) *dns.Msg {
		m := s.Right(q)
		m.Answer = append([]dns.RR{evil}, m.Answer...)
		m.Extra = append(m.Extra, evil)
		return m
	})
	other := func(change func(*dns.Msg)) dnstest.Answer {
		return func(network string, q *dns.Msg) *dns.Msg {
			m := s.Right(q)
			if network == "udp" {
				change(m)
			}
			return m
		}
	}
	for name, change := range map[string]func(*dns.Msg){
		"id.test.":       func(m *dns.Msg) { m.Id++ },
		"question.test.": func(m *dns.Msg) { m.Question[0].Name = "bank.test." },
		"kind.test.":     func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeTXT },
		"query.test.":    func(m *dns.Msg) { m.Response = false },
		"none.test.":     func(m *dns.Msg) { m.Question = nil },
	} {
		s.Answer(name, other(change))
	}
	r, _ := asking(t, s, func(c *Config) { c.QuestionTimeout, c.Rounds = 20*time.Millisecond, 1 })
	s.Set(zone + "bank.test. 60 IN A 192.0.2.77\nid.test. 60 IN A 192.0.2.66\nquestion.test. 60 IN A 192.0.2.66\n" +
		"kind.test. 60 IN A 192.0.2.66\nquery.test. 60 IN A 192.0.2.66\nnone.test. 60 IN A 192.0.2.66\n")
	for _, uri := range []string{"sip:id.test:5060", "sip:question.test:5060", "sip:kind.test:5060", "sip:query.test:5060", "sip:none.test:5060"} {
		if got := where(t, r, uri, ""); got != "" {
			t.Errorf("%s: %s", uri, got)
		}
	}
	patient, _ := asking(t, s)
	if got := where(t, patient, "sip:a.test:5060", ""); got != "udp 192.0.2.1:5060" {
		t.Errorf("with records of another name: %s", got)
	}
	if got := where(t, patient, "sip:bank.test:5060", ""); got != "udp 192.0.2.77:5060" {
		t.Errorf("the other name: %s", got)
	}
}

// A hundred who ask the same wait for one question; who asks for something else does
// not wait with them, and who has lost patience does not wait at all.
func TestOneQuestionForMany(t *testing.T) {
	s := dnstest.New(t, zone)
	held, asked := make(chan struct{}), make(chan struct{}, 8)
	s.Answer("a.test.", func(_ string, q *dns.Msg) *dns.Msg {
		asked <- struct{}{}
		<-held
		return s.Right(q)
	})
	r, _ := asking(t, s)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() { // ended by held
			if got := where(t, r, "sip:a.test:5060", ""); got != "udp 192.0.2.1:5060" {
				t.Errorf("%s", got)
			}
		})
	}
	<-asked
	if got := where(t, r, "sip:b.test:5060", ""); got != "udp 192.0.2.2:5060 udp 192.0.2.3:5060" {
		t.Errorf("beside it: %s", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Resolve(ctx, parsed(t, "sip:a.test:5060"), ""); fault.Of(err) != fault.Unreachable {
		t.Errorf("impatient: %v", err)
	}
	close(held)
	wg.Wait()
	if n := s.Asked("a.test.", dns.TypeA); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// A slow server does not hold up who asks for what was known.
func TestStaleWhileSlow(t *testing.T) {
	s := dnstest.New(t, zone)
	r, c := asking(t, s, func(c *Config) { c.StaleAfter = time.Millisecond })
	where(t, r, "sip:a.test:5060", "")
	held := make(chan struct{})
	defer close(held)
	s.Answer("a.test.", func(_ string, q *dns.Msg) *dns.Msg { <-held; return s.Right(q) })
	c.pass(time.Hour)
	if got := where(t, r, "sip:a.test:5060", ""); got != "udp 192.0.2.1:5060" {
		t.Errorf("%s", got)
	}
}

// More questions than Questions wait, more than Waiting beside them fail, and none of it
// touches who asks for what is known.
func TestTooManyNames(t *testing.T) {
	s := dnstest.New(t, zone)
	r, _ := asking(t, s, func(c *Config) { c.Questions, c.Waiting = 2, 2 })
	where(t, r, "sip:b.test:5060", "") // A and AAAA
	for i := range 2 {
		s.Answer(fmt.Sprintf("slow%d.test.", i), dnstest.Silent)
		r.prefetch(question{fmt.Sprintf("slow%d.test.", i), dns.TypeA}, question{fmt.Sprintf("slow%d.test.", i), dns.TypeAAAA})
	}
	if _, err := r.ask(t.Context(), question{"a.test.", dns.TypeA}); fault.Of(err) != fault.Unavailable {
		t.Errorf("one too many: %v", err)
	}
	if got := where(t, r, "sip:b.test:5060", ""); got != "udp 192.0.2.2:5060 udp 192.0.2.3:5060" {
		t.Errorf("what is known: %s", got)
	}
}

// The cache holds so many, and drops what was used longest ago.
func TestCacheBound(t *testing.T) {
	c := newCache(3)
	for _, name := range []string{"a.", "b.", "c.", "a.", "d."} {
		if q := (question{name, dns.TypeA}); c.get(q) == nil {
			c.put(&entry{q: q})
		}
	}
	if c.get(question{"b.", dns.TypeA}) != nil || c.get(question{"a.", dns.TypeA}) == nil || len(c.by) != 3 || c.used.Len() != 3 {
		t.Errorf("%d entries: %v", c.used.Len(), c.by)
	}
}

// What failed is tried after the rest, by every call, until it answers or time has passed.
func TestAvoid(t *testing.T) {
	r, c := asking(t, dnstest.New(t, zone))
	a := transport.Destination{Network: "udp", Addr: netip.MustParseAddrPort("192.0.2.1:5060")}
	const usual, after = "udp 192.0.2.1:5060 udp 192.0.2.2:5070 udp 192.0.2.3:5070 tcp 192.0.2.1:5066",
		"udp 192.0.2.2:5070 udp 192.0.2.3:5070 tcp 192.0.2.1:5066 udp 192.0.2.1:5060"
	want := func(what, want string) {
		t.Helper()
		if got := where(t, r, "sip:trunk.test", ""); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	want("before", usual)
	r.Failed(a, 0)
	want("failed", after)
	c.pass(29 * time.Second)
	want("still", after)
	c.pass(2 * time.Second)
	want("forgotten", usual)
	r.Failed(a, 2*time.Minute)
	c.pass(time.Minute)
	want("as it asked for", after)
	r.Answered(a)
	want("it answers", usual)
	for i := range 2 * maxAvoided {
		r.Failed(transport.Destination{Network: "udp", Addr: netip.AddrPortFrom(a.Addr.Addr(), uint16(i+1))}, 0)
	}
	if n := len(r.health.byPlace); n > maxAvoided {
		t.Errorf("%d places are remembered", n)
	}
}

// FuzzExtract: whatever a server sends, what is taken of it answers the question.
func FuzzExtract(f *testing.F) {
	for _, text := range []string{"a.test. 60 IN A 192.0.2.1", "a.test. 60 IN CNAME a.test.", "a.test. 1 IN SRV 0 0 1 .",
		"a.test. 60 IN NAPTR 1 1 \"s\" \"SIP+D2U\" \"\" b.test."} {
		m := new(dns.Msg).SetQuestion("a.test.", dns.TypeA)
		rr, err := dns.NewRR(text)
		if err != nil {
			f.Fatal(err)
		}
		m.Answer = []dns.RR{rr}
		b, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, dns.TypeA)
	}
	f.Fuzz(func(t *testing.T, b []byte, kind uint16) {
		var m dns.Msg
		if m.Unpack(b) != nil || len(m.Question) == 0 {
			return
		}
		x := extract(&m, question{"a.test.", kind})
		if len(x.records) > maxRecords || x.ttl < 0 {
			t.Fatalf("%d records for %v", len(x.records), x.ttl)
		}
		for _, rr := range x.records {
			if rr.Header().Rrtype != kind {
				t.Fatalf("a record of type %d for %d", rr.Header().Rrtype, kind)
			}
		}
		orderSRV(x.records, func(n int) int { return n - 1 })
		for _, s := range orderNAPTR(x.records, false) {
			if s.name == "" || s.network == "" {
				t.Fatalf("service %v", s)
			}
		}
	})
}
