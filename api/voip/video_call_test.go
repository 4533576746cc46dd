package voip_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	pion "github.com/pion/webrtc/v4"

	"github.com/skygenesisenterprise/skybridge/api/voip"
)

// participantOf is the id of a user's party in a call.
func participantOf(t *testing.T, c voip.CallBody, user string) string {
	t.Helper()
	for _, p := range c.Participants {
		if p.UserID != nil && *p.UserID == user && p.State != voip.StateLeft {
			return p.ID
		}
	}
	t.Fatalf("%s is not in %s", user, show(c))
	return ""
}

// joinsCall joins a call with a browser that shows some kinds.
func (u *user) joinsCall(t *testing.T, c voip.CallBody, kinds ...string) *viewer {
	t.Helper()
	v := newViewer(t, u, c.ID, "")
	for _, k := range kinds {
		v.shares(k)
	}
	v.user.connects(c.ID, v.browser)
	v.participant = participantOf(t, u.sees(c.ID, u.name+" connected", func(b voip.CallBody) bool {
		for _, p := range b.Participants {
			if p.UserID != nil && *p.UserID == u.name && p.State == voip.StateConnected {
				return true
			}
		}
		return false
	}), u.name)
	return v
}

// TestPeopleInACallSeeEachOther: two browsers and a phone; what is shown stands in the call, a hold
// stops it, and who takes another's place is seen in it.
func TestPeopleInACallSeeEachOther(t *testing.T) {
	r := newRig(t)
	ann, ben, cem := r.as("ann"), r.as("ben"), r.as("cem")
	c := ann.calls("WebRTC/ben")
	a := ann.joinsCall(t, c, "camera")
	b := ben.joinsCall(t, c, "camera")
	all := []*viewer{a, b}
	see := func(x, y *viewer) func() bool {
		seenX, seenY := x.sees(y.participant+":camera", y.user.name+"'s camera"), y.sees(x.participant+":camera", x.user.name+"'s camera")
		return func() bool {
			return x.sees(y.participant+":camera", y.user.name+"'s camera") > seenX+5 && y.sees(x.participant+":camera", x.user.name+"'s camera") > seenY+5
		}
	}
	until(t, "two see each other", all, see(a, b))
	ann.sees(c.ID, "both cameras", func(c voip.CallBody) bool {
		return c.Participants[0].Camera && c.Participants[1].Camera && !c.Participants[0].Screen
	})
	ann.post("/calls/"+c.ID+"/participants", map[string]any{"participants": []string{"SIP/1001"}}).want(201)
	r.phone("1001").answers()
	ann.sees(c.ID, "three are in the call", func(c voip.CallBody) bool {
		return len(c.Participants) == 3 && c.Participants[2].State == voip.StateConnected
	})
	until(t, "a phone breaks nothing", all, see(a, b))
	gone := func(of *viewer, who string) func() bool {
		return func() bool { return !strings.Contains(of.RemoteDescription().SDP, who) }
	}
	ann.post("/calls/"+c.ID+"/hold", nil).want(200)
	until(t, "who holds the others is not seen", all, gone(b, a.participant))
	until(t, "nor sees them", all, gone(a, b.participant))
	ann.post("/calls/"+c.ID+"/unhold", nil).want(200)
	until(t, "the hold ends", all, see(a, b))
	ann.delete("/calls/" + c.ID + "/participants/" + ann.sees(c.ID, "", func(voip.CallBody) bool { return true }).Participants[2].ID).want(204)
	ann.post("/calls/"+c.ID+"/transfer", map[string]any{"to": "WebRTC/cem"}).want(200)
	third := cem.joinsCall(t, c, "camera")
	until(t, "who took the place is seen", []*viewer{b, third}, see(b, third))
}

