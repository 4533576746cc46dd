package voip_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	pion "github.com/pion/webrtc/v4"

	"github.com/skygenesisenterprise/skybridge/api/voip"
	"github.com/skygenesisenterprise/skybridge/api/voip/access"
	"github.com/skygenesisenterprise/skybridge/api/voip/recordings"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// talking makes a call of alice's browser and a phone that talk.
func talking(t *testing.T, r *rig) (*user, voip.CallBody, *phone) {
	t.Helper()
	alice := r.as("alice")
	c := alice.calls("SIP/1001")
	alice.connects(c.ID, newBrowser(t))
	ph := r.phone("1001")
	ph.answers()
	return alice, alice.sees(c.ID, "active", status(voip.StatusActive)), ph
}

func TestHold(t *testing.T) {
	r := newRig(t)
	alice, c, ph := talking(t, r)
	channels := func() int { return len(bridge(t, r, c.BridgeID).Channels) }
	for range 2 { // twice is once
		var body voip.CallBody
		alice.post("/calls/"+c.ID+"/hold", nil).want(200).into(&body)
		if !body.Participants[1].Held || body.Participants[0].Held || channels() != 1 {
			t.Errorf("on hold: %s, %d in the bridge", show(body.Participants), channels())
		}
	}
	if on := <-ph.held; !on || len(ph.held) != 0 {
		t.Error("the phone was not put on hold, or twice")
	}
	for range 2 {
		var body voip.CallBody
		alice.post("/calls/"+c.ID+"/unhold", nil).want(200).into(&body)
		if body.Participants[1].Held || channels() != 2 {
			t.Errorf("back from hold: %s, %d in the bridge", show(body.Participants), channels())
		}
	}
	if on := <-ph.held; on || len(ph.held) != 0 {
		t.Error("the phone was not taken off hold, or twice")
	}
	// The party of a held call may leave it.
	alice.post("/calls/"+c.ID+"/hold", nil).want(200)
	ph.hangsUp(16)
	alice.sees(c.ID, "ended", status(voip.StatusEnded))
	alice.post("/calls/"+c.ID+"/unhold", nil).want(409, "call_ended")
}

func bridge(t *testing.T, r *rig, id string) signaling.BridgeSnapshot {
	t.Helper()
	b, err := r.engine.Bridge(signaling.BridgeID(id))
	must(t, err)
	return b.Snapshot()
}

func TestWhoIsNotConnectedControlsNothing(t *testing.T) {
	r := newRig(t)
	alice := r.as("alice")
	c := alice.calls("SIP/1001", "SIP/1002")
	for _, verb := range []string{"hold", "unhold", "mute", "unmute"} {
		alice.post("/calls/"+c.ID+"/"+verb, nil).want(409, "conflict") // she is no party
	}
	alice.post("/calls/"+c.ID+"/dtmf", map[string]any{"digits": "1"}).want(409)
	alice.sends(c.ID, "offer", map[string]any{}).want(409)
	c = alice.calls("SIP/1003")
	alice.post("/calls/"+c.ID+"/mute", nil).want(409)
	alice.post("/calls/"+c.ID+"/end", nil).want(200)
	alice.post("/calls/"+c.ID+"/mute", nil).want(409, "call_ended")
	alice.post("/calls/"+c.ID+"/dtmf", map[string]any{"digits": "1"}).want(409, "call_ended")
}

