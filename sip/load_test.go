package sip_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
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

// TestMutations sends messages with random bytes changed, from a fixed seed.
func TestMutations(t *testing.T) {
	s := siptest.Server(t, siptest.Config("udp"), quick{t})
	p := siptest.UDP(t, s.Addr("udp"))
	files, err := filepath.Glob(filepath.Join(tortureDir, "*.sip"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	n := 4000
	if testing.Short() {
		n = 400
	}
	for i := range n {
		b, err := os.ReadFile(files[r.IntN(len(files))])
		if err != nil {
			t.Fatal(err)
		}
		const special = "\r\n\x00:;<>\"@%, \t="
		for range 1 + r.IntN(8) {
			if len(b) == 0 {
				break
			}
			at := r.IntN(len(b))
			switch r.IntN(4) {
			case 0:
				b[at] = byte(r.IntN(256))
			case 1:
				b = append(b[:at], b[at+1:]...)
			case 2:
				b = append(b[:at], append([]byte{special[r.IntN(len(special))]}, b[at:]...)...)
			default:
				b = b[:at+1]
			}
		}
		p.Send(string(b))
		if i%50 == 0 {
			p.Ping()
		}
	}
	p.Ping()
	if n := s.Stats().Panics; n != 0 {
		t.Errorf("%d panics", n)
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
