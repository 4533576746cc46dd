package voip_test

import (
	"slices"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip"
	"github.com/skygenesisenterprise/skybridge/signaling/lifetime"
)

// Who has left a call that goes on neither sees nor rules it any more, and reads its record.
func TestWhoHasLeftACall(t *testing.T) {
	r := newRig(t, func(c *voip.Config) {
		c.ICEServers = func(user string) []voip.ICEServerBody { return []voip.ICEServerBody{{URLs: []string{"turn:" + user}}} }
	})
	alice, bob, owner := r.as("alice"), r.as("bob"), r.as("carol", extension("1003"))
	c := alice.calls("SIP/1001", "SIP/1003", "WebRTC/bob")
	bob.connects(c.ID, newBrowser(t))
	one, two := r.phone("1001"), r.phone("1003")
	one.answers()
	two.answers()
	bob.sees(c.ID, "all talk", talkers("SIP/1001", "SIP/1003", "WebRTC/bob"))
	more := alice.post("/calls/"+c.ID+"/participants", map[string]any{"participants": []string{"SIP/1002"}})
	more.want(201)
	r.phone("1002").answers()
	if got := read(bob, c.ID); len(got.ICEServers) != 1 {
		t.Errorf("bob, who is in the call, is given %s", show(got.ICEServers))
	}
	bob.sends(c.ID, "hangup", nil).want(201)
	two.hangsUp(16)
	alice.sees(c.ID, "two have left", talkers("SIP/1001", "SIP/1002"))
	for _, u := range []*user{bob, owner} {
		u.get("/calls/" + c.ID).want(404)
		u.post("/calls/"+c.ID+"/end", nil).want(404)
		u.post("/calls/"+c.ID+"/dtmf", map[string]any{"digits": "1"}).want(404)
		u.get("/calls/" + c.ID + "/signaling").want(404)
	}
	if got := read(alice, c.ID); got.Status != voip.StatusActive {
		t.Fatalf("the call is %s", show(got))
	}
	alice.post("/calls/"+c.ID+"/end", nil).want(200)
	alice.post("/calls/"+c.ID+"/end", nil).want(200)
	if got := read(bob, c.ID); got.Status != voip.StatusEnded || len(got.ICEServers) != 0 {
		t.Errorf("bob reads %s", show(got))
	}
}

// A creator who has left goes on to rule the call, and is told no way to reach us for it.
func TestACreatorWhoHasLeft(t *testing.T) {
	r := newRig(t, func(c *voip.Config) {
		c.ICEServers = func(user string) []voip.ICEServerBody { return []voip.ICEServerBody{{URLs: []string{"turn:" + user}}} }
	})
	alice := r.as("alice")
	c, _ := alice.talkingTo(newBrowser(t))
	alice.post("/calls/"+c.ID+"/participants", map[string]any{"participants": []string{"SIP/1002"}}).want(201)
	r.phone("1002").answers()
	alice.sees(c.ID, "all talk", talkers("SIP/1001", "SIP/1002", "WebRTC/alice"))
	alice.sends(c.ID, "hangup", nil).want(201)
	if got := alice.sees(c.ID, "alice has left", talkers("SIP/1001", "SIP/1002")); len(got.ICEServers) != 0 {
		t.Errorf("alice is given %s", show(got.ICEServers))
	}
	alice.post("/calls/"+c.ID+"/end", nil).want(200)
}

// An answer to somebody who has offered nothing is passed on, and connects nobody.
func TestAnAnswerWithoutAnOffer(t *testing.T) {
	r := newRig(t)
	alice, bob, carol := r.as("alice"), r.as("bob"), r.as("carol")
	c := alice.calls("WebRTC/bob", "WebRTC/carol")
	relay := func(from, to *user, kind string) {
		t.Helper()
		from.post("/calls/"+c.ID+"/signaling", map[string]any{"to_user": to.name, "message_type": kind, "payload": map[string]any{"sdp": "x", "type": kind}}).want(201)
	}
	relay(bob, carol, "answer")
	relay(carol, bob, "ice_candidate")
	if got := read(alice, c.ID); got.Status == voip.StatusActive || len(connected(got)) != 0 {
		t.Fatalf("after an answer to nothing: %s", show(got))
	}
	relay(carol, bob, "offer")
	relay(bob, carol, "answer")
	relay(bob, carol, "answer") // twice is nothing new
	if got := read(alice, c.ID); got.Status != voip.StatusActive || !slices.Equal(connected(got), []string{"WebRTC/bob", "WebRTC/carol"}) {
		t.Fatalf("after an offer and its answer: %s", show(got))
	}
}

// Of several who are to be called into a call all are, or none.
func TestMoreAreCalledOrNone(t *testing.T) {
	r := newRig(t)
	alice := r.as("alice")
	c, _ := alice.talkingTo(newBrowser(t))
	alice.post("/calls/"+c.ID+"/participants", map[string]any{"participants": []string{"SIP/1002", "SIP/4444"}}).want(404)
	r.phone("1002").hungUp(t)
	now := alice.sees(c.ID, "nobody else is there", func(c voip.CallBody) bool {
		return !slices.ContainsFunc(c.Participants, func(p voip.ParticipantBody) bool { return p.Endpoint == "SIP/1002" && p.State != voip.StateLeft })
	})
	if !talkers("SIP/1001", "WebRTC/alice")(now) || now.Status != voip.StatusActive {
		t.Errorf("the call is %s", show(now))
	}
}

// A call of two browsers that talk without us ends after the longest time there is, though they
// go on asking for messages.
func TestACallWithoutUsLastsNotForEver(t *testing.T) {
	clock := newClock()
	const longest = 12 * time.Hour
	r := newRig(t, clock.runs, func(c *voip.Config) { c.MaxDuration = longest })
	alice, bob := r.as("alice"), r.as("bob")
	c := alice.calls("WebRTC/bob")
	for _, m := range []struct {
		from *user
		to   string
		kind string
	}{{alice, "bob", "offer"}, {bob, "alice", "answer"}} {
		m.from.post("/calls/"+c.ID+"/signaling", map[string]any{"to_user": m.to, "message_type": m.kind, "payload": map[string]any{"sdp": "x", "type": m.kind}}).want(201)
	}
	clock.awaits(t, 1, longest-time.Minute, longest)
	clock.passes(longest - time.Hour)
	alice.messages(c.ID, 0, 0)
	if got := read(alice, c.ID); got.Status != voip.StatusActive {
		t.Fatalf("before its time the call is %s", show(got))
	}
	clock.passes(time.Hour)
	if over := alice.sees(c.ID, "it is over", status(voip.StatusEnded)); over.Cause != int(lifetime.CauseTooLong) {
		t.Errorf("ended as %s", show(over))
	}
}