func TestMoreAreCalledIntoACall(t *testing.T) {
	r := newRig(t)
	alice, c, _ := talking(t, r)
	more := func(u *user, endpoints ...string) answer {
		t.Helper()
		return u.post("/calls/"+c.ID+"/participants", map[string]any{"participants": endpoints})
	}
	var body voip.CallBody
	more(alice, "SIP/1002", "WebRTC/bob").want(201).into(&body)
	if len(body.Participants) != 4 || body.Participants[2].State != voip.StateRinging || body.Participants[3].State != voip.StateRinging {
		t.Errorf("called: %s", show(body.Participants))
	}
	two := r.phone("1002")
	two.answers()
	alice.sees(c.ID, "the second phone is in", func(c voip.CallBody) bool { return c.Participants[2].State == voip.StateConnected })
	if got := bridge(t, r, c.BridgeID); len(got.Channels) != 3 || got.Technology != "softmix" {
		t.Errorf("bridge %+v", got)
	}
	more(alice, "PJSIP/1003").want(201)
	more(alice, "SIP/1002").want(409).at("body.participants[0]")
	more(alice, "SIP/4711").want(404).at("body.participants[0]")
	more(alice).want(422)
	bob := r.as("bob")
	more(bob, "SIP/1003").want(403) // he has not answered
	bob.connects(c.ID, newBrowser(t))
	alice.sees(c.ID, "bob is in", func(c voip.CallBody) bool { return c.Participants[3].State == voip.StateConnected })
	many := make([]string, 64)
	for i := range many {
		many[i] = fmt.Sprintf("WebRTC/u%d", i)
	}
	more(bob, many...).want(409, "full")

	remove := func(u *user, n int) answer {
		t.Helper()
		return u.delete("/calls/" + c.ID + "/participants/" + read(alice, c.ID).Participants[n].ID)
	}
	remove(bob, 2).want(403)
	remove(alice, 2).want(204)
	if cause := two.hungUp(t); cause != 16 {
		t.Errorf("taken out with %d", cause)
	}
	remove(alice, 2).want(404)
	remove(bob, 3).want(204) // himself
	alice.delete("/calls/" + c.ID + "/participants/" + uuid.NewString()).want(404)
	if got := read(alice, c.ID); got.Status != voip.StatusActive {
		t.Fatalf("the call is %s", show(got))
	}
	remove(alice, 0).want(204)
	three := r.phone("1003") // still rings: two remain
	if got := read(alice, c.ID); got.Status != voip.StatusActive {
		t.Fatalf("the call is %s", show(got))
	}
	remove(alice, 4).want(204)
	three.hungUp(t)
	alice.sees(c.ID, "ended", status(voip.StatusEnded))
	more(alice, "SIP/1001").want(409, "call_ended")
}

// fiber reuses the memory of a request's strings: what is kept of one must not turn
// into another's.
func TestWhatIsKeptOfARequestStaysAsItWas(t *testing.T) {
	r := newRig(t, func(c *voip.Config) { c.PerUser = 100 })
	var users []*user
	for i := range 3 {
		users = append(users, r.as(fmt.Sprintf("user-%d", i)))
	}
	var mu sync.Mutex
	made := make(map[string]string) // call to creator
	var all sync.WaitGroup
	for i, u := range users {
		all.Go(func() {
			for n := range 20 {
				to := fmt.Sprintf("to-%d-%02d", i, n)
				c := u.calls("WebRTC/" + to)
				u.post("/calls/"+c.ID+"/signaling", map[string]any{"message_type": "ice_candidate", "to_user": to, "payload": to}).want(201)
				mu.Lock()
				made[c.ID] = u.name
				mu.Unlock()
			}
		})
	}
	all.Wait()
	for i, u := range users {
		var list struct{ Items []voip.CallBody }
		u.get("/calls?limit=1000").want(200).into(&list)
		if len(list.Items) != 20 {
			t.Errorf("%s has %d calls", u.name, len(list.Items))
		}
		for n, c := range list.Items {
			to := fmt.Sprintf("to-%d-%02d", i, n)
			if made[c.ID] != u.name || c.CreatedBy != u.name || c.Participants[0].Endpoint != "WebRTC/"+to || *c.Participants[0].UserID != to {
				t.Errorf("call %d of %s is %s", n, u.name, show(c))
			}
			got := r.as(to).messages(c.ID, 0, 0)
			if len(got) != 1 || got[0].CallID != c.ID || got[0].FromUser != u.name || got[0].ToUser != to || string(got[0].Payload) != `"`+to+`"` {
				t.Errorf("%s got %s", to, show(got))
			}
		}
	}
}

