package sip_test

import (
	"context"
	"crypto/tls"
	"net/netip"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// always gives the same configuration for each connection.
func always(c *tls.Config) func(transport.Destination) *tls.Config {
	return func(transport.Destination) *tls.Config { return c }
}

// everywhere is a phone that listens on every transport, and how to reach it.
func everywhere(t *testing.T) (*siptest.Phone, map[string]func(testing.TB) *siptest.Peer) {
	t.Helper()
	server, client := siptest.Certificate(t)
	cfg := siptest.Config("udp", "tcp", "tls", "ws", "wss")
	cfg.Transport.TLSClient = always(client)
	for i := range cfg.Transport.Listeners {
		cfg.Transport.Listeners[i].TLS = server
	}
	phone := siptest.NewPhoneWith(t, "bob", cfg)
	return phone, map[string]func(testing.TB) *siptest.Peer{
		"udp": func(t testing.TB) *siptest.Peer { return siptest.UDP(t, phone.Addr("udp")) },
		"tcp": func(t testing.TB) *siptest.Peer { return siptest.TCP(t, phone.Addr("tcp")) },
		"tls": func(t testing.TB) *siptest.Peer { return siptest.TLS(t, phone.Addr("tls"), client) },
		"ws": func(t testing.TB) *siptest.Peer {
			return siptest.WebSocket(t, "ws://"+phone.Addr("ws").String()+"/ws", nil, nil)
		},
		"wss": func(t testing.TB) *siptest.Peer {
			return siptest.WebSocket(t, "wss://"+phone.Addr("wss").String()+"/ws", client, nil)
		},
	}
}

// TestBackOverTheSameFlow: answers, requests in a dialog and requests to a stored
// flow travel the connection that the peer opened, although its Contact leads
// nowhere (RFC 7118 §5: .invalid).
func TestBackOverTheSameFlow(t *testing.T) {
	phone, dial := everywhere(t)
	for network, open := range dial {
		t.Run(network, func(t *testing.T) {
			p := open(t)
			call := p.NewCall("sip:bob@example.com")
			contact := "Contact: <sip:u8s@df7jal23ls0d.invalid;transport=ws>"
			via := "Via: SIP/2.0/" + strings.ToUpper(network) + " df7jal23ls0d.invalid;branch=" + siptest.ID("z9hG4bK")
			if network == "udp" {
				contact = p.Contact()
			}
			call.Send("REGISTER", "", contact, via)
			reg := siptest.Wait(t, phone.Requests)
			src := reg.Request().Source()
			if src.Network != network || src.Remote != p.Local() || src.Local != phone.Addr(network) || !phone.FlowAlive(src.Flow) {
				t.Errorf("source %+v", src)
			}
			if src.Secure() != (network == "tls" || network == "wss") {
				t.Errorf("secure %v", src.Secure())
			}
			if err := reg.Respond(sip.Reply{}); err != nil {
				t.Fatal(err)
			}
			p.Want("SIP/2.0 200")

			// A call to the flow that was stored.
			o := phone.Outbound(message.URI{Scheme: "sip", User: "u8s", Host: "df7jal23ls0d.invalid", Params: message.Params{{Name: "transport", Value: "ws"}}})
			o.Flow = src.Flow
			leg := phone.Call(siptest.Ctx(t), o)
			inv := p.Want("INVITE ")
			wantContact := "<sip:bob@" + phone.Addr(network).String()
			switch network {
			case "udp":
				wantContact += ">"
			case "wss":
				wantContact += ";transport=ws>"
			default:
				wantContact += ";transport=" + network + ">"
			}
			if got := inv.Header("Contact"); got != wantContact {
				t.Errorf("contact %s, want %s", got, wantContact)
			}
			p.Send(p.Response(inv, 200, "c", []string{contact}, ""))
			leg.Answered()
			p.Skip("ACK ")
			go func() { _ = leg.Dialog.Bye(siptest.Ctx(t)) }() // ended by the answer below
			bye := p.Want("BYE ")
			p.Send(p.Response(bye, 200, "", nil, ""))
			siptest.Wait(t, leg.Ended)

			// A call that came in, ended by us.
			call = p.NewCall("sip:bob@example.com")
			call.Send("INVITE", offer, contact)
			in := phone.Answer(sdp(answer))
			call.Take(p.Want("SIP/2.0 200"))
			call.Ack("")
			siptest.Wait(t, in.Acks)
			go func() { _ = in.Dialog.Bye(siptest.Ctx(t)) }() // ended by the answer below
			bye = p.Want("BYE ")
			p.Send(p.Response(bye, 200, "", nil, ""))
			siptest.Wait(t, in.Ended)
		})
	}
}

// TestConnectionsAreReused: requests to one place share a connection.
func TestConnectionsAreReused(t *testing.T) {
	phone, callee := siptest.NewPhone(t, "alice", "tcp"), siptest.NewPhone(t, "bob", "tcp")
	o := phone.Outbound(callee.URI("tcp"))
	o.Method = "OPTIONS"
	flows := map[message.FlowID]bool{}
	for range 3 {
		done := make(chan error, 1)
		go func() { // ended by the answer below
			_, err := phone.Request(siptest.Ctx(t), o)
			done <- err
		}()
		r := siptest.Wait(t, callee.Requests)
		flows[r.Request().Source().Flow] = true
		if err := r.Respond(sip.Reply{}); err != nil {
			t.Fatal(err)
		}
		if err := siptest.Wait(t, done); err != nil {
			t.Fatal(err)
		}
	}
	if len(flows) != 1 {
		t.Errorf("flows %v", flows)
	}
}

func TestTLSName(t *testing.T) {
	server, client := siptest.Certificate(t)
	_, stranger := siptest.Certificate(t)
	cfg := siptest.Config("tls")
	cfg.Transport.Listeners[0].TLS, cfg.Transport.TLSClient = server, always(client)
	callee := siptest.NewPhoneWith(t, "bob", cfg)
	o := callee.Outbound(callee.URI("tls"))
	o.Method = "OPTIONS"
	go func() { _ = siptest.Wait(t, callee.Requests).Respond(sip.Reply{}) }() // ended by the request below
	if _, err := callee.Request(siptest.Ctx(t), o); err != nil {
		t.Error(err)
	}
	cfg = siptest.Config("tls")
	cfg.Transport.Listeners[0].TLS, cfg.Transport.TLSClient = server, always(stranger)
	distrusting := siptest.NewPhoneWith(t, "eve", cfg)
	if _, err := distrusting.Request(siptest.Ctx(t), o); fault.Of(err) != fault.Unreachable {
		t.Errorf("untrusted certificate: %v", err)
	}
}

// TestTLSAddressOfAName: what goes to the mere address of a server that has proven a name takes
// the connection that is there, if another one would go to whoever is at that address.
func TestTLSAddressOfAName(t *testing.T) {
	server, client := siptest.Certificate(t)
	for _, tt := range []struct {
		name   string
		others *tls.Config // for who has no name
		flows  int
	}{
		{"unproven", &tls.Config{InsecureSkipVerify: true}, 1},
		{"proven", client, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := siptest.Config("tls")
			cfg.Transport.Listeners[0].TLS = server
			callee := siptest.NewPhoneWith(t, "bob", cfg)
			cfg = siptest.Config("tls")
			cfg.Transport.Listeners[0].TLS = server
			cfg.Transport.TLSClient = func(d transport.Destination) *tls.Config {
				if d.Host == "localhost" {
					return client
				}
				return tt.others
			}
			caller := siptest.NewPhoneWith(t, "ann", cfg)
			flows := make(map[message.FlowID]bool)
			for _, host := range []string{"localhost", "127.0.0.1", "localhost"} {
				o := caller.Outbound(callee.URI("tls"))
				o.Method, o.Target.Host = "OPTIONS", host
				done := make(chan error, 1)
				go func() { // ended by the answer below
					_, err := caller.Request(siptest.Ctx(t), o)
					done <- err
				}()
				r := siptest.Wait(t, callee.Requests)
				flows[r.Request().Source().Flow] = true
				if err := r.Respond(sip.Reply{}); err != nil {
					t.Fatal(err)
				}
				if err := siptest.Wait(t, done); err != nil {
					t.Fatal(err)
				}
			}
			if len(flows) < tt.flows || tt.flows == 1 && len(flows) != 1 {
				t.Errorf("flows %v, want %d", flows, tt.flows)
			}
		})
	}
}

