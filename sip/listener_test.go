package sip_test

import (
	"net/netip"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// twoNets is a phone with a foot in each of two networks, "lan" first: 127.0.0.2 and
// 127.0.0.3, over UDP and TCP each; and others that it listens by.
func twoNets(t *testing.T, others ...transport.Listener) *siptest.Phone {
	t.Helper()
	cfg := siptest.Config()
	cfg.Transport.Listeners = append([]transport.Listener{
		{Name: "lan-udp", Network: "udp", Address: "127.0.0.2:0"}, {Name: "wan-udp", Network: "udp", Address: "127.0.0.3:0"},
		{Name: "lan-tcp", Network: "tcp", Address: "127.0.0.2:0"}, {Name: "wan-tcp", Network: "tcp", Address: "127.0.0.3:0"},
	}, others...)
	return siptest.NewPhoneWith(t, "us", cfg)
}

// A request leaves by the listener that it names: from that one's socket, or over a
// connection from its address; and it says so in Via and Contact. Of two at one peer neither
// takes the other's connection.
func TestListener(t *testing.T) {
	us, peer := twoNets(t), siptest.NewPhone(t, "bob", "udp", "tcp")
	own := map[string]netip.AddrPort{"": us.Addrs("udp")[0]}
	for i, name := range []string{"lan-", "wan-"} {
		own[name+"udp"], own[name+"tcp"] = us.Addrs("udp")[i], us.Addrs("tcp")[i]
	}
	for _, tt := range []struct{ listener, network, method, want string }{
		{"wan-udp", "udp", "REGISTER", "wan-udp"},
		{"wan-udp", "udp", "OPTIONS", "wan-udp"},
		{"wan-udp", "udp", "INVITE", "wan-udp"},
		{"lan-udp", "udp", "INVITE", "lan-udp"},
		{"lan-tcp", "tcp", "INVITE", "lan-tcp"},
		{"wan-tcp", "tcp", "INVITE", "wan-tcp"},
		{"wan-tcp", "tcp", "REGISTER", "wan-tcp"},
		{"lan-tcp", "tcp", "OPTIONS", "lan-tcp"},
		{"wan-tcp", "udp", "OPTIONS", "wan-udp"}, // its address counts
		{"wan-udp", "tcp", "INVITE", "wan-tcp"},
		{"none", "udp", "OPTIONS", ""}, // as without one
		{"", "udp", "INVITE", ""},
	} {
		t.Run(tt.method+" by "+tt.listener+" over "+tt.network, func(t *testing.T) {
			o := us.Outbound(peer.URI(tt.network))
			o.Method, o.Listener = tt.method, tt.listener
			var req *message.Request
			if tt.method == "INVITE" {
				leg := us.Call(t.Context(), o)
				in := siptest.Wait(t, peer.Invites)
				req = in.Request()
				if err := in.Reject(sip.Reply{Status: 404}); err != nil {
					t.Error(err)
				}
				siptest.Wait(t, leg.Failed)
			} else {
				if tt.method == "REGISTER" {
					o.Contacts = []message.Address{{URI: message.URI{User: "us"}}}
				}
				done := make(chan error, 1)
				go func() { // ends with the response
					_, err := us.Request(t.Context(), o)
					done <- err
				}()
				in := siptest.Wait(t, peer.Requests)
				req = in.Request()
				if err := in.Respond(sip.Reply{}); err != nil {
					t.Error(err)
				}
				if err := siptest.Wait(t, done); err != nil {
					t.Error(err)
				}
			}
			want, from := own[tt.want], req.Source().Remote
			if from.Addr() != want.Addr() || tt.network == "udp" && from != want {
				t.Errorf("left from %s, want %s", from, want)
			}
			told := []message.URI{{Host: req.Via().Host, Port: req.Via().Port}}
			contacts, err := req.Contacts()
			if err != nil || (len(contacts) == 0) != (tt.method == "OPTIONS") {
				t.Errorf("contacts %v, %v", contacts, err)
			}
			for _, c := range contacts {
				told = append(told, c.URI)
			}
			for _, u := range told {
				if u.Host != want.Addr().String() || u.Port != int(want.Port()) {
					t.Errorf("told %s, want %s", u, want)
				}
			}
		})
	}
}

// A listener that cannot reach the peer is no reason to leave by another.
func TestListenerOfTheOtherFamily(t *testing.T) {
	siptest.NeedIPv6(t)
	us := twoNets(t, transport.Listener{Name: "far-udp", Network: "udp", Address: "[::1]:0"})
	o := us.Outbound(siptest.NewPhone(t, "bob", "udp").URI("udp"))
	o.Method, o.Listener = "OPTIONS", "far-udp"
	if _, err := us.Request(t.Context(), o); fault.Of(err) != fault.Unreachable {
		t.Errorf("by a listener of the other family: %v", err)
	}
}

// Who has spoken to one socket of ours is spoken to from that one, wherever its Contact is:
// a NAT lets nothing else through.
func TestBeside(t *testing.T) {
	us, nat := twoNets(t), siptest.NewPhone(t, "bob")
	for i, want := range us.Addrs("udp")[:2] {
		o := nat.Outbound(message.URI{Scheme: "sip", User: "us", Host: want.Addr().String(), Port: int(want.Port())})
		o.Method = "REGISTER"
		done := make(chan error, 1)
		go func() { // ends with the response
			_, err := nat.Request(t.Context(), o)
			done <- err
		}()
		in := siptest.Wait(t, us.Requests)
		flow := in.Request().Source().Flow
		if err := in.Respond(sip.Reply{}); err != nil {
			t.Error(err)
		}
		if err := siptest.Wait(t, done); err != nil {
			t.Fatal(err)
		}
		call := us.Outbound(nat.URI("udp"))
		call.Beside = flow
		leg := us.Call(t.Context(), call)
		inv := siptest.Wait(t, nat.Invites)
		if from := inv.Request().Source().Remote; from != want {
			t.Errorf("socket %d: rung from %s, want %s", i, from, want)
		}
		if err := inv.Reject(sip.Reply{Status: 486}); err != nil {
			t.Error(err)
		}
		siptest.Wait(t, leg.Failed)
	}
}