// Every operation of the document is driven to its success, and there is none that
// the document has not.
func TestEveryOperation(t *testing.T) {
	r := newRig(t)
	alice, c, _ := talking(t, r)
	id := "/calls/" + c.ID
	alice.get("/calls").want(200)
	for _, verb := range []string{"mute", "unmute", "hold", "unhold"} {
		alice.post(id+"/"+verb, nil).want(200)
	}
	alice.post(id+"/dtmf", map[string]any{"digits": "1"}).want(204)
	alice.messages(c.ID, 0, 0)
	alice.post(id+"/layout", map[string]any{"mode": "grid"}).want(204)
	alice.get(id + "/quality").want(200)
	var more voip.CallBody
	alice.post(id+"/participants", map[string]any{"participants": []string{"WebRTC/bob"}}).want(201).into(&more)
	r.as("bob").post(id+"/accept", nil).want(200)
	alice.delete(id + "/participants/" + more.Participants[2].ID).want(204)
	alice.post(id+"/record", nil).want(201)
	var rec recordings.Recording
	alice.post(id+"/record/stop", nil).want(200).into(&rec)
	alice.get("/recordings").want(200)
	alice.get("/recordings/" + rec.ID).want(200)
	alice.get("/recordings/" + rec.ID + "/file").want(200)
	r.as("root", role(auth.RoleAdmin)).delete("/recordings/" + rec.ID).want(204)
	alice.post(id+"/end", nil).want(200)
	alice.get("/asterisk/health").want(200)

	_, d, _ := talking(t, r)
	alice.post("/calls/"+d.ID+"/transfer", map[string]any{"to": "SIP/1002"}).want(200)

	room := alice.room(map[string]any{"name": "Room", "settings": map[string]any{"allow_recording": true}})
	alice.rooms("")
	alice.reads(room.ID)
	alice.do("PATCH", "/rooms/"+room.ID, map[string]any{"name": "Other"}).want(200)
	j := alice.joins(room.ID, nil)
	alice.connects(j.CallID, newBrowser(t))
	alice.awaits(room.ID, "alice is in", present(1))
	alice.post("/rooms/"+room.ID+"/participants/"+j.ParticipantID+"/volume", map[string]any{"listening": 6}).want(200)
	alice.post("/rooms/"+room.ID+"/participants/"+j.ParticipantID+"/hearing", map[string]any{"hears": []string{}}).want(200)
	alice.post("/rooms/"+room.ID+"/participants/"+j.ParticipantID+"/role", map[string]any{"role": "moderator"}).want(200)
	alice.post("/rooms/"+room.ID+"/record", nil).want(201)
	alice.post("/rooms/"+room.ID+"/record/stop", nil).want(200)
	alice.post("/rooms/"+room.ID+"/lock", nil).want(200)
	alice.post("/rooms/"+room.ID+"/unlock", nil).want(200)
	for _, verb := range []string{"mute", "unmute", "kick"} {
		alice.post("/rooms/"+room.ID+"/participants/"+j.ParticipantID+"/"+verb, nil).want(200)
	}
	studio := newBrowser(t)
	gathered := pion.GatheringCompletePromise(studio.PeerConnection)
	offer := studio.offer()["sdp"].(string)
	<-gathered
	session := strings.TrimPrefix(alice.do("POST", "/rooms/"+room.ID+"/whip", offer, "Content-Type", "application/sdp").want(201).header.Get("Location"), rest.Base)
	alice.do("PATCH", session, studio.LocalDescription().SDP, "Content-Type", "application/trickle-ice-sdpfrag", "If-Match", "*").want(204)
	alice.get("/rooms/" + room.ID + "/whip").want(204)
	alice.get(session).want(204)
	alice.delete(session).want(200)
	alice.get("/rooms/" + room.ID + "/whep").want(204)
	session = strings.TrimPrefix(alice.do("POST", "/rooms/"+room.ID+"/whep", strings.ReplaceAll(offer, "sendonly", "recvonly"), "Content-Type", "application/sdp").want(201).header.Get("Location"), rest.Base)
	alice.do("PATCH", session, studio.LocalDescription().SDP, "Content-Type", "application/trickle-ice-sdpfrag", "If-Match", "*").want(204)
	alice.get(session).want(204)
	alice.delete(session).want(200)
	alice.delete("/rooms/" + room.ID).want(204)

	root := r.as("root", role(auth.RoleAdmin))
	root.get("/events?after=0").want(200)
	root.get("/trunks").want(200)
	alice.post("/messages", map[string]any{"to": "bob", "body": "hello"}).want(201)
	alice.get("/messages").want(200)
	alice.post("/messages/had", map[string]any{"ids": []string{"x"}}).want(204)
	other := root.room(map[string]any{"name": "Other"})
	root.post("/rooms/"+other.ID+"/external-media", map[string]any{"host": "127.0.0.1:9", "format": "ulaw"}).want(201)

	var missed []string
	for _, op := range r.doc.Operations { // what is beside the API, the tests of the whole server ask for, and package api's for accounts
		if rule, _ := access.Of(op.ID); slices.Contains([]string{"users", "extensions", "api-keys"}, rule.Object) {
			continue
		}
		if !r.doc.driven[op] && strings.HasPrefix(op.Path, "/api/") && op.Method != http.MethodHead {
			missed = append(missed, op.ID)
		}
	}
	if len(missed) > 0 || len(r.doc.Operations) < 30 {
		t.Errorf("of %d operations these were not driven: %q", len(r.doc.Operations), missed)
	}
}
