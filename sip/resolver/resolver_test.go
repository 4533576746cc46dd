package resolver

import (
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest/dnstest"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// clock is the time of a resolver under test.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// asking is a resolver that asks a server, with a clock of its own and no chance.
func asking(t *testing.T, s *dnstest.Server, change ...func(*Config)) (*Resolver, *clock) {
	t.Helper()
	c := &clock{at: time.Now()}
	cfg := Default()
	cfg.HostsFile, cfg.ResolvConf = filepath.Join(t.TempDir(), "hosts"), filepath.Join(t.TempDir(), "resolv.conf")
	cfg.Servers = []netip.AddrPort{s.Addr}
	cfg.QuestionTimeout, cfg.LookupTimeout = time.Minute, time.Minute
	cfg.Now, cfg.Rand = c.now, func(int) int { return 0 }
	for _, f := range change {
		f(&cfg)
	}
	r, err := New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r, c
}

func parsed(t testing.TB, s string) message.URI {
	t.Helper()
	u, err := message.ParseURI(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// where is where a URI leads, as text; what goes wrong is "" and of kind Unreachable.
func where(t *testing.T, r *Resolver, uri, network string) string {
	t.Helper()
	ds, err := r.Resolve(t.Context(), parsed(t, uri), network)
	if (len(ds) == 0) != (err != nil) || err != nil && fault.Of(err) != fault.Unreachable {
		t.Errorf("%s: %v, %v", uri, ds, err)
	}
	return text(ds)
}

func text(ds []transport.Destination) string {
	var out []string
	for _, d := range ds {
		out = append(out, d.Network+" "+d.Addr.String())
	}
	return strings.Join(out, " ")
}

const zone = `
test.                  60 IN SOA   ns.test. root.test. 1 60 60 60 30
_sip._udp.trunk.test.  60 IN SRV   20 0 5070 b.test.
_sip._udp.trunk.test.  60 IN SRV   10 0 5060 a.test.
_sip._udp.trunk.test.  60 IN SRV   30 0 5080 gone.test.
_sip._tcp.trunk.test.  60 IN SRV   10 0 5066 a.test.
_sips._tcp.trunk.test. 60 IN SRV   10 0 5061 a.test.
trunk.test.            60 IN A     192.0.2.9
a.test.                60 IN A     192.0.2.1
b.test.                60 IN A     192.0.2.2
b.test.                60 IN A     192.0.2.3
both.test.             60 IN A     192.0.2.4
both.test.             60 IN A     192.0.2.5
both.test.             60 IN AAAA  2001:db8::4
six.test.              60 IN AAAA  2001:db8::6
carrier.test.          60 IN NAPTR 50 50 "s" "SIPS+D2T" "" _sips._tcp.edge.test.
carrier.test.          60 IN NAPTR 20 50 "s" "SIP+D2T" "" _sip._tcp.edge.test.
carrier.test.          60 IN NAPTR 10 50 "s" "SIP+D2S" "" _sip._sctp.edge.test.
carrier.test.          60 IN NAPTR 20 10 "S" "sip+d2u" "" _sip._udp.edge.test.
carrier.test.          60 IN NAPTR 20 5  "u" "E2U+sip" "!^.*$!sip:x@evil.test!" .
carrier.test.          60 IN A     192.0.2.99
_sips._tcp.edge.test.  60 IN SRV   0 0 5061 e1.test.
_sip._tcp.edge.test.   60 IN SRV   0 0 5060 e2.test.
_sip._udp.edge.test.   60 IN SRV   0 0 5060 e3.test.
e1.test.               60 IN A     192.0.2.11
e2.test.               60 IN A     192.0.2.12
e3.test.               60 IN A     192.0.2.13
empty.test.            60 IN NAPTR 10 10 "s" "SIP+D2U" "" _sip._udp.nowhere.test.
closed.test.           60 IN A     192.0.2.14
_sip._udp.closed.test. 60 IN SRV   0 0 0 .
alias.test.            60 IN CNAME alias2.test.
alias2.test.           60 IN CNAME a.test.
loop1.test.            60 IN CNAME loop2.test.
loop2.test.            60 IN CNAME loop1.test.
turn.test.             60 IN NAPTR 10 10 "s" "SIP+D2U" "" turn.test.
turn.test.             60 IN SRV   0 0 5060 turn.test.
turn.test.             60 IN CNAME turn.test.
office.corp.test.      60 IN A     192.0.2.20
`

func TestResolve(t *testing.T) {
	s := dnstest.New(t, zone)
	for _, name := range []string{"_sip._udp.old.test.", "_sip._tcp.old.test."} { // as routers do that do not know SRV
		s.Answer(name, dnstest.Refuse(dns.RcodeServerFailure))
	}
	r, _ := asking(t, s, func(c *Config) {
		write(t, c.HostsFile, "127.0.0.1 localhost\n192.0.2.30 Desk.test desk # the one there\n::1 six\nrubbish here\n")
		write(t, c.ResolvConf, "search corp.test\n")
	})
	s.Set(zone + "old.test. 60 IN A 192.0.2.4\n")
	for _, c := range []struct{ uri, transport, want string }{
		{"sip:192.0.2.7", "", "udp 192.0.2.7:5060"},
		{"sip:192.0.2.7:5070;transport=tcp", "", "tcp 192.0.2.7:5070"},
		{"sip:192.0.2.7;transport=tls", "", "tls 192.0.2.7:5061"},
		{"sips:192.0.2.7", "", "tls 192.0.2.7:5061"},
		{"sips:192.0.2.7;transport=tcp", "", "tls 192.0.2.7:5061"},
		{"sip:192.0.2.7;transport=tcp", "udp", "udp 192.0.2.7:5060"},
		{"sip:[2001:db8::1]:5070", "", "udp [2001:db8::1]:5070"},
		{"sip:[::ffff:192.0.2.7]", "", "udp 192.0.2.7:5060"},
		{"sip:x@far.test;maddr=192.0.2.8", "", "udp 192.0.2.8:5060"},
		{"sip:x@far.test:5090;maddr=a.test", "", "udp 192.0.2.1:5090"},
		{"sip:trunk.test", "", "udp 192.0.2.1:5060 udp 192.0.2.2:5070 udp 192.0.2.3:5070 tcp 192.0.2.1:5066"},
		{"sip:TRUNK.test.", "", "udp 192.0.2.1:5060 udp 192.0.2.2:5070 udp 192.0.2.3:5070 tcp 192.0.2.1:5066"},
		{"sips:trunk.test", "", "tls 192.0.2.1:5061"},
		{"sip:trunk.test;transport=tls", "", "tls 192.0.2.1:5061"},
		{"sip:trunk.test;transport=tcp", "", "tcp 192.0.2.1:5066"},
		{"sip:a.test;transport=tcp", "", "tcp 192.0.2.1:5060"},
		{"sip:trunk.test:5090", "", "udp 192.0.2.9:5090"},
		{"sip:carrier.test", "", "udp 192.0.2.13:5060 tcp 192.0.2.12:5060 tls 192.0.2.11:5061"},
		{"sips:carrier.test", "", "tls 192.0.2.11:5061"},
		{"sip:carrier.test:5099", "", "udp 192.0.2.99:5099"},
		{"sip:carrier.test;transport=udp", "", "udp 192.0.2.99:5060"},
		{"sip:both.test", "", "udp 192.0.2.4:5060 udp [2001:db8::4]:5060 udp 192.0.2.5:5060"},
		{"sip:six.test:5061", "tls", "tls [2001:db8::6]:5061"},
		{"sip:alias.test", "", "udp 192.0.2.1:5060"},
		{"sip:closed.test", "", ""},
		{"sip:closed.test:5060", "", "udp 192.0.2.14:5060"},
		{"sip:empty.test", "", ""},
		{"sip:loop1.test", "", ""},
		{"sip:turn.test", "", ""},
		{"sip:desk", "", "udp 192.0.2.30:5060"},
		{"sip:DESK.test;transport=tls", "", "tls 192.0.2.30:5061"},
		{"sip:localhost", "", "udp 127.0.0.1:5060"},
		{"sip:x.localhost", "", "udp 127.0.0.1:5060 udp [::1]:5060"},
		{"sip:office", "", "udp 192.0.2.20:5060"},
		{"sip:old.test", "", "udp 192.0.2.4:5060"},
		{"sip:nobody.test", "", ""},
		{"sip:nobody.test:5060", "", ""},
		{"sip:df7jal23ls0d.invalid", "", ""},
		{"sip:a..test", "", ""},
		{"sip:192.0.2.7;transport=ws", "", ""},
		{"sip:192.0.2.7;transport=sctp", "", ""},
		{"sips:192.0.2.7;transport=udp", "", ""},
	} {
		if got := where(t, r, c.uri, c.transport); got != c.want {
			t.Errorf("%s: %s, want %s", c.uri, got, c.want)
		}
	}
	if n := s.Asked("df7jal23ls0d.invalid.", dns.TypeA); n != 0 {
		t.Errorf("a name of nobody was asked for")
	}
	ds, err := r.Resolve(t.Context(), parsed(t, "sips:carrier.test"), "")
	if err != nil || ds[0].Host != "carrier.test" {
		t.Errorf("certificate for %v, %v", ds, err) // RFC 5922 §4
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Where a response goes whose request came from another place than it says (RFC 3263 §5).
func TestReturnTo(t *testing.T) {
	r, _ := asking(t, dnstest.New(t, zone))
	for via, want := range map[string]string{
		"SIP/2.0/UDP 192.0.2.7":                  "udp 192.0.2.7:5060",
		"SIP/2.0/TLS [2001:db8::7]":              "tls [2001:db8::7]:5061",
		"SIP/2.0/TCP a.test:5090":                "tcp 192.0.2.1:5090",
		"SIP/2.0/TCP trunk.test":                 "tcp 192.0.2.1:5066",
		"SIP/2.0/TLS trunk.test":                 "tls 192.0.2.1:5061",
		"SIP/2.0/UDP a.test;maddr=192.0.2.8":     "udp 192.0.2.8:5060",
		"SIP/2.0/WS df7jal23ls0d.invalid":        "",
		"SIP/2.0/UDP nobody.test;branch=z9hG4bK": "",
	} {
		v, err := message.ParseVia(via)
		if err != nil {
			t.Fatal(err)
		}
		ds, err := r.ReturnTo(t.Context(), v)
		if got := text(ds); got != want || (want == "") != (err != nil) {
			t.Errorf("%s: %s, %v; want %s", via, got, err, want)
		}
	}
}

func TestAddrs(t *testing.T) {
	r, _ := asking(t, dnstest.New(t, zone))
	got, err := r.Addrs(t.Context(), "both.test")
	if err != nil || len(got) != 3 || got[0].String() != "192.0.2.4" {
		t.Errorf("%v, %v", got, err)
	}
	got, err = r.Served(t.Context(), "trunk.test")
	if err != nil || len(got) != 3 || got[0].String() != "192.0.2.1" {
		t.Errorf("served at %v, %v", got, err)
	}
	if _, err := r.Addrs(t.Context(), "nobody.test"); fault.Of(err) != fault.Unreachable {
		t.Errorf("%v", err)
	}
}

// The files are read again when they change.
func TestSystemFiles(t *testing.T) {
	s := dnstest.New(t, zone)
	var hosts string
	r, c := asking(t, s, func(c *Config) { hosts = c.HostsFile; write(t, hosts, "192.0.2.1 desk\n") })
	if got := where(t, r, "sip:desk", ""); got != "udp 192.0.2.1:5060" {
		t.Error(got)
	}
	write(t, hosts, "192.0.2.22 desk\n")
	c.pass(lookEvery)
	if got := where(t, r, "sip:desk", ""); got != "udp 192.0.2.22:5060" {
		t.Error(got)
	}
	conf := filepath.Join(t.TempDir(), "resolv.conf")
	sys := system{resolvConf: conf}
	if got := sys.servers(c.now()); len(got) != 2 || got[0].String() != "127.0.0.1:53" {
		t.Errorf("without a file: %v", got)
	}
	write(t, conf, "nameserver 192.0.2.53\nnameserver fe80::1%eth0\nnameserver wrong\noptions ndots:2\n")
	c.pass(lookEvery)
	if got := sys.servers(c.now()); len(got) != 2 || got[0].String() != "192.0.2.53:53" || got[1].String() != "[fe80::1%eth0]:53" {
		t.Errorf("%v", got)
	}
}
