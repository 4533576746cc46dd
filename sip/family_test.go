package sip_test

import (
	"crypto/tls"
	"net/netip"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// peerAt talks to a port of this machine by an address of its own.
func peerAt(t *testing.T, network, local string, port uint16, client *tls.Config) *siptest.Peer {
	t.Helper()
	addr := netip.AddrPortFrom(netip.MustParseAddr(local), port)
	switch network {
	case "udp":
		return siptest.UDPFrom(t, addr.Addr(), addr)
	case "tcp":
		return siptest.TCP(t, addr)
	case "tls":
		return siptest.TLS(t, addr, client)
	}
	return siptest.WebSocket(t, "ws://"+addr.String()+"/ws", nil, nil)
}

// TestFamilies: peers of both families reach one server, are told its address in theirs,
// and are called back (RFC 6157 §3): by one socket of both, and by one of each.
func TestFamilies(t *testing.T) {
	siptest.NeedIPv6(t)
	server, client := siptest.Certificate(t)
	for name, addresses := range map[string][]string{
		"one of both":      {"[::]:0"},
		"without a host":   {":0"},
		"one of each":      {"127.0.0.1:0", "[::1]:0"},
		"the other before": {"[::1]:0", "127.0.0.1:0"},
	} {
		for _, network := range []string{"udp", "tcp", "tls", "ws"} {
			t.Run(name+" "+network, func(t *testing.T) {
				cfg := siptest.Config()
				cfg.Transport.TLSClient = always(client)
				for _, a := range addresses {
					cfg.Transport.Listeners = append(cfg.Transport.Listeners, transport.Listener{Network: network, Address: a, TLS: server})
				}
				phone := siptest.NewPhoneWith(t, "bob", cfg)
				for _, local := range []string{"127.0.0.1", "::1"} {
					at := netip.MustParseAddr(local)
					port := phone.Addr(network).Port()
					for _, a := range phone.Addrs(network) {
						if a.Addr().IsLoopback() && a.Addr().Is4() == at.Is4() {
							port = a.Port()
						}
					}
					reachable(t, phone, peerAt(t, network, local, port, client), network, netip.AddrPortFrom(at, port))
				}
			})
		}
	}
}

// reachable calls from the peer, and calls it back, over the way it came by.
func reachable(t *testing.T, phone *siptest.Phone, p *siptest.Peer, network string, at netip.AddrPort) {
	t.Helper()
	call := p.NewCall("sip:bob@" + at.String())
	call.Send("INVITE", offer, p.Contact())
	incoming := siptest.Wait(t, phone.Invites)
	src := incoming.Request().Source()
	if src.Remote != p.Local() || src.Remote.Addr().Is4In6() {
		t.Errorf("source %v, want %v", src.Remote, p.Local())
	}
	leg := siptest.NewLeg(t)
	dialog, err := incoming.Accept(sdp(answer), leg)
	if err != nil {
		t.Fatal(err)
	}
	ok := p.Want("SIP/2.0 200")
	if contact := ok.URI("Contact"); !strings.HasPrefix(contact, "sip:"+at.String()) && !strings.HasPrefix(contact, "sip:bob@"+at.String()) {
		t.Errorf("at %v it says Contact %s", at, contact)
	}
	// RFC 5118 §4.5: the address in received has no brackets, unlike that of the host.
	if via := ok.Header("Via"); !strings.Contains(via, ";received="+at.Addr().String()) && strings.Contains(via, ";received=") {
		t.Errorf("at %v it says Via %s", at, via)
	}
	call.Take(ok)
	call.Ack("")
	siptest.Wait(t, leg.Acks)
	go func() { _ = dialog.Bye(siptest.Ctx(t)) }() // ended by the answer below
	bye := p.Want("BYE ")
	if via := bye.Header("Via"); !strings.Contains(via, " "+at.String()+";") {
		t.Errorf("to %v it says Via %s", p.Local(), via)
	}
	p.Send(p.Response(bye, 200, "", nil, ""))
	siptest.Wait(t, leg.Ended)
	if network == "ws" {
		return // is called back over its connection only
	}
	out := phone.Outbound(contactOf(t, p))
	back := phone.Call(siptest.Ctx(t), out)
	inv := p.Want("INVITE ")
	if via := inv.Header("Via"); !strings.Contains(via, " "+at.String()+";") {
		t.Errorf("called back, it says Via %s", via)
	}
	p.Send(p.Response(inv, 486, "b", nil, ""))
	siptest.Wait(t, back.Failed)
	p.Want("ACK ")
}

// contactOf is where a peer says that it is.
func contactOf(t *testing.T, p *siptest.Peer) message.URI {
	t.Helper()
	a, err := message.ParseAddress(strings.TrimPrefix(p.Contact(), "Contact: "))
	if err != nil {
		t.Fatal(err)
	}
	return a.URI
}

// TestOutsideOfEachFamily: a peer beyond a NAT is told the address of its own family.
func TestOutsideOfEachFamily(t *testing.T) {
	siptest.NeedIPv6(t)
	cfg := siptest.Config()
	cfg.Transport.Listeners = []transport.Listener{{Network: "udp", Address: "[::]:0"}}
	cfg.External = sip.External{Hosts: []string{"203.0.113.7", "2001:db8::7"}}
	phone := siptest.NewPhoneWith(t, "bob", cfg)
	port := phone.Addr("udp").Port()
	for local, want := range map[string]string{"127.0.0.1": "203.0.113.7", "::1": "2001:db8::7"} {
		p := peerAt(t, "udp", local, port, nil)
		p.NewCall("sip:bob@pbx.example.com").Send("INVITE", offer, p.Contact())
		in := siptest.Wait(t, phone.Invites)
		if err := in.Progress(sip.Reply{Status: 180}); err != nil {
			t.Fatal(err)
		}
		at := netip.AddrPortFrom(netip.MustParseAddr(want), port)
		if got := p.Want("SIP/2.0 180").URI("Contact"); got != "sip:bob@"+at.String() {
			t.Errorf("%s is told %s", local, got)
		}
		if err := in.Reject(sip.Reply{Status: 486}); err != nil {
			t.Fatal(err)
		}
		p.Want("SIP/2.0 486")
	}
}
