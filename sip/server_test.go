package sip_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

func start(t *testing.T, cfg sip.Config, h sip.Handler) *sip.Server {
	t.Helper()
	s, err := sip.NewServer(cfg, h, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestClose(t *testing.T) {
	server, client := siptest.Certificate(t)
	cfg := siptest.Config("udp", "tcp", "tls", "ws", "wss")
	for i := range cfg.Transport.Listeners {
		cfg.Transport.Listeners[i].TLS = server
	}
	phone := &siptest.Phone{Invites: make(chan *sip.IncomingInvite, 4), Requests: make(chan *sip.IncomingRequest, 4)}
	s := start(t, cfg, phone)
	phone.Server = s
	// A call that is up, one that rings, one that we make; connections of all kinds.
	up := siptest.UDP(t, s.Addr("udp")).NewCall("sip:x@" + s.Addr("udp").String())
	up.Send("INVITE", offer)
	leg := siptest.NewLeg(t)
	if _, err := siptest.Wait(t, phone.Invites).Accept(sdp(answer), leg); err != nil {
		t.Fatal(err)
	}
	up.Take(up.Peer.Want("SIP/2.0 200"))
	up.Ack("")
	siptest.Wait(t, leg.Acks)
	rings := siptest.TCP(t, s.Addr("tcp")).NewCall("sip:x@" + s.Addr("tcp").String())
	rings.Send("INVITE", offer)
	in := siptest.Wait(t, phone.Invites)
	callee := siptest.UDP(t, netip.AddrPort{})
	out := siptest.NewLeg(t)
	o := sip.Outbound{Target: peerURI(callee), From: message.Address{URI: message.URI{Scheme: "sip", Host: "me"}}}
	if _, err := s.Invite(t.Context(), o, out); err != nil {
		t.Fatal(err)
	}
	inv := callee.Want("INVITE ")
	callee.Send(callee.Response(inv, 180, "c", nil, ""))
	siptest.Wait(t, out.Provisional)
	idle := []*siptest.Peer{
		siptest.TLS(t, s.Addr("tls"), client),
		siptest.WebSocket(t, "ws://"+s.Addr("ws").String()+"/ws", nil, nil),
		siptest.WebSocket(t, "wss://"+s.Addr("wss").String()+"/ws", client, nil),
	}

	closed := make(chan error, 1)
	go func() { closed <- s.Close(siptest.Ctx(t)) }() // ended by the answers below
	up.Peer.Send(up.Peer.Response(up.Peer.Skip("BYE "), 200, "", nil, ""))
	rings.Peer.Skip("SIP/2.0 503")
	cancel := callee.Skip("CANCEL ")
	// Meanwhile a new call is refused.
	late := up.Peer.NewCall("sip:x")
	late.Send("INVITE", offer)
	if m := up.Peer.Skip("SIP/2.0 503"); m.Header("Retry-After") == "" {
		t.Errorf("late call\n%s", m.Text)
	}
	if _, err := s.Invite(t.Context(), o, out); fault.Of(err) != fault.Unavailable {
		t.Errorf("late call of ours: %v", err)
	}
	callee.Send(callee.Response(cancel, 200, "c", nil, ""))
	callee.Send(callee.Response(inv, 487, "c", nil, ""))
	if err := siptest.Wait(t, closed); err != nil {
		t.Error(err)
	}
	if e := siptest.Wait(t, leg.Ended); e.Cause != sip.EndClosed {
		t.Errorf("end %+v", e)
	}
	siptest.Wait(t, out.Failed)
	if fault.Of(in.Err()) != fault.Unavailable {
		t.Errorf("ringing: %v", in.Err())
	}
	for _, p := range idle {
		siptest.Wait(t, p.Ended())
	}
	if st := s.Stats(); st.Dialogs+st.ServerTransactions+st.ClientTransactions+st.Connections != 0 {
		t.Errorf("left: %+v", st)
	}
	for _, n := range []string{"tcp", "tls", "ws", "wss"} {
		if l, err := net.Listen("tcp", s.Addr(n).String()); err != nil {
			t.Error(err)
		} else {
			l.Close()
		}
	}
	if err := s.Close(t.Context()); err == nil {
		t.Error("closed twice")
	}
}

// TestCloseIsBounded: peers that do not answer, and a context that is over.
func TestCloseIsBounded(t *testing.T) {
	cfg := siptest.Config("udp", "tcp")
	cfg.T1 = time.Second
	cfg.T2 = cfg.T1
	phone := &siptest.Phone{Invites: make(chan *sip.IncomingInvite, 4)}
	s := start(t, cfg, phone)
	call := siptest.TCP(t, s.Addr("tcp")).NewCall("sip:x")
	call.Send("INVITE", offer)
	leg := siptest.NewLeg(t)
	if _, err := siptest.Wait(t, phone.Invites).Accept(sdp(answer), leg); err != nil {
		t.Fatal(err)
	}
	call.Peer.Want("SIP/2.0 200") // and no ACK
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("close: %v", err)
	}
	siptest.Wait(t, leg.Ended)
}

// TestCloseAnswersTheLastBye: a server that closes the moment its last call ends has answered
// that call's BYE.
func TestCloseAnswersTheLastBye(t *testing.T) {
	for range 50 {
		phone := &siptest.Phone{Invites: make(chan *sip.IncomingInvite, 1)}
		s := start(t, siptest.Config("udp"), phone)
		call := siptest.UDP(t, s.Addr("udp")).NewCall("sip:x@" + s.Addr("udp").String())
		call.Send("INVITE", offer)
		leg := siptest.NewLeg(t)
		if _, err := siptest.Wait(t, phone.Invites).Accept(sdp(answer), leg); err != nil {
			t.Fatal(err)
		}
		call.Take(call.Peer.Want("SIP/2.0 200"))
		call.Ack("")
		call.Send("BYE", "")
		siptest.Wait(t, leg.Ended)
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		call.Peer.Want("SIP/2.0 200")
	}
}

func TestStateInJSON(t *testing.T) {
	_, _, leg := established(t, "udp")
	st := leg.Dialog.State()
	b, err := json.Marshal(st)
	if err != nil {
		t.Fatal(err)
	}
	var again sip.DialogState
	if err := json.Unmarshal(b, &again); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(st, again); d != "" {
		t.Errorf("%s\n%s", d, b)
	}
}

// slow answers OPTIONS on the handler's goroutine, once it is let.
type slow struct {
	siptest.Polite
	asked, let chan struct{}
}

func (h slow) OnRequest(r *sip.IncomingRequest) {
	close(h.asked)
	<-h.let
	_ = r.Respond(sip.Reply{}) // the peer tells
}

// What was asked before Close is answered, though no dialog is there to wait for.
func TestCloseWaitsForAnswers(t *testing.T) {
	h := slow{asked: make(chan struct{}), let: make(chan struct{})}
	s, err := sip.NewServer(siptest.Config("udp"), h, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := siptest.UDP(t, s.Addr("udp"))
	p.NewCall("sip:x@"+s.Addr("udp").String()).Send("OPTIONS", "")
	siptest.Wait(t, h.asked)
	closed := make(chan error, 1)
	go func() { closed <- s.Close(siptest.Ctx(t)) }() // ended by the answer
	for draining := false; !draining; {
		select {
		case err := <-closed:
			t.Fatalf("closed before the answer: %v", err)
		default:
		}
		call := p.NewCall("sip:x@" + s.Addr("udp").String())
		call.Send("INVITE", "")
		m := p.Skip("SIP/2.0 ")
		for m.Status() < 200 {
			m = p.Skip("SIP/2.0 ")
		}
		draining = m.Status() == 503
		p.Send(call.Again("ACK", "", "To: "+m.Header("To")))
	}
	close(h.let)
	p.Skip("SIP/2.0 200")
	if err := siptest.Wait(t, closed); err != nil {
		t.Error(err)
	}
}