// watcher tells which flows have ended.
type watcher struct {
	*siptest.Phone
	ended chan message.FlowID
}

func (w *watcher) OnInvite(i *sip.IncomingInvite)   { w.Invites <- i }
func (w *watcher) OnRequest(r *sip.IncomingRequest) { w.Requests <- r }
func (w *watcher) OnFlowClosed(id message.FlowID)   { w.ended <- id }

func TestFlowEnds(t *testing.T) {
	w := &watcher{
		Phone: &siptest.Phone{Invites: make(chan *sip.IncomingInvite, 4), Requests: make(chan *sip.IncomingRequest, 4)},
		ended: make(chan message.FlowID, 4),
	}
	s := siptest.Server(t, siptest.Config("tcp", "udp"), w)
	p := siptest.TCP(t, s.Addr("tcp"))
	call := p.NewCall("sip:x@" + s.Addr("tcp").String())
	call.Send("INVITE", offer)
	ringing := siptest.Wait(t, w.Invites)
	flow := ringing.Request().Source().Flow

	// A request of ours that waits on the flow.
	got := make(chan error, 1)
	go func() { // ended by the connection's end
		_, err := s.Request(context.Background(), sip.Outbound{Method: "OPTIONS", Flow: flow,
			Target: message.URI{Scheme: "sip", Host: "x.invalid"}, From: message.Address{URI: message.URI{Scheme: "sip", Host: "y"}}})
		got <- err
	}()
	p.Skip("OPTIONS ")
	p.Close()
	if id := siptest.Wait(t, w.ended); id != flow {
		t.Errorf("flow %s ended, want %s", id, flow)
	}
	if err := siptest.Wait(t, got); fault.Of(err) != fault.Unreachable {
		t.Errorf("request: %v", err)
	}
	siptest.Wait(t, ringing.Done())
	if fault.Of(ringing.Err()) != fault.Unreachable {
		t.Errorf("invite: %v", ringing.Err())
	}
	if s.FlowAlive(flow) {
		t.Error("the flow is still alive")
	}
	if _, err := ringing.Accept(sip.Reply{}, siptest.NewLeg(t)); fault.Of(err) != fault.Unreachable {
		t.Errorf("accept: %v", err)
	}
}

