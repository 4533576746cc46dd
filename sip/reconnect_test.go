package sip_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// house is where somebody listens: each connection to it is a peer.
type house struct {
	t    *testing.T
	l    net.Listener
	came chan net.Conn
}

func newHouse(t *testing.T, host string) *house {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t, l, make(chan net.Conn, 8)}
	done := make(chan struct{})
	go func() { // ended by the listener's end
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			h.came <- c
		}
	}()
	t.Cleanup(func() {
		_ = l.Close() // a test may have closed it
		<-done
		for len(h.came) > 0 {
			_ = (<-h.came).Close() // nobody has asked for it
		}
	})
	return h
}

func (h *house) port() int { return h.l.Addr().(*net.TCPAddr).Port }

// next is the peer at the other end of the next connection.
func (h *house) next() *siptest.Peer {
	h.t.Helper()
	return siptest.Conn(h.t, "tcp", siptest.Wait(h.t, h.came))
}

// rings is a call that rings, over a connection that names where it takes others.
func rings(t *testing.T, phone *siptest.Phone, via string) (p *siptest.Peer, call *siptest.Call, in *sip.IncomingInvite, line siptest.Line) {
	t.Helper()
	p = siptest.TCP(t, phone.Addr("tcp"))
	call = p.NewCall(phone.URI("tcp").String())
	line = "Via: SIP/2.0/TCP " + via + ";branch=" + siptest.ID("z9hG4bK")
	call.Send("INVITE", offer, line)
	in = siptest.Wait(t, phone.Invites)
	if err := in.Progress(sip.Reply{}); err != nil {
		t.Fatal(err)
	}
	p.Want("SIP/2.0 180")
	return p, call, in, line
}

// guide is a resolver that says where responses go when it is told to.
type guide struct {
	asked  chan string
	answer chan []transport.Destination
}

func (guide) Resolve(context.Context, message.URI, string) ([]transport.Destination, error) {
	return nil, fault.New(fault.Unreachable, "not in this test")
}

func (g guide) ReturnTo(_ context.Context, via message.Via) ([]transport.Destination, error) {
	g.asked <- via.Host
	return <-g.answer, nil
}

func guided() (sip.Config, guide) {
	cfg := siptest.Config("tcp")
	g := guide{make(chan string, 1), make(chan []transport.Destination, 1)}
	cfg.Resolver = g
	return cfg, g
}

func tcpAt(host string, port int) transport.Destination {
	return transport.Destination{Network: "tcp", Addr: netip.MustParseAddrPort(fmt.Sprintf("%s:%d", host, port)), Host: host}
}

// TestRingingCallOutlivesItsConnection: what follows goes over a connection to where the Via
// says, and comes over it (RFC 3261 §18.2.2).
func TestRingingCallOutlivesItsConnection(t *testing.T) {
	phone := siptest.NewPhone(t, "bob", "tcp")
	for name, end := range map[string]func(*testing.T, *sip.IncomingInvite, *siptest.Peer, *siptest.Call, siptest.Line){
		"answered": func(t *testing.T, in *sip.IncomingInvite, q *siptest.Peer, call *siptest.Call, _ siptest.Line) {
			if err := in.Progress(sip.Reply{Status: 183}); err != nil {
				t.Fatal(err)
			}
			q.Want("SIP/2.0 183")
			leg := siptest.NewLeg(t)
			d, err := in.Accept(sdp(answer), leg)
			if err != nil {
				t.Fatal(err)
			}
			call.Take(q.Want("SIP/2.0 200"))
			call.Peer = q
			call.Ack("")
			siptest.Wait(t, leg.Acks)
			go func() { _ = d.Bye(siptest.Ctx(t)) }() // ended by the answer below
			q.Send(q.Response(q.Want("BYE "), 200, "", nil, ""))
			siptest.Wait(t, leg.Ended)
		},
		"refused": func(t *testing.T, in *sip.IncomingInvite, q *siptest.Peer, call *siptest.Call, via siptest.Line) {
			if err := in.Reject(sip.Reply{Status: 486}); err != nil {
				t.Fatal(err)
			}
			q.Want("SIP/2.0 486")
			q.Send(call.Again("ACK", "", via))
		},
		"canceled": func(t *testing.T, in *sip.IncomingInvite, q *siptest.Peer, call *siptest.Call, via siptest.Line) {
			q.Send(call.Again("CANCEL", "", via))
			q.Want("SIP/2.0 200")
			q.Want("SIP/2.0 487")
			siptest.Wait(t, in.Done())
			if fault.Of(in.Err()) != fault.Canceled {
				t.Errorf("ended with %v", in.Err())
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, "127.0.0.1")
			p, call, in, via := rings(t, phone, fmt.Sprintf("127.0.0.1:%d", h.port()))
			p.Close()
			q := h.next()
			end(t, in, q, call, via)
		})
	}
}

// TestResponsesWaitForTheirConnection: what is said while it is looked for is said then.
func TestResponsesWaitForTheirConnection(t *testing.T) {
	cfg, g := guided()
	phone, h := siptest.NewPhoneWith(t, "bob", cfg), newHouse(t, "127.0.0.1")
	p, call, in, _ := rings(t, phone, "pbx.test")
	p.Close()
	if host := siptest.Wait(t, g.asked); host != "pbx.test" {
		t.Errorf("%s is looked for", host)
	}
	if err := in.Progress(sip.Reply{Status: 183}); err != nil {
		t.Fatal(err)
	}
	leg := siptest.NewLeg(t)
	if _, err := in.Accept(sdp(answer), leg); err != nil {
		t.Fatal(err)
	}
	g.answer <- []transport.Destination{tcpAt("127.0.0.1", h.port())}
	q := h.next()
	q.Want("SIP/2.0 183")
	call.Take(q.Want("SIP/2.0 200"))
	call.Peer = q
	call.Ack("")
	siptest.Wait(t, leg.Acks)
}

