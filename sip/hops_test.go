package sip_test

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/resolver"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
	"github.com/skygenesisenterprise/skybridge/sip/siptest/dnstest"
)

// named is a phone that looks names up at a server with that zone.
func named(t *testing.T, cfg sip.Config, zone string) *siptest.Phone {
	t.Helper()
	c := resolver.Default()
	c.ResolvConf, c.HostsFile = filepath.Join(t.TempDir(), "none"), filepath.Join(t.TempDir(), "none")
	c.Servers = []netip.AddrPort{dnstest.New(t, zone).Addr}
	c.QuestionTimeout, c.LookupTimeout = siptest.Patience, siptest.Patience
	names, err := resolver.New(c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(names.Close)
	cfg.Resolver = names
	return siptest.NewPhoneWith(t, "alice", cfg)
}

// srv is a record for trunk.test.
func srv(network string, priority int, p netip.AddrPort) string {
	return fmt.Sprintf("_sip._%s.trunk.test. 60 IN SRV %d 0 %d here.test.\n", network, priority, p.Port())
}

const here = "here.test. 60 IN A 127.0.0.1\n"

func trunk() message.URI { return message.URI{Scheme: "sip", User: "x", Host: "trunk.test"} }

// TestTargetsInOrder: a call goes to the next target when one is silent, closed or busy,
// and the call after it goes to the one that answered first.
func TestTargetsInOrder(t *testing.T) {
	silent, busy, good := siptest.UDP(t, netip.AddrPort{}), siptest.UDP(t, netip.AddrPort{}), siptest.UDP(t, netip.AddrPort{})
	closed := siptest.UDP(t, netip.AddrPort{})
	closed.Close()
	cfg := siptest.Repeating(2*siptest.T1, "udp", "tcp")
	phone := named(t, cfg, here+srv("udp", 1, silent.Local())+srv("udp", 2, busy.Local())+srv("udp", 4, good.Local())+
		srv("tcp", 0, closed.Local())+"trunk.test. 60 IN NAPTR 1 1 \"s\" \"SIP+D2T\" \"\" _sip._tcp.trunk.test.\n"+
		"trunk.test. 60 IN NAPTR 2 1 \"s\" \"SIP+D2U\" \"\" _sip._udp.trunk.test.\n")
	leg := phone.Call(siptest.Ctx(t), phone.Outbound(trunk()))
	first := silent.Skip("INVITE ")
	busy.Send(busy.Response(busy.Skip("INVITE "), 503, "b", []string{"Retry-After: 60"}, ""))
	inv := good.Skip("INVITE ")
	good.Send(good.Response(inv, 200, "g", []string{good.Contact()}, ""))
	leg.Answered()
	good.Skip("ACK ")
	if first.Header("Call-ID") != inv.Header("Call-ID") || first.Header("Via") == inv.Header("Via") {
		t.Errorf("one call or one transaction? %s, %s", first.Text, inv.Text)
	}
	o := phone.Outbound(trunk())
	o.Method = "OPTIONS" // straight to the one that is well
	got := make(chan error, 1)
	go func() { // ended by the answer below
		_, err := phone.Request(siptest.Ctx(t), o)
		got <- err
	}()
	good.Send(good.Response(good.Skip("OPTIONS "), 200, "g", nil, ""))
	if err := siptest.Wait(t, got); err != nil {
		t.Error(err)
	}
	for name, p := range map[string]*siptest.Peer{"silent": silent, "busy": busy} {
		for len(p.Arrived()) > 0 {
			if m := <-p.Arrived(); strings.HasPrefix(m.Start, "OPTIONS ") {
				t.Errorf("the %s one was asked again", name)
			}
		}
	}
}

// both is a UDP peer with a TCP listener on its port.
func both(t *testing.T, to netip.AddrPort) (*siptest.Peer, net.Listener) {
	t.Helper()
	for range 100 {
		p := siptest.UDP(t, to)
		l, err := net.Listen("tcp", p.Local().String())
		if err == nil {
			t.Cleanup(func() { _ = l.Close() }) // accepted what it had to
			return p, l
		}
		p.Close()
	}
	t.Fatal("no port is free over UDP and TCP")
	return nil, nil
}

func accepted(t *testing.T, l net.Listener) *siptest.Peer {
	t.Helper()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return siptest.Conn(t, "tcp", c)
}

func at(p *siptest.Peer) message.URI {
	a := p.Local()
	return message.URI{Scheme: "sip", User: "x", Host: a.Addr().String(), Port: int(a.Port())}
}

var large = sip.Reply{ContentType: "application/sdp", Body: []byte(strings.Repeat("a=x\r\n", 400))}

// TestLargeRequests: what no datagram should carry goes over TCP to the same place, in a
// call and before one, where that is possible (RFC 3261 §18.1.1).
func TestLargeRequests(t *testing.T) {
	body := func(o sip.Outbound) sip.Outbound {
		o.ContentType, o.Body = large.ContentType, large.Body
		return o
	}
	t.Run("over TCP", func(t *testing.T) {
		phone := siptest.NewPhone(t, "alice", "udp", "tcp")
		udp, l := both(t, netip.AddrPort{})
		leg := phone.Call(siptest.Ctx(t), body(phone.Outbound(at(udp))))
		tcp := accepted(t, l)
		inv := tcp.Want("INVITE ")
		if via := inv.Header("Via"); !strings.HasPrefix(via, "SIP/2.0/TCP ") || !strings.Contains(inv.Header("Contact"), ";transport=tcp") {
			t.Errorf("via %s, contact %s", via, inv.Header("Contact"))
		}
		tcp.Send(tcp.Response(inv, 200, "x", []string{udp.Contact()}, ""))
		leg.Answered()
		tcp.Want("ACK ")
		if n := len(udp.Arrived()); n != 0 {
			t.Errorf("%d messages over UDP", n)
		}
	})
	t.Run("in a dialog", func(t *testing.T) {
		phone := siptest.NewPhone(t, "bob", "udp", "tcp")
		udp, l := both(t, phone.Addr("udp"))
		call := udp.NewCall(phone.URI("udp").String())
		call.Send("INVITE", offer)
		leg := phone.Answer(sdp(answer))
		call.Take(udp.Want("SIP/2.0 200"))
		call.Ack("")
		siptest.Wait(t, leg.Acks)
		done := make(chan error, 1)
		go func() { // ended by the answers below
			_, err := leg.Dialog.Request(siptest.Ctx(t), "INFO", sip.Content{Type: "text/plain", Body: large.Body})
			if err == nil {
				_, err = leg.Dialog.Request(siptest.Ctx(t), "INFO", sip.Content{Type: "text/plain", Body: []byte("small")})
			}
			done <- err
		}()
		tcp := accepted(t, l)
		tcp.Send(tcp.Response(tcp.Want("INFO "), 200, "", nil, ""))
		udp.Send(udp.Response(udp.Want("INFO "), 200, "", nil, ""))
		if err := siptest.Wait(t, done); err != nil {
			t.Error(err)
		}
	})
	for name, c := range map[string]struct {
		change func(*sip.Config, *sip.Outbound)
		tcp    bool
	}{
		"nobody takes it over TCP": {func(*sip.Config, *sip.Outbound) {}, false},
		"switched off":             {func(c *sip.Config, _ *sip.Outbound) { c.UDPMax = 0 }, true},
		"we take no TCP":           {func(c *sip.Config, _ *sip.Outbound) { c.Transport.Listeners = c.Transport.Listeners[:1] }, true},
		"small enough":             {func(_ *sip.Config, o *sip.Outbound) { o.Body = []byte("v=0\r\n") }, true},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := siptest.Config("udp", "tcp")
			o := body(sip.Outbound{From: message.Address{URI: trunk()}, Method: "OPTIONS"})
			c.change(&cfg, &o)
			phone := siptest.NewPhoneWith(t, "alice", cfg)
			udp := siptest.UDP(t, netip.AddrPort{})
			if c.tcp {
				udp, _ = both(t, netip.AddrPort{})
			}
			o.Target = at(udp)
			for range 2 {
				got := make(chan error, 1)
				go func() { // ended by the answer below
					_, err := phone.Request(siptest.Ctx(t), o)
					got <- err
				}()
				udp.Send(udp.Response(udp.Want("OPTIONS "), 200, "x", nil, ""))
				if err := siptest.Wait(t, got); err != nil {
					t.Error(err)
				}
			}
		})
	}
	t.Run("over the way that a phone opened", func(t *testing.T) {
		phone := siptest.NewPhone(t, "bob", "udp", "tcp")
		udp, _ := both(t, phone.Addr("udp"))
		udp.NewCall("sip:bob@127.0.0.1").Send("REGISTER", "")
		reg := siptest.Wait(t, phone.Requests)
		if err := reg.Respond(sip.Reply{}); err != nil {
			t.Fatal(err)
		}
		o := body(phone.Outbound(at(udp)))
		o.Flow = reg.Request().Source().Flow
		phone.Call(siptest.Ctx(t), o)
		udp.Skip("INVITE ")
	})
}