// TestACallMovesWithItsVideo: an attended transfer brings two into one call whose browsers were in
// different ones; the server's offers come on the call that it is.
func TestACallMovesWithItsVideo(t *testing.T) {
	r := newRig(t)
	ann, ben, cem := r.as("ann"), r.as("ben"), r.as("cem")
	one, two := ann.calls("WebRTC/ben"), ann.calls("WebRTC/cem")
	a1, b := ann.joinsCall(t, one, "camera"), ben.joinsCall(t, one, "camera")
	a2, c := ann.joinsCall(t, two), cem.joinsCall(t, two, "camera")
	until(t, "ann sees ben", []*viewer{a1, b}, func() bool { return a1.sees(b.participant+":camera", "ben's camera") > 5 })
	until(t, "ann sees cem", []*viewer{a2, c}, func() bool { return a2.sees(c.participant+":camera", "cem's camera") > 5 })
	ann.post("/calls/"+one.ID+"/transfer", map[string]any{"call_id": two.ID}).want(200)
	joined := cem.sees(two.ID, "ben is with cem", func(b voip.CallBody) bool {
		n := 0
		for _, p := range b.Participants {
			if p.State == voip.StateConnected {
				n++
			}
		}
		return n == 2 && len(b.Participants) == 3
	})
	b.call, b.participant, b.browser.seen = two.ID, participantOf(t, joined, "ben"), 0
	until(t, "ben and cem see each other", []*viewer{b, c}, func() bool {
		return b.sees(c.participant+":camera", "cem's camera") > 5 && c.sees(b.participant+":camera", "ben's camera") > 5
	})
}

// TestTheServerAsksForVideo: who makes no offer in a call of type video gets one of the server's
// that asks for a camera; in a call of type audio it asks for none.
func TestTheServerAsksForVideo(t *testing.T) {
	for kind, sections := range map[string]int{"audio": 0, "video": 1, "screen": 1} {
		t.Run(kind, func(t *testing.T) {
			k := newClock()
			r := newRig(t, k.runs)
			ann, ben := r.as("ann"), r.as("ben")
			var c voip.CallBody
			ann.post("/calls", map[string]any{"participants": []string{"WebRTC/ben"}, "call_type": kind}).want(201).into(&c)
			a := ann.joinsCall(t, c)
			ben.post("/calls/"+c.ID+"/accept", nil).want(200)
			ben.messages(c.ID, 0, 0)
			k.awaits(t, 1, time.Minute, time.Minute)
			k.passes(time.Minute)
			b := newViewer(t, ben, c.ID, "")
			message := serversOffer(b.user, c.ID, 0)
			b.browser.seen = message.Seq
			var offer pion.SessionDescription
			must(t, json.Unmarshal(message.Payload, &offer))
			if n := strings.Count(offer.SDP, "m=video"); n != sections {
				t.Fatalf("%d sections of video, want %d in\n%s", n, sections, offer.SDP)
			}
			shown := "camera"
			if kind == "screen" {
				shown = "screen"
			}
			must(t, b.SetRemoteDescription(offer))
			if sections > 0 {
				b.shares(shown)
			}
			answer, err := b.CreateAnswer(nil)
			must(t, err)
			must(t, b.SetLocalDescription(answer))
			b.user.sends(c.ID, "answer", map[string]any{"type": "answer", "sdp": answer.SDP}).want(201)
			b.user.trickle(c.ID, b.browser)
			if sections == 0 {
				return
			}
			b.participant = participantOf(t, ben.sees(c.ID, "active", status(voip.StatusActive)), "ben")
			until(t, "ben is seen", []*viewer{a, b}, func() bool { return a.sees(b.participant+":"+shown, "ben's "+shown) > 5 })
		})
	}
}

