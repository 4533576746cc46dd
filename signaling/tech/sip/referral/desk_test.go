package referral_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/referral"
	"github.com/skygenesisenterprise/skybridge/signaling/transfer"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/refer"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// gone is a leg whose actor takes nothing any more, though its standing does not say so yet.
type gone struct{ *ua.Dialog }

func (g gone) Standing() referral.Standing {
	return referral.Standing{
		Endpoint: "1001", Dialog: g.Dialog, Thread: &referral.Thread{}, Log: slog.New(slog.DiscardHandler),
		Post: func(func()) bool { return false },
	}
}

// A REFER that comes in the moment in which its leg ends is answered all the same.
func TestReferOfWhoIsGone(t *testing.T) {
	server := siptest.NewPhone(t, "bob")
	peer := siptest.UDP(t, server.Addr("udp"))
	call := peer.NewCall(server.URI("udp").String())
	call.Send("INVITE", "")
	leg := server.Answer(ua.Reply{})
	call.Take(peer.Skip("SIP/2.0 200"))
	call.Ack("")
	desk := referral.Desk[gone]{Directory: func() *directory.Directory { return &directory.Directory{} }}
	g := gone{leg.Dialog}
	id := leg.Dialog.ID()
	desk.Add(id, g)

	call.Send("REFER", "", "Refer-To: <sip:x@y>")
	desk.Inside(g, siptest.Wait(t, leg.Requests))
	peer.Skip("SIP/2.0 481")

	peer.NewCall(server.URI("udp").String()).Send("REFER", "", "Refer-To: <sip:x@y>",
		"Target-Dialog: "+id.CallID+";local-tag="+id.RemoteTag+";remote-tag="+id.LocalTag)
	desk.Outside(siptest.Wait(t, server.Requests), &directory.Endpoint{Name: "1001", Transfers: true},
		func(in *ua.IncomingRequest, r ua.Reply) {
			if err := in.Respond(r); err != nil {
				t.Error(err)
			}
		})
	peer.Skip("SIP/2.0 481")
}

// A REFER that cannot be accepted, here for want of a Contact, is refused.
func TestReferThatMakesNoDialog(t *testing.T) {
	house := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	second, _ := house.CallUp("2", house.Phone(g711.MuLaw(), 400))
	server := siptest.NewPhone(t, "bob")
	peer := siptest.UDP(t, server.Addr("udp"))
	named := refer.Target(server.URI("udp"), &refer.Replaces{CallID: "c", ToTag: "1", FromTag: "2"})
	peer.NewCall(server.URI("udp").String()).Send("REFER", "", "Refer-To: "+named, "-Contact")
	in := siptest.Wait(t, server.Requests)
	c := referral.Case{
		Log:    slog.New(slog.DiscardHandler),
		Second: func(*refer.Replaces) *signaling.Channel { return second },
		Accept: func(r ua.Reply, p *referral.Progress) (referral.Send, error) {
			send, err := referral.Subscribe(in, r, p)
			if fault.Of(err) != fault.Invalid {
				t.Errorf("accepted, or %v", err)
			}
			return send, err
		},
		Spawn: func(func()) { t.Error("it begins") },
	}
	if p, status := c.Begin(in.Request(), ""); p != nil || status != 400 {
		t.Errorf("progress %v, status %d", p, status)
	}
}

// party is a leg with a channel, on which what is posted runs at once.
type party struct {
	channel *signaling.Channel
	dialog  *ua.Dialog
	thread  *referral.Thread
}

func (p party) Standing() referral.Standing {
	return referral.Standing{
		Channel: p.channel, Endpoint: "1001", Dialog: p.dialog, Thread: p.thread, Log: slog.New(slog.DiscardHandler),
		Post:  func(f func()) bool { f(); return true },
		Spawn: func(f func()) { go f() }, // ended by the transfer
	}
}