// TestDialogOutlivesItsConnection: the peer comes back over another one and goes on.
func TestDialogOutlivesItsConnection(t *testing.T) {
	phone, call, leg := established(t, "tcp")
	call.Peer.Close()
	again := siptest.TCP(t, phone.Addr("tcp"))
	call.Peer = again
	call.Send("INVITE", offer)
	if err := siptest.Wait(t, leg.ReInvites).Accept(sdp(answer)); err != nil {
		t.Fatal(err)
	}
	again.Skip("SIP/2.0 200")
	call.Ack("")
	siptest.Wait(t, leg.Acks)
	go func() { _ = leg.Dialog.Bye(siptest.Ctx(t)) }() // ended by the answer below
	again.Send(again.Response(again.Skip("BYE "), 200, "", nil, ""))
	siptest.Wait(t, leg.Ended)
}

func TestKeepAlive(t *testing.T) {
	phone, dial := everywhere(t)
	for _, network := range []string{"tcp", "tls", "ws", "wss"} {
		p := dial[network](t)
		p.Send("\r\n\r\n") // RFC 5626 §3.5.1
		if m := p.Next(); m.Text != "\r\n" {
			t.Errorf("%s: pong %q", network, m.Text)
		}
	}
	u := dial["udp"](t)
	u.Send("\r\n\r\n")
	u.Send("\x00\x00\x00\x00")
	u.NewCall("sip:bob@x").Send("OPTIONS", "")
	if err := siptest.Wait(t, phone.Requests).Respond(sip.Reply{}); err != nil {
		t.Fatal(err)
	}
	u.Want("SIP/2.0 200")
	if n := phone.Stats().Malformed; n != 0 {
		t.Errorf("%d malformed", n)
	}
}