// TestWhoSpeaksIsSeen: with room for one camera it is that of who speaks; a layout says what else is
// to be seen, by REST and by WebSocket.
func TestWhoSpeaksIsSeen(t *testing.T) {
	r := newRig(t)
	ann, ben, cem := r.as("ann"), r.as("ben"), r.as("cem")
	room := ann.room(map[string]any{"name": "Board"})
	a, b, c := ann.entersWith(t, room.ID, "camera"), ben.entersWith(t, room.ID, "camera"), cem.entersWith(t, room.ID)
	all := []*viewer{a, b, c}
	seen := func(v *viewer) int { return c.sees(v.participant+":camera", v.user.name+"'s camera") }
	until(t, "both are seen", all, func() bool { return seen(a) > 3 && seen(b) > 3 })
	cem.post("/calls/"+c.call+"/layout", map[string]any{"cameras": 1}).want(204)
	loud := []byte(strings.Repeat("\x00\x00\x00\x00\x80\x80\x80\x80", 20))
	quiet := []byte(strings.Repeat("\xff", 160))
	only := func(what string, one, other *viewer) {
		t.Helper()
		n, m := seen(one), seen(other)
		until(t, what, all, func() bool {
			if seen(other) > m { // not yet
				n, m = seen(one), seen(other)
			}
			return seen(one) > n+10
		})
	}
	for _, speaks := range []struct{ who, other *viewer }{{b, a}, {a, b}} {
		ctx, stop := context.WithCancel(t.Context())
		speaks.who.talks(ctx, loud)
		speaks.other.talks(ctx, quiet)
		only(speaks.who.user.name+" speaks", speaks.who, speaks.other)
		stop()
	}
	cem.post("/calls/"+c.call+"/layout", map[string]any{"cameras": 1, "pinned": []string{b.participant}}).want(204)
	only("ben is pinned", b, a)
	live := cem.live()
	live.says("Layout", "call_id", c.call, "layout", map[string]any{
		"mode": "grid", "cameras": 1, "sizes": []any{map[string]any{"participant": b.participant, "kind": "camera", "lines": 0}},
	})
	live.next("Arranged")
	only("ben is not drawn", a, b)
	cem.post("/calls/"+c.call+"/layout", map[string]any{"mode": "round"}).want(422)
	ben.post("/calls/"+c.call+"/layout", map[string]any{"mode": "grid"}).want(404)
}

// TestWhoSharesAScreen: where the room does not allow it moderators alone share one; anybody else's
// offer is refused and changes nothing. A change of the room counts at once.
func TestWhoSharesAScreen(t *testing.T) {
	r := newRig(t)
	ann, ben := r.as("ann"), r.as("ben")
	room := ann.room(map[string]any{"name": "Board"})
	a, b := ann.entersWith(t, room.ID, "camera"), ben.entersWith(t, room.ID, "camera")
	all := []*viewer{a, b}
	until(t, "two see each other", all, func() bool {
		return a.sees(b.participant+":camera", "ben's camera") > 3 && b.sees(a.participant+":camera", "ann's camera") > 3
	})
	b.shares("screen")
	b.renegotiates().want(403, "screen_share_forbidden")
	b.hides("screen") // or pion would send it with the next exchange, whatever that is about
	ann.post("/rooms/"+room.ID+"/participants/"+a.participant+"/role", map[string]any{"role": "moderator"}).want(200)
	a.shares("screen")
	a.renegotiates().want(201)
	until(t, "a moderator's screen", all, func() bool { return b.sees(a.participant+":screen", "ann's screen") > 3 })
	for _, p := range ann.reads(room.ID).Participants {
		if p.ID == a.participant && (!p.Screen || !p.Camera) || p.ID == b.participant && (p.Screen || !p.Camera) {
			t.Errorf("%s", show(p))
		}
	}
	a.hides("screen")
	a.renegotiates().want(201)
	ann.do("PATCH", "/rooms/"+room.ID, map[string]any{"settings": map[string]any{"allow_screen_share": true}}).want(200)
	b.shares("screen")
	b.renegotiates().want(201)
	until(t, "anybody's screen", all, func() bool { return a.sees(b.participant+":screen", "ben's screen") > 3 })
	ann.do("PATCH", "/rooms/"+room.ID, map[string]any{"settings": map[string]any{"allow_screen_share": false}}).want(200)
	until(t, "it is allowed no more", all, func() bool { return !strings.Contains(a.RemoteDescription().SDP, b.participant+":screen") })
}