// TestRingingCallEndsWithItsConnection: where there is no other, and nobody is connected to
// who has not proven to be there.
func TestRingingCallEndsWithItsConnection(t *testing.T) {
	cfg, g := guided()
	asking, phone := siptest.NewPhoneWith(t, "bob", cfg), siptest.NewPhone(t, "bob", "tcp")
	elsewhere, empty := newHouse(t, "127.0.0.2"), newHouse(t, "127.0.0.1")
	_ = empty.l.Close() // nobody lives there any more
	for name, c := range map[string]struct {
		phone *siptest.Phone
		via   string
		found []transport.Destination
	}{
		"behind a NAT":   {phone, fmt.Sprintf("127.0.0.2:%d;rport", elsewhere.port()), nil},
		"maddr":          {phone, fmt.Sprintf("127.0.0.1:%d;maddr=127.0.0.2", elsewhere.port()), nil},
		"another's name": {asking, "victim.test", []transport.Destination{tcpAt("127.0.0.2", elsewhere.port())}},
		"another's as well": {asking, "both.test", []transport.Destination{
			tcpAt("127.0.0.1", empty.port()), tcpAt("127.0.0.2", elsewhere.port()),
		}},
		"another's first": {asking, "both.test", []transport.Destination{
			tcpAt("127.0.0.2", elsewhere.port()), tcpAt("127.0.0.1", empty.port()),
		}},
		"nobody's name":    {phone, "x.invalid", nil},
		"nobody is there":  {phone, fmt.Sprintf("127.0.0.1:%d", empty.port()), nil},
		"nor at that name": {asking, "pbx.test", []transport.Destination{tcpAt("127.0.0.1", empty.port())}},
	} {
		t.Run(name, func(t *testing.T) {
			p, _, in, _ := rings(t, c.phone, c.via)
			p.Close()
			if c.found != nil {
				siptest.Wait(t, g.asked)
				g.answer <- c.found
			}
			siptest.Wait(t, in.Done())
			if fault.Of(in.Err()) != fault.Unreachable {
				t.Errorf("ended with %v", in.Err())
			}
			if n := len(elsewhere.came); n > 0 {
				t.Errorf("%d connections to somebody else", n)
			}
		})
	}
}

// ringsAt is a call of ours that rings at a house.
func ringsAt(t *testing.T, phone *siptest.Phone, h *house) (*siptest.Peer, *siptest.Message, *siptest.Leg) {
	t.Helper()
	target := message.URI{Scheme: "sip", User: "x", Host: "127.0.0.1", Port: h.port(), Params: message.Params{{Name: "transport", Value: "tcp"}}}
	leg := phone.Call(siptest.Ctx(t), phone.Outbound(target))
	p := h.next()
	invite := p.Want("INVITE ")
	p.Send(p.Response(invite, 180, "t", []string{fmt.Sprintf("Contact: <sip:x@127.0.0.1:%d;transport=tcp>", h.port())}, ""))
	siptest.Wait(t, leg.Provisional)
	return p, invite, leg
}

// TestRingingPhoneIsCanceledOverAnotherConnection: a call that fails since its connection has
// ended, and so may go elsewhere, no longer rings where it did.
func TestRingingPhoneIsCanceledOverAnotherConnection(t *testing.T) {
	phone := siptest.NewPhone(t, "alice", "tcp")
	for _, crosses := range []bool{false, true} {
		h := newHouse(t, "127.0.0.1")
		p, invite, leg := ringsAt(t, phone, h)
		p.Close()
		q := h.next()
		cancel := q.Want("CANCEL ")
		if cancel.Header("Via") != invite.Header("Via") || cancel.Header("Call-ID") != invite.Header("Call-ID") {
			t.Errorf("got\n%s", cancel.Text)
		}
		if f := siptest.Wait(t, leg.Failed); fault.Of(f.Err) != fault.Unreachable {
			t.Errorf("failed with %+v", f)
		}
		q.Send(q.Response(cancel, 200, "t", nil, ""))
		if !crosses {
			q.Send(q.Response(invite, 487, "t", nil, ""))
			q.Want("ACK ")
			continue
		}
		q.Send(q.Response(invite, 200, "t", []string{fmt.Sprintf("Contact: <sip:x@127.0.0.1:%d;transport=tcp>", h.port())}, ""))
		q.Want("ACK ")
		q.Send(q.Response(q.Want("BYE "), 200, "", nil, ""))
	}
}

// TestCallFailsWithItsConnection: where nobody takes another one there is nobody to cancel.
func TestCallFailsWithItsConnection(t *testing.T) {
	phone, h := siptest.NewPhone(t, "alice", "tcp"), newHouse(t, "127.0.0.1")
	p, _, leg := ringsAt(t, phone, h)
	if err := h.l.Close(); err != nil {
		t.Fatal(err)
	}
	p.Close()
	if f := siptest.Wait(t, leg.Failed); fault.Of(f.Err) != fault.Unreachable {
		t.Errorf("failed with %+v", f)
	}
}
