package sip_test

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"github.com/emiago/sipgo"
	other "github.com/emiago/sipgo/sip"

	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// The peer in this file is github.com/emiago/sipgo: an implementation of SIP that
// shares nothing with ours.

// theirs is a sipgo user agent on a UDP and a TCP port of the loopback.
type theirs struct {
	client *sipgo.Client
	server *sipgo.Server
	udp    netip.AddrPort
	tcp    netip.AddrPort
}

func newTheirs(t *testing.T, setUp func(*theirs)) *theirs {
	t.Helper()
	ua, err := sipgo.NewUA(sipgo.WithUserAgent("theirs"))
	if err != nil {
		t.Fatal(err)
	}
	u := &theirs{}
	if u.server, err = sipgo.NewServer(ua); err != nil {
		t.Fatal(err)
	}
	if u.client, err = sipgo.NewClient(ua, sipgo.WithClientHostname("127.0.0.1")); err != nil {
		t.Fatal(err)
	}
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u.udp = netip.MustParseAddrPort(pc.LocalAddr().String())
	u.tcp = netip.MustParseAddrPort(l.Addr().String())
	setUp(u)
	done := make(chan struct{}, 2)
	go func() { _ = u.server.ServeUDP(pc); done <- struct{}{} }() // ended by pc.Close
	go func() { _ = u.server.ServeTCP(l); done <- struct{}{} }()  // ended by l.Close
	t.Cleanup(func() {
		_ = ua.Close() // it reports connections that have ended before
		pc.Close()
		l.Close()
		<-done
		<-done
	})
	return u
}

func TestTheirCall(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} {
		t.Run(network, func(t *testing.T) {
			phone := siptest.NewPhone(t, "bob", network)
			var calls *sipgo.DialogClientCache
			u := newTheirs(t, func(u *theirs) {
				calls = sipgo.NewDialogClientCache(u.client, other.ContactHeader{
					Address: other.Uri{User: "them", Host: "127.0.0.1", Port: int(u.udp.Port())},
				})
				u.server.OnBye(func(req *other.Request, tx other.ServerTransaction) {
					if err := calls.ReadBye(req, tx); err != nil {
						t.Error(err)
					}
				})
			})
			_ = u
			to := other.Uri{User: "bob", Host: "127.0.0.1", Port: int(phone.Addr(network).Port()), UriParams: other.NewParams()}
			to.UriParams.Add("transport", network)
			for _, weHangUp := range []bool{false, true} {
				legs := make(chan *siptest.Leg, 1)
				go func() { // ended by the call below
					in := siptest.Wait(t, phone.Invites)
					if err := in.Progress(sip.Reply{}); err != nil {
						t.Error(err)
					}
					leg := siptest.NewLeg(t)
					var err error
					if leg.Dialog, err = in.Accept(sdp(answer), leg); err != nil {
						t.Error(err)
					}
					legs <- leg
				}()
				ctx := siptest.Ctx(t)
				call, err := calls.Invite(ctx, to, []byte(offer), other.NewHeader("Content-Type", "application/sdp"))
				if err != nil {
					t.Fatal(err)
				}
				if err := call.WaitAnswer(ctx, sipgo.AnswerOptions{}); err != nil {
					t.Fatal(err)
				}
				if got := string(call.InviteResponse.Body()); got != answer {
					t.Errorf("answer %q", got)
				}
				if err := call.Ack(ctx); err != nil {
					t.Fatal(err)
				}
				leg := siptest.Wait(t, legs)
				siptest.Wait(t, leg.Acks)
				if weHangUp {
					err = leg.Dialog.Bye(ctx)
				} else {
					err = call.Bye(ctx)
				}
				if err != nil {
					t.Errorf("bye (ours %v): %v", weHangUp, err)
				}
				siptest.Wait(t, leg.Ended)
				_ = call.Close() // it reports that the call has ended
			}
		})
	}
}

func TestOurCallToThem(t *testing.T) {
	byes, acked := make(chan struct{}, 4), make(chan struct{}, 4)
	var calls *sipgo.DialogServerCache
	u := newTheirs(t, func(u *theirs) {
		calls = sipgo.NewDialogServerCache(u.client, other.ContactHeader{
			Address: other.Uri{User: "them", Host: "127.0.0.1", Port: int(u.udp.Port())},
		})
		u.server.OnInvite(func(req *other.Request, tx other.ServerTransaction) {
			d, err := calls.ReadInvite(req, tx)
			if err != nil {
				t.Error(err)
				return
			}
			if err := d.Respond(180, "Ringing", nil); err != nil {
				t.Error(err)
			}
			if err := d.RespondSDP([]byte(answer)); err != nil {
				t.Error(err)
			}
			acked <- struct{}{} // it waits for the ACK; a BYE could overtake it there
		})
		u.server.OnAck(func(req *other.Request, tx other.ServerTransaction) {
			_ = calls.ReadAck(req, tx) // repeated ones have no call any more
		})
		u.server.OnBye(func(req *other.Request, tx other.ServerTransaction) {
			if err := calls.ReadBye(req, tx); err != nil {
				t.Error(err)
			}
			byes <- struct{}{}
		})
		u.server.OnOptions(func(req *other.Request, tx other.ServerTransaction) {
			if err := tx.Respond(other.NewResponseFromRequest(req, 200, "OK", nil)); err != nil {
				t.Error(err)
			}
		})
	})
	phone := siptest.NewPhone(t, "alice", "udp", "tcp")
	to := message.URI{Scheme: "sip", User: "them", Host: "127.0.0.1", Port: int(u.udp.Port())}
	for _, network := range []string{"udp", "tcp"} {
		o := phone.Outbound(to)
		if network == "tcp" {
			o.Target.Port = int(u.tcp.Port())
		}
		o.Transport, o.Method = network, "OPTIONS"
		if _, err := phone.Request(siptest.Ctx(t), o); err != nil {
			t.Errorf("%s: %v", network, err)
		}
	}
	o := phone.Outbound(to)
	o.ContentType, o.Body = "application/sdp", []byte(offer)
	leg := phone.Call(context.Background(), o)
	siptest.Wait(t, leg.Provisional)
	if got := string(leg.Answered().Body()); got != answer {
		t.Errorf("answer %q", got)
	}
	siptest.Wait(t, acked)
	if err := leg.Dialog.Bye(siptest.Ctx(t)); err != nil {
		t.Error(err)
	}
	siptest.Wait(t, byes)
	siptest.Wait(t, leg.Ended)
}
