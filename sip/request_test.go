package sip_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// TestInspection sends requests that are wrong in one thing each.
func TestInspection(t *testing.T) {
	cfg := siptest.Config("udp")
	phone := siptest.NewPhoneWith(t, "bob", cfg)
	to := phone.URI("udp").String()
	p := siptest.UDP(t, phone.Addr("udp"))
	for _, c := range []struct {
		name, method, body string
		lines              []string
		uri                string
		status             string
		header, value      string // that the answer must have
	}{
		{name: "unknown method", method: "DANCE", status: "501", header: "Allow", value: "INVITE"},
		{name: "of no dialog", method: "PRACK", status: "481"},
		{name: "unknown extension", method: "INVITE", lines: []string{"Require: 100rel, nosuch"}, status: "420", header: "Unsupported", value: "nosuch"},
		{name: "unknown extension of OPTIONS", method: "OPTIONS", lines: []string{"Require: x"}, status: "420", header: "Unsupported", value: "x"},
		{name: "unknown body", method: "INVITE", body: "?", lines: []string{"Content-Type: text/plain"}, status: "415", header: "Accept", value: "application/sdp"},
		{name: "encoded body", method: "INVITE", body: "?", lines: []string{"Content-Encoding: gzip"}, status: "415", header: "Accept-Encoding", value: "identity"},
		{name: "our body not wanted", method: "INVITE", body: offer, lines: []string{"Accept: text/nobodyKnowsThis"}, status: "406"},
		{name: "too many hops", method: "INVITE", lines: []string{"Max-Forwards: 0"}, status: "483"},
		{name: "unknown scheme", method: "OPTIONS", uri: "http://x", status: "416"},
		{name: "no contact", method: "INVITE", lines: []string{"-Contact"}, status: "400"},
		{name: "two contacts", method: "INVITE", lines: []string{"Contact: <sip:a@b>, <sip:c@d>"}, status: "400"},
		{name: "wildcard contact", method: "INVITE", lines: []string{"Contact: *"}, status: "400"},
		{name: "broken contact", method: "INVITE", lines: []string{"Contact: <sip:a@b"}, status: "400"},
		{name: "bad version", method: "OPTIONS", uri: "sip:x SIP/9.0", status: "400"},
	} {
		t.Run(c.name, func(t *testing.T) {
			call := p.NewCall(to)
			if c.uri != "" {
				call.URI = c.uri
			}
			call.Send(c.method, c.body, c.lines...)
			m := p.Want("SIP/2.0 " + c.status)
			if c.method == "INVITE" {
				p.Send(call.Again("ACK", ""))
			}
			if !strings.Contains(m.Header(c.header), c.value) {
				t.Errorf("%s is not %s in\n%s", c.header, c.value, m.Text)
			}
			if m.Tag("To") == "" && c.status != "400" {
				t.Errorf("no To tag in\n%s", m.Text)
			}
		})
	}
	// A body that its sender calls optional is no reason to refuse.
	call := p.NewCall(to)
	call.Send("INVITE", "?", "Content-Type: text/plain", "Content-Disposition: render;handling=optional")
	if err := siptest.Wait(t, phone.Invites).Reject(sip.Reply{Status: 486}); err != nil {
		t.Fatal(err)
	}
	p.Want("SIP/2.0 486")
	p.Send(call.Again("ACK", ""))
}

// TestAllow: what nobody above implements is not promised.
func TestAllow(t *testing.T) {
	const usual = "INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, INFO, UPDATE, PRACK, REFER, NOTIFY"
	for want, allow := range map[string][]string{usual: sip.Default().Allow, "INVITE, ACK": {"INVITE", "ACK"}} {
		cfg := siptest.Config("udp")
		cfg.Allow = allow
		s := siptest.Server(t, cfg, siptest.Polite{})
		p := siptest.UDP(t, s.Addr("udp"))
		p.NewCall("sip:x").Send("OPTIONS", "")
		if m := p.Want("SIP/2.0 200"); m.Header("Allow") != want {
			t.Errorf("Allow: %s, want %s", m.Header("Allow"), want)
		}
	}
	cfg := sip.Default()
	if cfg.Allow = []string{"DANCE"}; cfg.Validate() == nil {
		t.Error("a method that the stack does not carry is taken")
	}
}

