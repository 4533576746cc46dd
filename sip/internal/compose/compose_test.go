package compose_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/internal/compose"
	"github.com/skygenesisenterprise/skybridge/sip/internal/settings"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// path is a flow of some network that nothing is sent over.
type path message.Source

func (p path) Source() message.Source           { return message.Source(p) }
func (p path) Reliable() bool                   { return p.Network != "udp" }
func (p path) Alive() bool                      { return true }
func (p path) Send([]byte) error                { return nil }
func (p path) To(netip.AddrPort) transport.Flow { return p }

func over(network, remote string) path {
	return path{Network: network, Remote: netip.MustParseAddrPort(remote)}
}

func local(transport.Flow) (netip.AddrPort, error) {
	return netip.MustParseAddrPort("10.0.0.1:5060"), nil
}

func uri(t *testing.T, s string) message.URI {
	t.Helper()
	u, err := message.ParseURI(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func addresses(t *testing.T, list ...string) (out []message.Address) {
	t.Helper()
	for _, s := range list {
		a, err := message.ParseAddress(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, a)
	}
	return out
}

func draft(t *testing.T, method, target string) *compose.Draft {
	t.Helper()
	who := addresses(t, "<sip:ana@example.com>;tag=a", "<sip:bob@example.com>")
	return &compose.Draft{
		Method: method, URI: uri(t, target), From: who[0], To: who[1], CallID: "call", Seq: 7,
		Contact: true, ContactUser: "ana", MaxForwards: 70,
	}
}

// Who we are depends on who is told, and over what.
func TestContact(t *testing.T) {
	outside := settings.External{
		Hosts: []string{"2001:db8::5", "pbx.example.com"}, LocalNetworks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Ports: map[string]uint16{"tcp": 5099},
	}
	behind := compose.Agent{External: func() settings.External { return outside }, Local: local}
	open := compose.Agent{Local: local}
	for _, ca := range []struct {
		agent           compose.Agent
		network, remote string
		secure          bool
		want            string
	}{
		{open, "udp", "192.0.2.1:5060", false, "<sip:ana@10.0.0.1:5060>"},
		{open, "tcp", "192.0.2.1:5060", false, "<sip:ana@10.0.0.1:5060;transport=tcp>"},
		{open, "wss", "192.0.2.1:5060", false, "<sip:ana@10.0.0.1:5060;transport=ws>"},
		{open, "tls", "192.0.2.1:5060", false, "<sip:ana@10.0.0.1:5060;transport=tls>"},
		{open, "tls", "192.0.2.1:5060", true, "<sips:ana@10.0.0.1:5060;transport=tcp>"},
		{behind, "udp", "192.0.2.1:5060", false, "<sip:ana@pbx.example.com:5060>"},
		{behind, "tcp", "192.0.2.1:5060", false, "<sip:ana@pbx.example.com:5099;transport=tcp>"},
		{behind, "udp", "10.2.3.4:5060", false, "<sip:ana@10.0.0.1:5060>"},
		{behind, "udp", "[2001:db8::1]:5060", false, "<sip:ana@[2001:db8::5]:5060>"},
		{behind, "udp", "[::ffff:192.0.2.1]:5060", false, "<sip:ana@pbx.example.com:5060>"},
	} {
		got, err := ca.agent.ContactTo(over(ca.network, ca.remote), "ana", ca.secure)
		if err != nil || got.String() != ca.want {
			t.Errorf("over %s to %s: %s, %v; want %s", ca.network, ca.remote, got, err, ca.want)
		}
	}
}

// A contact of a caller's that has no host is at the one that is told the peer; others stay.
func TestContacts(t *testing.T) {
	agent := compose.Agent{Local: local, External: func() settings.External { return settings.External{Hosts: []string{"203.0.113.7"}} }}
	for _, ca := range []struct {
		network, target string
		contact         message.Address
		want            string
	}{
		{"udp", "sip:registrar", message.Address{URI: message.URI{User: "us"}}, "<sip:us@203.0.113.7:5060>"},
		{
			"tcp", "sip:registrar",
			message.Address{URI: message.URI{Scheme: "sip", User: "us", Params: message.Params{{Name: "line", Value: "a"}}}, Params: message.Params{{Name: "expires", Value: "60"}}},
			"<sip:us@203.0.113.7:5060;line=a;transport=tcp>;expires=60",
		},
		{"tls", "sips:registrar", message.Address{URI: message.URI{Scheme: "sip", User: "us"}}, "<sips:us@203.0.113.7:5060;transport=tcp>"},
		{"udp", "sip:registrar", addresses(t, "<sip:us@198.51.100.1:7000>;expires=60")[0], "<sip:us@198.51.100.1:7000>;expires=60"},
		{"udp", "sip:registrar", message.Address{Wildcard: true}, "*"},
	} {
		d := draft(t, "REGISTER", ca.target)
		d.Contact, d.Contacts = false, []message.Address{ca.contact}
		out, err := agent.Request(d, over(ca.network, "192.0.2.1:5060"))
		if err != nil || out.Message.Headers.Value("Contact") != ca.want {
			t.Errorf("over %s: %q, %v; want %s", ca.network, out.Message.Headers.Value("Contact"), err, ca.want)
		}
	}
}

// A route set goes into Route, but for a strict router, which wants itself in the
// Request-URI (RFC 3261 §12.2.1.1).
func TestRoute(t *testing.T) {
	agent := compose.Agent{Local: local}
	for _, ca := range []struct {
		name  string
		route []string
		uri   string
		want  []string
	}{
		{"none", nil, "sip:bob@192.0.2.9", nil},
		{"loose", []string{"<sip:p1;lr>", "<sip:p2;lr>"}, "sip:bob@192.0.2.9", []string{"<sip:p1;lr>", "<sip:p2;lr>"}},
		{"strict", []string{"<sip:p1;method=INVITE>", "<sip:p2;lr>"}, "sip:p1", []string{"<sip:p2;lr>", "<sip:bob@192.0.2.9>"}},
	} {
		t.Run(ca.name, func(t *testing.T) {
			d := draft(t, "BYE", "sip:bob@192.0.2.9")
			d.Route = addresses(t, ca.route...)
			out, err := agent.Request(d, over("udp", "192.0.2.1:5060"))
			if err != nil {
				t.Fatal(err)
			}
			if got := out.Message.URI.String(); got != ca.uri {
				t.Errorf("to %s, want %s", got, ca.uri)
			}
			var routes []string
			for _, h := range out.Message.Headers {
				if h.Name == "Route" {
					routes = append(routes, h.Value)
				}
			}
			if !slices.Equal(routes, ca.want) {
				t.Errorf("route %v, want %v", routes, ca.want)
			}
		})
	}
}

// A request says who we are and what we can do; the caller's headers come last, the body
// with its type.
func TestRequest(t *testing.T) {
	agent := compose.Agent{UserAgent: "Us", Allow: "INVITE, BYE", Supported: []string{"timer"}, Local: local}
	d := draft(t, "INVITE", "sip:bob@192.0.2.9")
	d.Extra = []message.Header{{Name: "Supported", Value: "100rel, 199"}, {Name: "Require", Value: "a"}, {Name: "Require", Value: "b"}, {Name: "X-Ours", Value: "1"}}
	d.Body = []byte("v=0\r\n")
	if _, err := agent.Request(d, over("udp", "192.0.2.1:5060")); fault.Of(err) != fault.Invalid {
		t.Errorf("a body of no type: %v", err)
	}
	d.ContentType = "application/sdp"
	out, err := agent.Request(d, over("udp", "192.0.2.1:5060"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(out.Raw)
	for _, want := range []string{
		"INVITE sip:bob@192.0.2.9 SIP/2.0\r\n", "Via: SIP/2.0/UDP 10.0.0.1:5060;branch=" + out.Branch + ";rport\r\n",
		"CSeq: 7 INVITE\r\n", "Contact: <sip:ana@10.0.0.1:5060>\r\n", "Allow: INVITE, BYE\r\n", "Supported: timer, 100rel, 199\r\n",
		"User-Agent: Us\r\n", "Require: a, b\r\nX-Ours: 1\r\nContent-Type: application/sdp\r\n", "\r\n\r\nv=0\r\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("without %q:\n%s", want, text)
		}
	}
	if out.Seq != 7 {
		t.Errorf("number %d", out.Seq)
	}
}

func TestCheckHeaders(t *testing.T) {
	for name, want := range map[string]fault.Kind{
		"X-Ours": 0, "Reason": 0, "via": fault.Invalid, "i": fault.Invalid, "Content-Length": fault.Invalid, "No\nname": fault.Invalid,
	} {
		err := compose.CheckHeaders([]message.Header{{Name: name, Value: "x"}})
		if (err == nil) != (want == 0) || err != nil && fault.Of(err) != want {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func parsed(t *testing.T, lines ...string) *message.Parsed {
	t.Helper()
	p, err := message.Parse([]byte(strings.Join(lines, "\r\n") + "\r\nContent-Length: 0\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A response has what RFC 3261 §8.2.6 copies, a To tag unless it is a 100, and what is
// added.
func TestResponse(t *testing.T) {
	req := message.NewRequest(parsed(t,
		"OPTIONS sip:us SIP/2.0", "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1", "From: <sip:bob@x>;tag=b", "To: <sip:us>",
		"Call-ID: c", "CSeq: 3 OPTIONS", "Max-Forwards: 70", "Timestamp: 54",
	), message.Source{Network: "udp", Remote: netip.MustParseAddrPort("192.0.2.1:5060")})
	agent := compose.Agent{UserAgent: "Us", Accept: []string{"application/sdp"}, Supported: []string{"timer"}}
	for _, ca := range []struct {
		status int
		reason string
		want   []string
		none   []string
	}{
		{100, "", []string{"SIP/2.0 100 Trying\r\n", "To: <sip:us>\r\n", "Timestamp: 54\r\n"}, nil},
		{200, "Fine", []string{"SIP/2.0 200 Fine\r\n", "To: <sip:us>;tag=ours\r\n", "CSeq: 3 OPTIONS\r\n", "Accept: application/sdp\r\n", "Supported: timer\r\n"}, []string{"Timestamp"}},
	} {
		raw, err := agent.Reply(req, "ours", compose.Reply{
			Status: ca.status, Reason: ca.reason, Headers: []message.Header{{Name: "X-Ours", Value: "1"}},
			ContentType: "text/plain", Body: []byte("hello"),
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range append(ca.want, "Via: SIP/2.0/UDP 192.0.2.1", "Server: Us\r\n", "X-Ours: 1\r\n", "Content-Type: text/plain\r\n", "\r\n\r\nhello") {
			if !strings.Contains(string(raw), want) {
				t.Errorf("%d without %q:\n%s", ca.status, want, raw)
			}
		}
		for _, none := range ca.none {
			if strings.Contains(string(raw), none) {
				t.Errorf("%d with %q:\n%s", ca.status, none, raw)
			}
		}
	}
}

// Credentials answer the challenge of their own realm, and no other.
func TestChallenge(t *testing.T) {
	agent := compose.Agent{Local: local}
	for _, ca := range []struct {
		status, header string
		answered       bool
		with           string
	}{
		{"401 Unauthorized", `WWW-Authenticate: Digest realm="pbx", nonce="n", algorithm=MD5`, true, "Authorization"},
		{"407 Proxy Authentication Required", `Proxy-Authenticate: Digest realm="pbx", nonce="n", algorithm=MD5`, true, "Proxy-Authorization"},
		{"401 Unauthorized", `WWW-Authenticate: Digest realm="elsewhere", nonce="n", algorithm=MD5`, false, ""},
		{"403 Forbidden", `WWW-Authenticate: Digest realm="pbx", nonce="n", algorithm=MD5`, false, ""},
	} {
		wallet := compose.NewWallet([]digest.Account{{Realm: "pbx", Credentials: digest.Credentials{Username: "ana", Password: "secret"}}})
		d := draft(t, "MESSAGE", "sip:bob@192.0.2.9")
		d.Attempts = wallet.Begin(d.Method, d.URI)
		res := message.NewResponse(parsed(t,
			"SIP/2.0 "+ca.status, "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1", "From: <sip:ana@x>;tag=a", "To: <sip:bob@x>;tag=b",
			"Call-ID: c", "CSeq: 7 MESSAGE", ca.header,
		), message.Source{Network: "udp"})
		if got := d.AnswerChallenge(res); got != ca.answered {
			t.Errorf("%s: answered %v", ca.header, got)
			continue
		}
		out, err := agent.Request(d, over("udp", "192.0.2.1:5060"))
		if err != nil {
			t.Fatal(err)
		}
		sent := out.Message.Credentials()
		if ca.answered && (len(sent) != 1 || sent[0].Name != ca.with || !strings.Contains(sent[0].Value, `username="ana"`)) {
			t.Errorf("%s: sent with %v", ca.header, sent)
		}
	}
}
