package referral_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/referral"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/refer"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// A transfer that panics, here for want of anybody who could make it, has a last word too:
// the BYE waits for it.
func TestCasePanics(t *testing.T) {
	house := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	second, _ := house.CallUp("2", house.Phone(g711.MuLaw(), 400))
	server := siptest.NewPhone(t, "bob")
	peer := siptest.UDP(t, server.Addr("udp"))
	named := refer.Target(server.URI("udp"), &refer.Replaces{CallID: "c", ToTag: "1", FromTag: "2"})
	peer.NewCall(server.URI("udp").String()).Send("REFER", "", "Refer-To: "+named)
	in := siptest.Wait(t, server.Requests)
	log := slog.New(slog.DiscardHandler)
	var told []int
	c := referral.Case{
		Log:    log,
		Second: func(*refer.Replaces) *signaling.Channel { return second },
		Accept: func(r ua.Reply, _ *referral.Progress) (referral.Send, error) {
			return func(_ context.Context, body []byte, _ ...message.Header) error {
				status, err := refer.Status(body)
				told = append(told, status)
				return err
			}, in.Respond(r)
		},
		Spawn: func(f func()) {
			if guard.Do(log, "a transfer", f) {
				t.Error("no panic")
			}
		},
	}
	p, status := c.Begin(in.Request(), "")
	if status != 0 {
		t.Fatalf("refused with %d", status)
	}
	siptest.Wait(t, p.Done())
	if want := []int{100, 500}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}
