package referral_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/referral"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// The dialog of a REFER outside of one ends with its subscription, however that ends, and
// there is none without a subscription (RFC 4488).
func TestSubscribeLeavesNoDialog(t *testing.T) {
	server := siptest.NewPhone(t, "bob")
	peer := siptest.UDP(t, server.Addr("udp"))
	asked := func() *ua.IncomingRequest {
		t.Helper()
		call := peer.NewCall(server.URI("udp").String())
		call.Send("REFER", "", "Refer-To: <sip:x@y>")
		return siptest.Wait(t, server.Requests)
	}
	for _, tc := range []struct {
		name string
		tell []int
		says []int // the party to each NOTIFY
	}{
		{"told to the end", []int{100, 200}, []int{200, 200}},
		{"not wanted any more", []int{100}, []int{500}},
		{"gone", []int{100}, []int{481}},
		{"the call ends first", nil, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := referral.New("", slog.New(slog.DiscardHandler))
			send, err := referral.Subscribe(asked(), ua.Reply{Status: 202}, p)
			if err != nil {
				t.Fatal(err)
			}
			peer.Skip("SIP/2.0 202")
			if n := server.Stats().Dialogs; n != 1 {
				t.Fatalf("%d dialogs of one subscription", n)
			}
			p.Begin(send)
			for _, status := range tc.tell {
				p.Tell(status)
			}
			for _, status := range tc.says {
				peer.Send(peer.Response(peer.Skip("NOTIFY "), status, "", nil, ""))
			}
			if len(tc.says) == 0 {
				p.End()
			}
			<-p.Done()
			forgotten(t, server)
		})
	}
	t.Run("no subscription", func(t *testing.T) {
		send, err := referral.Subscribe(asked(), ua.Reply{Status: 202}, nil)
		if send != nil || err != nil {
			t.Fatal("something is to be sent, or ", err)
		}
		peer.Skip("SIP/2.0 202")
		if n := server.Stats().Dialogs; n != 0 {
			t.Errorf("%d dialogs", n)
		}
	})
}

// forgotten waits until the server knows no dialog.
func forgotten(t *testing.T, server *siptest.Phone) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), siptest.Patience)
	defer cancel()
	for tick := time.NewTicker(time.Millisecond); server.Stats().Dialogs != 0; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%d dialogs that nobody ends", server.Stats().Dialogs)
		}
	}
}