// Who asks for a transfer in the moment between its answer and the bridge is transferred, and
// who talks to nobody hears so.
func TestReferBeforeTheBridge(t *testing.T) {
	known := &directory.Directory{Endpoints: []directory.Endpoint{{Name: "1001", Transfers: true, InsecureInvite: true}}}
	if err := known.Index(nil); err != nil {
		t.Fatal(err)
	}
	for name, joined := range map[string]bool{"joined then": true, "alone": false} {
		t.Run(name, func(t *testing.T) {
			house := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
			me, _ := house.CallUp("1", house.Phone(g711.MuLaw(), 400))
			other, _ := house.CallUp("2", house.Phone(g711.MuLaw(), 700))
			server := siptest.NewPhone(t, "bob")
			peer := siptest.UDP(t, server.Addr("udp"))
			call := peer.NewCall(server.URI("udp").String())
			call.Send("INVITE", "")
			leg := server.Answer(ua.Reply{})
			call.Take(peer.Skip("SIP/2.0 200"))
			call.Ack("")
			ran := make(chan string, 1)
			desk := referral.Desk[party]{
				Transfers: transfer.New(transfer.Config{
					Engine: house.Engine,
					Exists: func(string, string, signaling.CallerID) bool { return true },
					Run: func(_ context.Context, c *signaling.Channel, at dialplan.Position) error {
						ran <- c.Name() + " " + at.Exten
						return nil
					},
				}),
				Own:       func(message.URI) bool { return true },
				Directory: func() *directory.Directory { return known },
				Prove:     func(*message.Request, *directory.Endpoint) *ua.Reply { return nil },
				Reachable: func(string, string, signaling.CallerID) bool { return true },
			}
			call.Send("REFER", "", "Refer-To: <sip:600@127.0.0.1>")
			desk.Inside(party{me, leg.Dialog, &referral.Thread{}}, siptest.Wait(t, leg.Requests))
			if !joined {
				peer.Skip("SIP/2.0 603")
				return
			}
			bridge := house.Engine.NewBridge(signaling.BridgeConfig{Pair: true})
			for _, c := range []*signaling.Channel{me, other} {
				if err := bridge.Add(t.Context(), c); err != nil {
					t.Fatal(err)
				}
			}
			peer.Skip("SIP/2.0 202")
			if got := siptest.Wait(t, ran); got != other.Name()+" 600" {
				t.Errorf("transferred is %s", got)
			}
			for done := false; !done; {
				n := peer.Skip("NOTIFY ")
				peer.Send(peer.Response(n, 200, "", nil, ""))
				done = strings.Contains(n.Body, "200")
			}
		})
	}
}

// waits is a party whose waiting REFERs the test takes, rather than let them wait.
type waits struct {
	party
	spawned chan func()
}

func (w waits) Standing() referral.Standing {
	s := w.party.Standing()
	s.Spawn = func(f func()) { w.spawned <- f }
	return s
}

// A party that talks to nobody has one REFER wait at most, and that one is of who has proven
// itself.
func TestWaitingRefersAreBounded(t *testing.T) {
	known := &directory.Directory{Endpoints: []directory.Endpoint{{Name: "1001", Transfers: true}}}
	if err := known.Index(nil); err != nil {
		t.Fatal(err)
	}
	house := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	alone, _ := house.CallUp("1", house.Phone(g711.MuLaw(), 400))
	server := siptest.NewPhone(t, "bob")
	peer := siptest.UDP(t, server.Addr("udp"))
	call := peer.NewCall(server.URI("udp").String())
	call.Send("INVITE", "")
	leg := server.Answer(ua.Reply{})
	call.Take(peer.Skip("SIP/2.0 200"))
	call.Ack("")
	proven := &ua.Reply{Status: 403}
	desk := referral.Desk[waits]{
		Transfers: transfer.New(transfer.Config{Engine: house.Engine}),
		Own:       func(message.URI) bool { return true },
		Directory: func() *directory.Directory { return known },
		Prove:     func(*message.Request, *directory.Endpoint) *ua.Reply { return proven },
		Reachable: func(string, string, signaling.CallerID) bool { return true },
	}
	w := waits{party{alone, leg.Dialog, &referral.Thread{}}, make(chan func(), 3)}
	asks := func(waiting int) {
		t.Helper()
		call.Send("REFER", "", "Refer-To: <sip:600@127.0.0.1>")
		desk.Inside(w, siptest.Wait(t, leg.Requests))
		if n := len(w.spawned); n != waiting {
			t.Fatalf("%d REFERs wait, not %d", n, waiting)
		}
	}
	asks(0)
	peer.Skip("SIP/2.0 403")
	proven = nil
	asks(1)
	asks(1)
	peer.Skip("SIP/2.0 491")
	(<-w.spawned)() // in vain
	peer.Skip("SIP/2.0 603")
	asks(1)                             // the place is free again
	alone.Hangup(signaling.CauseNormal) // nobody is to be waited for any more
	siptest.Wait(t, alone.Gone())
	(<-w.spawned)()
	peer.Skip("SIP/2.0 603")
}
