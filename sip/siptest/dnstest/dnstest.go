// Package dnstest has a DNS server for tests, on a real loopback socket: it answers
// from a zone in the words of a zone file, and as badly as it is told to.
//
// Goroutines: those of its two listeners and their questions, which end with the test.
package dnstest

import (
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// Server answers over UDP and TCP of one port.
type Server struct {
	Addr netip.AddrPort
	t    testing.TB

	mu     sync.Mutex
	zone   []dns.RR
	wrong  map[string]Answer
	counts map[string]int
}

// Answer makes the answer to a question that came over "udp" or "tcp"; nil is silence.
type Answer func(network string, question *dns.Msg) *dns.Msg

// New starts a server with a zone, see Set.
func New(t testing.TB, zone string) *Server {
	t.Helper()
	s := &Server{t: t, wrong: make(map[string]Answer), counts: make(map[string]int)}
	s.Set(zone)
	pc, l := listen(t)
	s.Addr = netip.MustParseAddrPort(pc.LocalAddr().String())
	for _, one := range []*dns.Server{{PacketConn: pc}, {Listener: l}} {
		network := "udp"
		if one.Listener != nil {
			network = "tcp"
		}
		up, done := make(chan struct{}), make(chan struct{})
		one.NotifyStartedFunc = func() { close(up) }
		one.Handler = dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
			if a := s.answer(network, q); a != nil {
				_ = w.WriteMsg(a) // whoever asked may have gone
			}
		})
		go func() { // owned by s, ended by the cleanup below
			defer close(done)
			_ = one.ActivateAndServe() // Shutdown ends it
		}()
		<-up
		t.Cleanup(func() {
			_ = one.Shutdown() // it was started
			<-done
		})
	}
	return s
}

// listen finds a port that is free over UDP and TCP.
func listen(t testing.TB) (net.PacketConn, net.Listener) {
	t.Helper()
	for range 100 {
		pc, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("tcp", pc.LocalAddr().String())
		if err == nil {
			return pc, l
		}
		_ = pc.Close() // the next one may be free
	}
	t.Fatal("dnstest: no port is free over UDP and TCP")
	return nil, nil
}

// Set replaces the zone: lines such as "a.test. 60 IN A 127.0.0.1". A name that has
// records of other kinds gets an answer without any, a name without records NXDOMAIN,
// both with the SOA of the zone if there is one.
func (s *Server) Set(zone string) {
	s.t.Helper()
	var rrs []dns.RR
	p := dns.NewZoneParser(strings.NewReader(zone), "", "zone")
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		rrs = append(rrs, rr)
	}
	if err := p.Err(); err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.zone = rrs
}

// Answer has questions for a name answered so, whatever their kind; nil as the zone
// says.
func (s *Server) Answer(name string, a Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong[strings.ToLower(name)] = a
}

// Asked is how often a question was asked.
func (s *Server) Asked(name string, kind uint16) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[strings.ToLower(name)+" "+dns.TypeToString[kind]]
}

func (s *Server) answer(network string, q *dns.Msg) *dns.Msg {
	name := strings.ToLower(q.Question[0].Name)
	s.mu.Lock()
	s.counts[name+" "+dns.TypeToString[q.Question[0].Qtype]]++
	wrong := s.wrong[name]
	s.mu.Unlock()
	if wrong != nil {
		return wrong(network, q)
	}
	return s.Right(q)
}

// Right is the answer of the zone, for an Answer that changes it.
func (s *Server) Right(q *dns.Msg) *dns.Msg {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := new(dns.Msg)
	m.SetReply(q)
	name, kind, known := strings.ToLower(q.Question[0].Name), q.Question[0].Qtype, false
	for range 4 {
		alias := ""
		for _, rr := range s.zone {
			h := rr.Header()
			if !strings.EqualFold(h.Name, name) {
				continue
			}
			known = true
			switch c, ok := rr.(*dns.CNAME); {
			case h.Rrtype == kind:
				m.Answer = append(m.Answer, dns.Copy(rr))
			case ok:
				m.Answer = append(m.Answer, dns.Copy(rr))
				alias = strings.ToLower(c.Target)
			}
		}
		if alias == "" {
			break
		}
		name = alias
	}
	if !known {
		m.Rcode = dns.RcodeNameError
	}
	if len(m.Answer) == 0 {
		for _, rr := range s.zone {
			if soa, ok := rr.(*dns.SOA); ok && strings.HasSuffix(name, strings.ToLower(soa.Hdr.Name)) {
				m.Ns = append(m.Ns, dns.Copy(rr))
			}
		}
	}
	return m
}

// Refuse answers with a code, such as dns.RcodeServerFailure.
func Refuse(code int) Answer {
	return func(_ string, q *dns.Msg) *dns.Msg {
		m := new(dns.Msg)
		return m.SetRcode(q, code)
	}
}

// Silent never answers.
func Silent(string, *dns.Msg) *dns.Msg { return nil }
