package transport

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// zone is a DNS server on the loopback: "SRV name" and "A name" to what they say.
type zone map[string][]string

func (z zone) serve(t *testing.T) *net.Resolver {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { // ended by pc.Close
		defer close(done)
		buf := make([]byte, 1500)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			if out, err := z.answer(buf[:n]); err == nil {
				_, _ = pc.WriteTo(out, from) // the resolver asks again
			}
		}
	}()
	t.Cleanup(func() { pc.Close(); <-done })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", pc.LocalAddr().String())
	}}
}

func (z zone) answer(question []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(question); err != nil {
		return nil, err
	}
	q := m.Questions[0]
	m.Response, m.Additionals = true, nil
	rrs, known := z[strings.TrimPrefix(q.Type.String(), "Type")+" "+strings.ToLower(q.Name.String())]
	if !known {
		m.RCode = dnsmessage.RCodeNameError
		for name := range z {
			if strings.HasSuffix(name, " "+q.Name.String()) {
				m.RCode = dnsmessage.RCodeSuccess
			}
		}
	}
	for _, rr := range rrs {
		if rr == "fails" {
			m.RCode = dnsmessage.RCodeServerFailure
			break
		}
		h := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 60}
		var body dnsmessage.ResourceBody
		if q.Type == dnsmessage.TypeSRV {
			var s dnsmessage.SRVResource
			var target string
			if _, err := fmt.Sscan(rr, &s.Priority, &s.Weight, &s.Port, &target); err != nil {
				return nil, err
			}
			s.Target = dnsmessage.MustNewName(target)
			body = &s
		} else {
			body = &dnsmessage.AResource{A: [4]byte(net.ParseIP(rr).To4())}
		}
		m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: body})
	}
	return m.Pack()
}

func parsed(s string) message.URI {
	u, err := message.ParseURI(s)
	if err != nil {
		panic(err)
	}
	return u
}

func TestResolve(t *testing.T) {
	dns := DNS{Net: zone{
		"SRV _sip._udp.trunk.test.":  {"20 0 5070 b.test.", "10 0 5060 a.test.", "30 0 5080 gone.test."},
		"SRV _sips._tcp.trunk.test.": {"10 0 5061 a.test."},
		"SRV _sip._udp.old.test.":    {"fails"}, // as routers do that do not know SRV
		"A old.test.":                {"192.0.2.4"},
		"SRV _sip._udp.down.test.":   {"fails"},
		"A a.test.":                  {"192.0.2.1"},
		"A b.test.":                  {"192.0.2.2", "192.0.2.3"},
		"A trunk.test.":              {"192.0.2.9"},
	}.serve(t)}
	for _, c := range []struct{ uri, transport, want string }{
		{"sip:192.0.2.7", "", "udp 192.0.2.7:5060"},
		{"sip:192.0.2.7:5070;transport=tcp", "", "tcp 192.0.2.7:5070"},
		{"sip:192.0.2.7;transport=tls", "", "tls 192.0.2.7:5061"},
		{"sips:192.0.2.7", "", "tls 192.0.2.7:5061"},
		{"sips:192.0.2.7;transport=tcp", "", "tls 192.0.2.7:5061"},
		{"sip:192.0.2.7;transport=tcp", "udp", "udp 192.0.2.7:5060"},
		{"sip:[2001:db8::1]:5070", "", "udp [2001:db8::1]:5070"},
		{"sip:x@far.test;maddr=192.0.2.8", "", "udp 192.0.2.8:5060"},
		{"sip:trunk.test", "", "udp 192.0.2.1:5060 udp 192.0.2.2:5070 udp 192.0.2.3:5070"},
		{"sips:trunk.test", "", "tls 192.0.2.1:5061"},
		{"sip:trunk.test;transport=tls", "", "tls 192.0.2.1:5061"},
		{"sip:trunk.test;transport=tcp", "", "tcp 192.0.2.9:5060"},
		{"sip:trunk.test:5090", "", "udp 192.0.2.9:5090"},
		{"sip:old.test", "", "udp 192.0.2.4:5060"},
		{"sip:down.test", "", ""},
		{"sip:nobody.test", "", ""},
		{"sip:nobody.test:5060", "", ""},
		{"sip:192.0.2.7;transport=ws", "", ""},
		{"sip:192.0.2.7;transport=sctp", "", ""},
		{"sips:192.0.2.7;transport=udp", "", ""},
	} {
		got, err := dns.Resolve(t.Context(), parsed(c.uri), c.transport)
		if (c.want == "") != (err != nil) || err != nil && fault.Of(err) != fault.Unreachable {
			t.Errorf("%s: %v %v", c.uri, got, err)
			continue
		}
		var text []string
		for _, d := range got {
			text = append(text, d.Network+" "+d.Addr.String())
			if d.Network == "tls" && d.Host != parsed(c.uri).Host {
				t.Errorf("%s: certificate for %s", c.uri, d.Host)
			}
		}
		if s := strings.Join(text, " "); s != c.want {
			t.Errorf("%s: %s, want %s", c.uri, s, c.want)
		}
	}
}
