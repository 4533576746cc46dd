package sip_test

import (
	"crypto/tls"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// TestAddressByStun: a phone asks for its address on the port of SIP (RFC 5626 §4.4.2).
func TestAddressByStun(t *testing.T) {
	phone := siptest.NewPhone(t, "bob")
	p := siptest.UDP(t, phone.Addr("udp"))
	p.Send("\x00\x01\x00\x00\x21\x12\xa4\x42twelve bytes")
	port := p.Local().Port() ^ 0x2112
	want := "\x01\x01\x00\x0c\x21\x12\xa4\x42twelve bytes\x00\x20\x00\x08\x00\x01" +
		string([]byte{byte(port >> 8), byte(port), 127 ^ 0x21, 0 ^ 0x12, 0 ^ 0xa4, 1 ^ 0x42})
	if m := p.Next(); m.Text != want {
		t.Errorf("%q, want %q", m.Text, want)
	}
	p.Send("\x00\x03\x00\x00\x21\x12\xa4\x42twelve bytes") // TURN: no answer, and no trouble
	p.NewCall("sip:bob@x").Send("OPTIONS", "")
	if err := siptest.Wait(t, phone.Requests).Respond(sip.Reply{}); err != nil {
		t.Fatal(err)
	}
	p.Want("SIP/2.0 200")
	if n := phone.Stats().Malformed; n != 0 {
		t.Errorf("%d malformed", n)
	}
}

// TestWeKeepConnectionsOpen: each one gets an empty line now and then, and its answer is
// not taken for a ping.
func TestWeKeepConnectionsOpen(t *testing.T) {
	cfg := siptest.Config("tcp", "udp")
	cfg.Transport.KeepAlive = 5 * time.Millisecond
	phone := siptest.NewPhoneWith(t, "bob", cfg)
	p := siptest.TCP(t, phone.Addr("tcp"))
	for range 4 { // each line of a ping is a message to the peer
		for range 2 {
			if m := p.Next(); m.Text != "\r\n" {
				t.Errorf("%q", m.Text)
			}
		}
		p.Send("\r\n")
	}
	u := siptest.UDP(t, phone.Addr("udp"))
	u.NewCall("sip:bob@x").Send("OPTIONS", "")
	r := siptest.Wait(t, phone.Requests)
	phone.KeepAlive(r.Request().Source().Flow)
	if m := u.Next(); m.Text != "\r\n\r\n" {
		t.Errorf("over UDP %q", m.Text)
	}
}

// TestAlias: a server whose certificate is for its address is called over the connection
// that it opened (RFC 5923); who has proven nothing is not.
func TestAlias(t *testing.T) {
	server, client := siptest.Certificate(t)
	server.ClientAuth, server.ClientCAs = tls.VerifyClientCertIfGiven, client.RootCAs
	cfg := siptest.Config("tls")
	cfg.Transport.Listeners[0].TLS, cfg.Transport.TLSClient = server, always(client)
	known := client.Clone()
	known.Certificates = server.Certificates
	for name, c := range map[string]struct {
		cfg  *tls.Config
		via  string
		ours bool
	}{
		"certified":       {known, "127.0.0.1:1;alias", true},
		"no certificate":  {client, "127.0.0.1:1;alias", false},
		"another host's":  {known, "192.0.2.1:1;alias", false},
		"does not say so": {known, "127.0.0.1:1", false},
	} {
		t.Run(name, func(t *testing.T) {
			phone := siptest.NewPhoneWith(t, "bob", cfg)
			p := siptest.TLS(t, phone.Addr("tls"), c.cfg)
			p.NewCall("sip:bob@x").Send("OPTIONS", "", "Via: SIP/2.0/TLS "+c.via+";branch="+siptest.ID("z9hG4bK"))
			if err := siptest.Wait(t, phone.Requests).Respond(sip.Reply{}); err != nil {
				t.Fatal(err)
			}
			p.Want("SIP/2.0 200")
			o := phone.Outbound(message.URI{Scheme: "sip", Host: "127.0.0.1", Port: 1, Params: message.Params{{Name: "transport", Value: "tls"}}})
			o.Method = "OPTIONS"
			got := make(chan error, 1)
			go func() { // ended by the answer, or for want of a connection
				_, err := phone.Request(siptest.Ctx(t), o)
				got <- err
			}()
			if !c.ours {
				if err := siptest.Wait(t, got); fault.Of(err) != fault.Unreachable {
					t.Errorf("%v", err)
				}
				return
			}
			p.Send(p.Response(p.Want("OPTIONS "), 200, "x", nil, ""))
			if err := siptest.Wait(t, got); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestMoveFlow: the calls of a phone go on where it is now, over UDP from another port and
// over a connection that it opened anew; those of others stay.
func TestMoveFlow(t *testing.T) {
	for _, network := range []string{"tcp", "udp"} {
		t.Run(network, func(t *testing.T) {
			phone := siptest.NewPhone(t, "bob", network)
			open := func() *siptest.Peer {
				if network == "udp" {
					return siptest.UDP(t, phone.Addr("udp"))
				}
				return siptest.TCP(t, phone.Addr("tcp"))
			}
			register := func(p *siptest.Peer) message.FlowID {
				p.NewCall("sip:x").Send("REGISTER", "")
				r := siptest.Wait(t, phone.Requests)
				if err := r.Respond(sip.Reply{}); err != nil {
					t.Fatal(err)
				}
				p.Want("SIP/2.0 200")
				return r.Request().Source().Flow
			}
			old, other := open(), open()
			call := old.NewCall("sip:bob@" + phone.Addr(network).String())
			call.Send("INVITE", offer)
			leg := phone.Answer(sdp(answer))
			leg.Dialog.SetRewriteContact(true)
			call.Take(old.Want("SIP/2.0 200"))
			call.Ack("")
			siptest.Wait(t, leg.Acks)
			from := register(old)
			register(other)
			old.Close()
			again := open()
			phone.MoveFlow(from, "tcp-gone-1")
			phone.MoveFlow(from, register(again))
			go func() { _ = leg.Dialog.Bye(siptest.Ctx(t)) }() // ended by the answer below
			again.Send(again.Response(again.Want("BYE "), 200, "", nil, ""))
			siptest.Wait(t, leg.Ended)
			if n := len(other.Arrived()); n != 0 {
				t.Errorf("another phone got %d messages", n)
			}
		})
	}
}
