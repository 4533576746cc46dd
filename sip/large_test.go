package sip_test

import (
	"bytes"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/resolver"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
	"github.com/skygenesisenterprise/skybridge/sip/siptest/dnstest"
)

// TestLargeCallWithoutTCP: a call that no datagram should carry goes over UDP after all,
// and says so, where the place refuses TCP (RFC 3261 §18.1.1); it lives on there.
func TestLargeCallWithoutTCP(t *testing.T) {
	phone := siptest.NewPhone(t, "alice", "udp", "tcp")
	udp := siptest.UDP(t, netip.AddrPort{})
	for range 2 { // the second time the place is known for it
		o := phone.Outbound(at(udp))
		o.ContentType, o.Body = large.ContentType, large.Body
		leg := phone.Call(siptest.Ctx(t), o)
		inv := udp.Want("INVITE ")
		if via := inv.Header("Via"); !strings.HasPrefix(via, "SIP/2.0/UDP ") || strings.Contains(inv.Header("Contact"), "transport=tcp") || len(inv.Text) <= 1300 {
			t.Errorf("%d bytes, via %s, contact %s", len(inv.Text), via, inv.Header("Contact"))
		}
		udp.Send(udp.Response(inv, 200, "x", []string{udp.Contact()}, ""))
		leg.Answered()
		udp.Want("ACK ")
		done := make(chan error, 1)
		go func() { done <- leg.Dialog.Bye(siptest.Ctx(t)) }() // ended by the answer below
		udp.Send(udp.Response(udp.Want("BYE "), 200, "", nil, ""))
		if err := siptest.Wait(t, done); err != nil {
			t.Error(err)
		}
	}
}

// TestLargestDatagram: 1300 bytes go over UDP, one more goes over TCP.
func TestLargestDatagram(t *testing.T) {
	phone := siptest.NewPhone(t, "alice", "udp", "tcp")
	udp, l := both(t, netip.AddrPort{})
	ask := func(fill int) <-chan error {
		o := sip.Outbound{
			From: message.Address{URI: trunk()}, Method: "OPTIONS", Target: at(udp), CallID: "always-as-long", CSeq: 1,
			ContentType: "text/plain", Body: bytes.Repeat([]byte("x"), fill),
		}
		got := make(chan error, 1)
		go func() { // ended by the answer below
			_, err := phone.Request(siptest.Ctx(t), o)
			got <- err
		}()
		return got
	}
	answered := func(p *siptest.Peer, got <-chan error) int {
		t.Helper()
		m := p.Want("OPTIONS ")
		p.Send(p.Response(m, 200, "x", nil, ""))
		if err := siptest.Wait(t, got); err != nil {
			t.Error(err)
		}
		return len(m.Text)
	}
	fill := 500 // three digits of Content-Length, as at the end
	fill += 1300 - answered(udp, ask(fill))
	if n := answered(udp, ask(fill)); n != 1300 {
		t.Errorf("%d bytes over UDP, want 1300", n)
	}
	got := ask(fill + 1)
	if n := answered(accepted(t, l), got); n != 1301 {
		t.Errorf("%d bytes over TCP, want 1301", n)
	}
}

// TestSilentNamesHoldNobodyUp: while many calls wait for a name server that says nothing,
// others are made, taken and ended.
func TestSilentNamesHoldNobodyUp(t *testing.T) {
	d := dnstest.New(t, here+"lost.test. 60 IN A 127.0.0.1\n")
	held := make(chan struct{})
	asked := make(chan struct{}, 64)
	d.Answer("lost.test.", func(_ string, q *dns.Msg) *dns.Msg {
		asked <- struct{}{}
		<-held
		return new(dns.Msg).SetRcode(q, dns.RcodeNameError)
	})
	c := resolver.Default()
	c.ResolvConf, c.HostsFile = filepath.Join(t.TempDir(), "none"), filepath.Join(t.TempDir(), "none")
	c.Servers = []netip.AddrPort{d.Addr}
	c.QuestionTimeout, c.LookupTimeout = siptest.Patience, siptest.Patience
	names, err := resolver.New(c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(names.Close)
	cfg := siptest.Config("udp", "tcp")
	cfg.Resolver = names
	phone := siptest.NewPhoneWith(t, "bob", cfg)
	const many = 50
	lost := make(chan error, many)
	for range many {
		go func() { // ended by held
			o := phone.Outbound(message.URI{Scheme: "sip", User: "x", Host: "lost.test"})
			_, err := phone.Invite(siptest.Ctx(t), o, siptest.NewLeg(t))
			lost <- err
		}()
	}
	siptest.Wait(t, asked)

	peer := siptest.UDP(t, phone.Addr("udp"))
	there := at(peer)
	there.Host = "here.test"
	leg := phone.Call(siptest.Ctx(t), phone.Outbound(there)) // by another name
	inv := peer.Skip("INVITE ")
	peer.Send(peer.Response(inv, 200, "x", []string{peer.Contact()}, ""))
	leg.Answered()
	peer.Skip("ACK ")
	call := peer.NewCall(phone.URI("udp").String())
	call.Send("INVITE", offer)
	incoming := phone.Answer(sdp(answer))
	call.Take(peer.Skip("SIP/2.0 200"))
	call.Ack("")
	siptest.Wait(t, incoming.Acks)
	call.Send("BYE", "")
	peer.Skip("SIP/2.0 200")
	siptest.Wait(t, incoming.Ended)
	if n := len(lost); n > 0 {
		t.Errorf("%d calls did not wait: %v", n, <-lost)
	}
	close(held)
	for range many {
		if err := siptest.Wait(t, lost); err == nil {
			t.Error("a call has gone to nobody")
		}
	}
}
