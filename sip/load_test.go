package sip_test

import (
	"context"
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// quick answers every call at once and lets the caller hang up.
type quick struct{ t testing.TB }

func (q quick) OnInvite(i *sip.IncomingInvite) {
	if _, err := i.Accept(sdp(answer), nobody{}); err != nil {
		q.t.Error(err)
	}
}
func (quick) OnRequest(r *sip.IncomingRequest) { _ = r.Respond(sip.Reply{}) } // the test reads it

// nobody takes the events of a dialog that needs no care.
type nobody struct{}

func (nobody) OnAck(*message.Request)           {}
func (nobody) OnReInvite(r *sip.ReInvite)       { _ = r.Accept(sip.Reply{}) } // the test reads it
func (nobody) OnRequest(r *sip.InDialogRequest) { _ = r.Respond(sip.Reply{}) }
func (nobody) OnEnd(sip.End)                    {}

// oneCall makes a call and ends it.
func oneCall(t testing.TB, phone *siptest.Phone, o sip.Outbound) {
	leg := phone.Call(context.Background(), o)
	leg.Answered()
	if err := leg.Dialog.Bye(context.Background()); err != nil {
		t.Error(err)
	}
	siptest.Wait(t, leg.Ended)
}

// TestManyCalls makes calls side by side and wants nothing left of them.
func TestManyCalls(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} {
		t.Run(network, func(t *testing.T) {
			cfg := siptest.Config(network)
			cfg.T1, cfg.T2, cfg.T4 = 5*siptest.T1, 40*siptest.T1, siptest.T1
			callee := siptest.Server(t, cfg, quick{t})
			phone := siptest.NewPhoneWith(t, "alice", cfg)
			a := callee.Addr(network)
			o := phone.Outbound(message.URI{Scheme: "sip", User: "x", Host: a.Addr().String(), Port: int(a.Port())})
			o.Transport, o.ContentType, o.Body = network, "application/sdp", []byte(offer)
			done := make(chan struct{})
			for range 16 {
				go func() { // ended by its calls
					defer func() { done <- struct{}{} }()
					for range 25 {
						oneCall(t, phone, o)
					}
				}()
			}
			for range 16 {
				siptest.Wait(t, done)
			}
			for _, s := range []*sip.Server{callee, phone.Server} {
				if n := s.Stats().Dialogs; n != 0 {
					t.Errorf("%d dialogs left", n)
				}
			}
		})
	}
}

// BenchmarkCall is a whole call between two servers over loopback UDP: INVITE,
// 200, ACK, BYE, 200, both sides in this process.
func BenchmarkCall(b *testing.B) {
	cfg := siptest.Config("udp")
	cfg.T1, cfg.T2, cfg.T4 = 25*siptest.T1, 200*siptest.T1, siptest.T1
	cfg.MaxTransactions = 1 << 20
	callee := siptest.Server(b, cfg, quick{b})
	phone := siptest.NewPhoneWith(b, "alice", cfg)
	a := callee.Addr("udp")
	o := phone.Outbound(message.URI{Scheme: "sip", User: "x", Host: a.Addr().String(), Port: int(a.Port())})
	o.ContentType, o.Body = "application/sdp", []byte(offer)
	b.ReportAllocs()
	for b.Loop() {
		oneCall(b, phone, o)
	}
}