func TestExternalAddress(t *testing.T) {
	cfg := siptest.Config("udp")
	cfg.External = sip.External{Hosts: []string{"203.0.113.7"}, LocalNetworks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	phone := siptest.NewPhoneWith(t, "bob", cfg)
	call := siptest.UDP(t, phone.Addr("udp")).NewCall(phone.URI("udp").String())
	call.Send("INVITE", offer)
	in := siptest.Wait(t, phone.Invites)
	if err := in.Progress(sip.Reply{}); err != nil {
		t.Fatal(err)
	}
	if m := call.Peer.Want("SIP/2.0 180"); !strings.HasPrefix(m.URI("Contact"), "sip:bob@203.0.113.7:") {
		t.Errorf("contact %s", m.URI("Contact"))
	}
	// It may change while calls are under way, and have ports of its own.
	if err := phone.SetExternal(sip.External{Hosts: []string{"a b"}}); fault.Of(err) != fault.Invalid {
		t.Errorf("a host that is none: %v", err)
	}
	if err := phone.SetExternal(sip.External{Hosts: []string{"sip.example.com"}, Ports: map[string]uint16{"udp": 6060}}); err != nil {
		t.Fatal(err)
	}
	if err := in.Progress(sip.Reply{Status: 183}); err != nil {
		t.Fatal(err)
	}
	if m := call.Peer.Want("SIP/2.0 183"); m.URI("Contact") != "sip:bob@sip.example.com:6060" {
		t.Errorf("contact %s", m.URI("Contact"))
	}
	if !phone.Own(message.URI{Scheme: "sip", Host: "sip.example.com", Port: int(phone.Addr("udp").Port())}) {
		t.Error("its own name is not its own")
	}
}

// TestStreamFraming cuts messages at every byte, and joins several.
func TestStreamFraming(t *testing.T) {
	s := siptest.Server(t, siptest.Config("tcp"), siptest.Polite{})
	p := siptest.TCP(t, s.Addr("tcp"))
	call := p.NewCall("sip:x@" + s.Addr("tcp").String())
	text := call.Request("MESSAGE", "hello\r\n\r\nworld")
	for i := range len(text) {
		p.Send(text[i : i+1])
	}
	p.Want("SIP/2.0 200")
	var many strings.Builder
	for range 20 {
		many.WriteString(call.Request("OPTIONS", "") + "\r\n\r\n")
	}
	p.Send(many.String())
	for range 20 {
		for m := p.Next(); !strings.HasPrefix(m.Start, "SIP/2.0 200"); m = p.Next() {
		}
	}
}

// TestSetFlow: the peer has come back over another connection and only said so to
// the registrar.
func TestSetFlow(t *testing.T) {
	phone, call, leg := established(t, "tcp")
	call.Peer.Close()
	again := siptest.TCP(t, phone.Addr("tcp"))
	again.NewCall("sip:x").Send("REGISTER", "")
	reg := siptest.Wait(t, phone.Requests)
	if err := leg.Dialog.SetFlow("tcp-gone-1"); fault.Of(err) != fault.Unreachable {
		t.Errorf("a flow that is none: %v", err)
	}
	if err := leg.Dialog.SetFlow(reg.Request().Source().Flow); err != nil {
		t.Fatal(err)
	}
	go func() { _ = leg.Dialog.Bye(siptest.Ctx(t)) }() // ended by the answer below
	again.Send(again.Response(again.Skip("BYE "), 200, "", nil, ""))
	siptest.Wait(t, leg.Ended)
}

func TestSecureContact(t *testing.T) {
	phone, dial := everywhere(t)
	p := dial["tls"](t)
	call := p.NewCall("sips:bob@127.0.0.1")
	call.Send("INVITE", offer)
	leg := phone.Answer(sdp(answer))
	m := p.Want("SIP/2.0 200")
	if got := m.URI("Contact"); !strings.HasPrefix(got, "sips:bob@127.0.0.1:") || !strings.HasSuffix(got, ";transport=tcp") {
		t.Errorf("contact %s", got)
	}
	call.Take(m)
	call.Ack("")
	siptest.Wait(t, leg.Acks)
}