func TestMergedRequest(t *testing.T) {
	phone := siptest.NewPhone(t, "bob")
	p := siptest.UDP(t, phone.Addr("udp"))
	call := p.NewCall(phone.URI("udp").String())
	call.Send("INVITE", offer)
	in := siptest.Wait(t, phone.Invites)
	p.Send(strings.Replace(call.Again("INVITE", offer), call.Branch, call.Branch+"other", 1))
	p.Want("SIP/2.0 482")
	p.Send(strings.Replace(call.Again("ACK", ""), call.Branch, call.Branch+"other", 1))
	p.Send(call.Again("INVITE", offer)) // the same branch: repeated, not merged
	if err := in.Reject(sip.Reply{Status: 302, Contacts: []message.Address{{URI: message.URI{Scheme: "sip", User: "x", Host: "y"}}}}); err != nil {
		t.Fatal(err)
	}
	if m := p.Skip("SIP/2.0 302"); m.Header("Contact") != "<sip:x@y>" {
		t.Errorf("redirect\n%s", m.Text)
	}
	p.Send(call.Again("ACK", ""))
	if len(phone.Invites) != 0 {
		t.Error("the handler was called again")
	}
}

func TestRespond(t *testing.T) {
	phone := siptest.NewPhone(t, "bob")
	p := siptest.UDP(t, phone.Addr("udp"))
	call := p.NewCall(phone.URI("udp").String())
	call.Send("REGISTER", "", "X-Many: a", "Via: SIP/2.0/UDP 192.0.2.1:9;branch="+siptest.ID("z9hG4bK")+";rport, SIP/2.0/TCP far;branch=z9hG4bKfar")
	r := siptest.Wait(t, phone.Requests)
	for _, bad := range []sip.Reply{
		{Status: 99}, {Status: 700},
		{Reason: "OK\r\nX: y"},
		{Headers: []message.Header{{Name: "X", Value: "a\nb"}}},
		{Headers: []message.Header{{Name: "X Y", Value: "a"}}},
		{Headers: []message.Header{{Name: "Call-ID", Value: "a"}}},
		{Headers: []message.Header{{Name: "v", Value: "a"}}},
		{Body: []byte("x")},
		{Contacts: []message.Address{{Display: "x\r\ny", URI: message.URI{Scheme: "sip", Host: "h"}}}},
	} {
		if err := r.Respond(bad); fault.Of(err) != fault.Invalid {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if err := r.Respond(sip.Reply{Contacts: []message.Address{{URI: message.URI{Scheme: "sip", User: "x", Host: "y"}, Params: message.Params{{Name: "expires", Value: "60"}}}}}); err != nil {
		t.Fatal(err)
	}
	m := p.Want("SIP/2.0 200")
	port := strings.TrimPrefix(p.Local().String(), "127.0.0.1:")
	if via := m.Header("Via"); !strings.Contains(via, ";rport="+port) || !strings.Contains(via, ";received=127.0.0.1") || !strings.HasSuffix(via, "SIP/2.0/TCP far;branch=z9hG4bKfar") {
		t.Errorf("via %s", via)
	}
	if m.Header("Contact") != "<sip:x@y>;expires=60" || m.Tag("To") == "" {
		t.Errorf("answer\n%s", m.Text)
	}
	if err := r.Respond(sip.Reply{}); fault.Of(err) != fault.Conflict {
		t.Errorf("second answer: %v", err)
	}
}

// TestAnswerGoesToTheViaPort: without rport and ForceRport (RFC 3261 §18.2.2).
func TestAnswerGoesToTheViaPort(t *testing.T) {
	cfg := siptest.Config("udp")
	cfg.ForceRport = false
	s := siptest.Server(t, cfg, siptest.Polite{})
	from, to := siptest.UDP(t, s.Addr("udp")), siptest.UDP(t, s.Addr("udp"))
	call := from.NewCall("sip:x@" + s.Addr("udp").String())
	call.Send("OPTIONS", "", "Via: SIP/2.0/UDP "+to.Local().String()+";branch="+siptest.ID("z9hG4bK"))
	to.Want("SIP/2.0 200")
	call.Send("OPTIONS", "", "Via: SIP/2.0/UDP "+to.Local().String()+";rport;branch="+siptest.ID("z9hG4bK"))
	from.Want("SIP/2.0 200")
}

func challenge(realm string) string {
	return `WWW-Authenticate: Digest realm="` + realm + `", nonce="` + siptest.ID("n") + `", algorithm=MD5, qop="auth"`
}

func TestDigestOfRequest(t *testing.T) {
	phone := siptest.NewPhone(t, "alice")
	p := siptest.UDP(t, netip.AddrPort{})
	for _, c := range []struct {
		name, realm string
		creds       []sip.Credential
		answers     bool
	}{
		{"own realm", "home", []sip.Credential{{Realm: "else", Username: "x", Password: "y"}, {Realm: "home", Username: "alice", Password: "secret"}}, true},
		{"any realm", "whatever", []sip.Credential{{Realm: "*", Username: "alice", Password: "secret"}}, true},
		{"other realm", "evil", []sip.Credential{{Realm: "home", Username: "alice", Password: "secret"}}, false},
		{"empty realm is none", "home", []sip.Credential{{Username: "alice", Password: "secret"}}, false},
		{"no credentials", "home", nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := make(chan error, 1)
			o := phone.Outbound(peerURI(p))
			o.Method, o.Credentials = "REGISTER", c.creds
			go func() { // ended by the answers below
				_, err := phone.Request(siptest.Ctx(t), o)
				got <- err
			}()
			first := p.Skip("REGISTER ")
			if first.Header("Authorization") != "" {
				t.Error("credentials before a challenge")
			}
			p.Send(p.Response(first, 401, "x", []string{challenge(c.realm)}, ""))
			if !c.answers {
				if err := siptest.Wait(t, got); fault.Of(err) != fault.Unauthorized {
					t.Error(err)
				}
				return
			}
			second := p.Skip("REGISTER ")
			auth := second.Header("Authorization")
			if !strings.Contains(auth, `username="alice"`) || !strings.Contains(auth, `realm="`+c.realm+`"`) || !strings.Contains(auth, `uri="`+strings.Fields(second.Start)[1]+`"`) {
				t.Errorf("authorization %s", auth)
			}
			if second.Header("CSeq") != "2 REGISTER" || second.Header("Call-ID") != first.Header("Call-ID") || second.Tag("To") != "" {
				t.Errorf("second\n%s", second.Text)
			}
			// The password is wrong: once is enough.
			p.Send(p.Response(second, 401, "x", []string{challenge(c.realm)}, ""))
			if err := siptest.Wait(t, got); fault.Of(err) != fault.Unauthorized {
				t.Error(err)
			}
		})
	}
}

func TestDigestOfCall(t *testing.T) {
	phone, p, leg, inv := calling(t, func(o *sip.Outbound) {
		o.Credentials = []sip.Credential{{Realm: "trunk", Username: "sky", Password: "bridge"}}
	})
	p.Send(p.Response(inv, 407, "x", []string{strings.Replace(challenge("trunk"), "WWW-", "Proxy-", 1)}, ""))
	p.Skip("ACK ")
	second := p.Skip("INVITE ")
	if !strings.Contains(second.Header("Proxy-Authorization"), `username="sky"`) || second.Header("CSeq") != "2 INVITE" || second.Body != offer {
		t.Errorf("second\n%s", second.Text)
	}
	p.Send(p.Response(second, 200, "callee", []string{p.Contact()}, answer))
	leg.Answered()
	if ack := p.Skip("ACK "); ack.Header("CSeq") != "2 ACK" || ack.Header("Proxy-Authorization") == "" {
		t.Errorf("ack\n%s", ack.Text)
	}
	// In the dialog: another realm gets nothing.
	done := make(chan error, 1)
	go func() { done <- leg.Dialog.Bye(siptest.Ctx(t)) }() // ended by the answer below
	bye := p.Skip("BYE ")
	p.Send(p.Response(bye, 401, "", []string{challenge("evil")}, ""))
	if err := siptest.Wait(t, done); err != nil {
		t.Error(err)
	}
	p.Quiet()
	_ = phone
}

// TestDigestLeak: a call that came in has no credentials, whatever a BYE of ours
// is answered.
func TestDigestLeak(t *testing.T) {
	_, call, leg := established(t, "udp")
	p := call.Peer
	done := make(chan error, 1)
	go func() { done <- leg.Dialog.Bye(siptest.Ctx(t)) }() // ended by the answer below
	p.Send(p.Response(p.Skip("BYE "), 401, "", []string{challenge("any")}, ""))
	if err := siptest.Wait(t, done); err != nil {
		t.Error(err)
	}
	p.Quiet()
}

// places is where service.example leads.
type places []transport.Destination

func (p places) Resolve(_ context.Context, u message.URI, _ string) ([]transport.Destination, error) {
	if u.Host != "service.example" {
		a, err := netip.ParseAddr(u.Host)
		return places{{Network: "udp", Addr: netip.AddrPortFrom(a, uint16(u.Port))}}, err
	}
	return p, nil
}

func TestFailover(t *testing.T) {
	refusing, closed, good := siptest.UDP(t, netip.AddrPort{}), siptest.UDP(t, netip.AddrPort{}), siptest.UDP(t, netip.AddrPort{})
	closed.Close()
	cfg := siptest.Repeating(2*siptest.T1, "udp", "tcp") // who says nothing is given up
	cfg.Resolver = places{
		{Network: "tcp", Addr: closed.Local()}, {Network: "udp", Addr: closed.Local()},
		{Network: "udp", Addr: refusing.Local()}, {Network: "udp", Addr: good.Local()},
	}
	phone := siptest.NewPhoneWith(t, "alice", cfg)
	target := message.URI{Scheme: "sip", User: "x", Host: "service.example"}
	got := make(chan error, 1)
	o := phone.Outbound(target)
	o.Method = "OPTIONS"
	go func() { // ended by the answers below
		_, err := phone.Request(siptest.Ctx(t), o)
		got <- err
	}()
	refusing.Send(refusing.Response(refusing.Skip("OPTIONS "), 503, "x", nil, ""))
	good.Send(good.Response(good.Skip("OPTIONS "), 200, "x", nil, ""))
	if err := siptest.Wait(t, got); err != nil {
		t.Error(err)
	}
	leg := phone.Call(siptest.Ctx(t), phone.Outbound(target))
	refusing.Send(refusing.Response(refusing.Skip("INVITE "), 503, "x", nil, ""))
	good.Send(good.Response(good.Skip("INVITE "), 200, "y", []string{good.Contact()}, ""))
	leg.Answered()
	good.Skip("ACK ")
}

func TestWhatCannotBeSent(t *testing.T) {
	phone := siptest.NewPhone(t, "alice")
	base := phone.Outbound(message.URI{Scheme: "sip", User: "x", Host: "127.0.0.1", Port: 9})
	for name, c := range map[string]struct {
		change func(*sip.Outbound)
		kind   fault.Kind
	}{
		"display name":  {func(o *sip.Outbound) { o.From.Display = "x\"\r\nX-Evil: 1" }, fault.Invalid},
		"to host":       {func(o *sip.Outbound) { o.To.URI = message.URI{Scheme: "sip", Host: "a\r\nX: y"} }, fault.Invalid},
		"header":        {func(o *sip.Outbound) { o.Headers = []message.Header{{Name: "X", Value: "a\r\nb"}} }, fault.Invalid},
		"own header":    {func(o *sip.Outbound) { o.Headers = []message.Header{{Name: "CSeq", Value: "1 X"}} }, fault.Invalid},
		"call-id":       {func(o *sip.Outbound) { o.CallID = "a\nb" }, fault.Invalid},
		"content type":  {func(o *sip.Outbound) { o.ContentType, o.Body = "a\r\nb", []byte("x") }, fault.Invalid},
		"no type":       {func(o *sip.Outbound) { o.Body = []byte("x") }, fault.Invalid},
		"no target":     {func(o *sip.Outbound) { o.Target = message.URI{} }, fault.Invalid},
		"no from":       {func(o *sip.Outbound) { o.From = message.Address{} }, fault.Invalid},
		"method":        {func(o *sip.Outbound) { o.Method = "A B" }, fault.Invalid},
		"tcp, nobody":   {func(o *sip.Outbound) { o.Transport, o.Target.Port = "tcp", 1 }, fault.Unreachable},
		"websocket":     {func(o *sip.Outbound) { o.Target.Params = message.Params{{Name: "transport", Value: "ws"}} }, fault.Unreachable},
		"flow is over":  {func(o *sip.Outbound) { o.Flow = "tcp-0-1" }, fault.Unreachable},
		"call at BYE":   {func(o *sip.Outbound) { o.Method = "BYE" }, fault.Invalid},
		"contact break": {func(o *sip.Outbound) { o.Contacts = []message.Address{{URI: message.URI{Scheme: "sip", Host: "a\nb"}}} }, fault.Invalid},
	} {
		o := base
		o.Method = "OPTIONS"
		c.change(&o)
		if _, err := phone.Request(siptest.Ctx(t), o); fault.Of(err) != c.kind {
			t.Errorf("%s: %v (%v)", name, err, fault.Of(err))
		}
	}
}
