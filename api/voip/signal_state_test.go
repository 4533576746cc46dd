package voip_test

import (
	"context"
	"testing"

	"github.com/skygenesisenterprise/skybridge/api/voip"
)

// goes ends the browser once the phone that is called hears it: until then the server may be without
// the last packet of the handshake, and a connection that never was is not waited for.
func (b *browser) goes(u *user) {
	b.t.Helper()
	ph := u.phone("1001")
	ph.answers()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	b.talks(ctx, frame(0x21))
	ph.hearsThat(b.t, frame(0x21))
	must(b.t, b.GracefulClose())
}

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
		bring func(alice *user, c voip.CallBody, b *browser, first map[string]any) // nil for a call as it begins
		list  []message
	}{
		"invited": {voip.StateInvited, nil, []message{
			{"answer", 409}, {"ice_candidate", 201}, {"mute", 409}, {"unmute", 409},
		}},
		"ringing": {voip.StateRinging, nil, []message{
			{"answer", 409}, {"ice_candidate", 201}, {"mute", 409}, {"unmute", 409},
		}},
		"connected": {voip.StateConnected, func(alice *user, c voip.CallBody, b *browser, first map[string]any) {
			alice.offers(c.ID, b, first)
		}, []message{
			{"offer", 201}, {"answer", 409}, {"ice_candidate", 201}, {"mute", 201}, {"unmute", 201},
		}},
		"reconnecting": {voip.StateReconnecting, func(alice *user, c voip.CallBody, b *browser, first map[string]any) {
			alice.offers(c.ID, b, first)
			b.goes(alice)
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
			r := newRig(t, clock.runs, waitsForBrowsers)
			alice := r.as("alice")
			from, to := alice, "SIP/1001"
			if tc.state == voip.StateRinging {
				from, to = r.as("bob"), "WebRTC/alice"
			}
			c := from.calls(to)
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

// A hangup takes who sends it out in every state, once; an offer brings back who is away.
func TestHangUpInEveryState(t *testing.T) {
	connect := func(alice *user, c voip.CallBody, b *browser) {
		alice.offers(c.ID, b, b.offer())
		alice.sees(c.ID, "alice is in", in("alice", voip.StateConnected))
	}
	away := func(alice *user, c voip.CallBody, b *browser) {
		connect(alice, c, b)
		b.goes(alice)
		alice.sees(c.ID, "alice is away", in("alice", voip.StateReconnecting))
	}
	for name, tc := range map[string]struct {
		to    string
		bring func(alice *user, c voip.CallBody, b *browser)
	}{
		"invited":      {"SIP/1001", func(*user, voip.CallBody, *browser) {}},
		"ringing":      {"", func(*user, voip.CallBody, *browser) {}},
		"connected":    {"SIP/1001", connect},
		"reconnecting": {"SIP/1001", away},
		"back": {"SIP/1001", func(alice *user, c voip.CallBody, b *browser) {
			away(alice, c, b)
			connect(alice, c, b.another(alice.t))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := newClock()
			r := newRig(t, clock.runs, waitsForBrowsers)
			alice := r.as("alice")
			from, to := alice, tc.to
			if to == "" {
				from, to = r.as("bob"), "WebRTC/alice"
			}
			c := from.calls(to)
			tc.bring(alice, c, newBrowser(t))
			alice.sends(c.ID, "hangup", nil).want(201)
			got := alice.sees(c.ID, "it is over", status(voip.StatusEnded))
			if is := of("alice", got).State; is != voip.StateLeft && (name != "invited" || is != "") { // who has never come
				t.Errorf("alice is %q: %s", is, show(got))
			}
			alice.sends(c.ID, "hangup", nil).want(409)
			alice.sends(c.ID, "ice_candidate", map[string]any{"candidate": ""}).want(409)
		})
	}
}
