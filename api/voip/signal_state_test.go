package voip_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/api/voip"
)

// Every message, twice, in every state of who sends it, by POST and over the WebSocket alike: what
// is late, or comes again, is taken or refused, and changes nothing.
func TestMessagesInEveryState(t *testing.T) {
	stale := map[string]any{"candidate": "candidate:1 1 udp 1 127.0.0.1 9 typ host", "sdpMid": "0", "usernameFragment": "gone"}
	type message struct {
		kind string
		want int
	}
	for name, tc := range map[string]struct {
		state voip.ParticipantState
		bring func(alice *user, c voip.CallBody, b *browser, first map[string]any)
		list  []message
	}{
		"invited": {voip.StateInvited, nil, []message{
			{"answer", 409}, {"ice_candidate", 201}, {"mute", 409}, {"unmute", 409},
		}},
		"connected": {voip.StateConnected, func(alice *user, c voip.CallBody, b *browser, first map[string]any) {
			alice.offers(c.ID, b, first)
		}, []message{
			{"offer", 201}, {"answer", 409}, {"ice_candidate", 201}, {"mute", 201}, {"unmute", 201},
		}},
		"reconnecting": {voip.StateReconnecting, func(alice *user, c voip.CallBody, b *browser, first map[string]any) {
			alice.offers(c.ID, b, first)
			must(alice.t, b.GracefulClose())
			alice.sees(c.ID, "alice is away", in("alice", voip.StateReconnecting))
		}, []message{
			{"answer", 410}, {"ice_candidate", 201}, {"mute", 201}, {"unmute", 201},
		}},
		"ended": {voip.StateLeft, func(alice *user, c voip.CallBody, b *browser, first map[string]any) {
			alice.offers(c.ID, b, first)
			alice.sends(c.ID, "hangup", nil).want(201)
			alice.sees(c.ID, "it is over", status(voip.StatusEnded))
		}, []message{
			{"offer", 409}, {"answer", 409}, {"ice_candidate", 409}, {"hangup", 409}, {"mute", 409}, {"unmute", 409},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := newClock()
			alice := newRig(t, clock.runs, waitsForBrowsers).as("alice")
			c := alice.calls("SIP/1001")
			b := newBrowser(t)
			first := b.offer()
			if tc.bring != nil {
				tc.bring(alice, c, b, first)
			}
			live := alice.live()
			payloads := map[string]any{
				"offer": first, "answer": map[string]any{"type": "answer", "sdp": first["sdp"]}, "ice_candidate": stale,
			}
			for _, m := range tc.list {
				for range 2 {
					alice.sends(c.ID, m.kind, payloads[m.kind]).want(m.want)
					live.says("Signaling", "call_id", c.ID, "message_type", m.kind, "payload", payloads[m.kind], "id", "1")
					f := live.any()
					for string(f.InReplyTo) != `"1"` {
						f = live.any()
					}
					if taken := f.Type == "Sent"; taken != (m.want == 201) {
						t.Errorf("%s by POST is %d, over the WebSocket %+v", m.kind, m.want, f)
					}
				}
			}
			now := read(alice, c.ID)
			if is := of("alice", now).State; is != tc.state && (tc.state != voip.StateInvited || is != "") {
				t.Errorf("alice is %q after all of that: %s", is, show(now))
			}
		})
	}
}
