package voip_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/api/voip"
	"github.com/skygenesisenterprise/skybridge/api/voip/rooms"
)

// are is a room with as many who are in it, and as many who wait.
func are(connected, waiting int) func(rooms.RoomBody) bool {
	return func(r rooms.RoomBody) bool {
		n := 0
		for _, p := range r.Participants {
			if p.State == "connected" {
				n++
			}
		}
		return n == connected && len(r.Participants) == connected+waiting
	}
}

// rings joins a phone to a room, which answers.
func (u *user) rings(room, number string, body map[string]any) (rooms.JoinBody, *phone) {
	u.t.Helper()
	if body == nil {
		body = map[string]any{}
	}
	body["endpoint"] = "SIP/" + number
	j := u.joins(room, body)
	ph := u.phone(number)
	ph.answers()
	return j, ph
}

// In a room that requires a moderator others wait until one is there, and again when the last
// one has left or is none any more.
func TestARoomThatRequiresAModerator(t *testing.T) {
	r := newRig(t)
	alice, bob := r.as("alice"), r.as("bob")
	room := alice.room(map[string]any{"name": "Board", "settings": map[string]any{"require_moderator": true}})
	guest, ph := bob.rings(room.ID, "1001", nil)
	got := alice.awaits(room.ID, "the guest waits", are(0, 1))
	if p := got.Participants[0]; p.ID != guest.ParticipantID || p.Role != "participant" || p.Endpoint != "SIP/1001" {
		t.Errorf("who waits is %s", show(p))
	}
	bob.post("/rooms/"+room.ID+"/join", map[string]any{"role": "moderator"}).want(403).at("body.role")
	lead, _ := alice.rings(room.ID, "1002", map[string]any{"role": "moderator"})
	alice.awaits(room.ID, "both are in", are(2, 0))
	member := func(id string) string { return "/rooms/" + room.ID + "/participants/" + id }
	alice.post(member(lead.ParticipantID)+"/role", map[string]any{"role": "participant"}).want(200)
	alice.awaits(room.ID, "both wait", are(0, 2))
	alice.post(member(guest.ParticipantID)+"/role", map[string]any{"role": "moderator"}).want(200)
	alice.awaits(room.ID, "both are in again", are(2, 0))
	ph.hangsUp(16)
	alice.awaits(room.ID, "the other one waits", are(0, 1))
	alice.post(member(lead.ParticipantID)+"/kick", nil).want(200)
	alice.awaits(room.ID, "nobody is left", are(0, 0))
	alice.sees(lead.CallID, "its call ends", status(voip.StatusEnded))

	_, ph = bob.rings(room.ID, "1001", nil)
	alice.awaits(room.ID, "the guest waits", are(0, 1))
	alice.do("PATCH", "/rooms/"+room.ID, map[string]any{"settings": map[string]any{"require_moderator": false}}).want(200)
	alice.awaits(room.ID, "the guest is in", are(1, 0))
	alice.do("PATCH", "/rooms/"+room.ID, map[string]any{"settings": map[string]any{"bridge_type": "holding"}}).want(200)
	alice.awaits(room.ID, "the guest is held", are(0, 1))
	alice.delete("/rooms/" + room.ID).want(204)
	ph.hungUp(t)
}

// A locked room refuses all but its moderators, and keeps who is in.
func TestARoomIsLocked(t *testing.T) {
	r := newRig(t)
	alice, bob := r.as("alice"), r.as("bob")
	room := alice.room(map[string]any{"name": "Board"})
	bob.rings(room.ID, "1001", nil)
	alice.awaits(room.ID, "bob's phone is in", are(1, 0))
	var got rooms.RoomBody
	alice.post("/rooms/"+room.ID+"/lock", nil).want(200).into(&got)
	if !got.Locked || len(got.Participants) != 1 {
		t.Errorf("the locked room is %s", show(got))
	}
	alice.post("/rooms/"+room.ID+"/lock", nil).want(200) // again changes nothing
	if p := bob.post("/rooms/"+room.ID+"/join", nil).want(409, "room_locked").problem(); p.State != "locked" {
		t.Errorf("state %q", p.State)
	}
	bob.post("/rooms/"+room.Number+"/join", map[string]any{"endpoint": "SIP/1002"}).want(409, "room_locked")
	alice.joins(room.ID, map[string]any{"role": "moderator"})
	alice.post("/rooms/"+room.ID+"/unlock", nil).want(200).into(&got)
	if got.Locked {
		t.Error("it is locked")
	}
	bob.joins(room.ID, nil)
}

// Whom a moderator has muted, made softer or put aside cannot undo it, in none of the ways there
// are; what is theirs alone they may change.
func TestWhatAModeratorDidStays(t *testing.T) {
	r := newRig(t)
	alice, bob := r.as("alice"), r.as("bob")
	room := alice.room(map[string]any{"name": "Board"})
	j := bob.joins(room.ID, nil)
	bob.connects(j.CallID, newBrowser(t))
	alice.awaits(room.ID, "bob is in", are(1, 0))
	own := "/rooms/" + room.ID + "/participants/" + j.ParticipantID
	call := "/calls/" + j.CallID
	muted := func(want bool) {
		t.Helper()
		var got rooms.RoomBody
		alice.get("/rooms/" + room.ID).want(200).into(&got)
		if got.Participants[0].Muted != want {
			t.Errorf("bob is %s", show(got))
		}
	}
	undoes := func() {
		t.Helper()
		bob.post(own+"/unmute", nil).want(403, "muted_by_moderator")
		bob.post(call+"/unmute", nil).want(403, "muted_by_moderator")
		bob.sends(j.CallID, "unmute", nil).want(403, "muted_by_moderator")
		muted(true)
	}
	bob.post(own+"/mute", nil).want(200) // himself
	bob.post(call+"/unmute", nil).want(200)
	muted(false)
	alice.post(own+"/mute", nil).want(200)
	undoes()
	bob.post(call+"/mute", nil).want(200)
	undoes()
	alice.post(own+"/unmute", nil).want(200)
	muted(false)
	bob.post(call+"/mute", nil).want(200)
	bob.sends(j.CallID, "unmute", nil).want(201)
	muted(false)

	bob.post(own+"/volume", map[string]any{"talking": 3}).want(403, "forbidden").at("body.talking")
	bob.post(own+"/volume", map[string]any{"listening": 3}).want(200)
	bob.post(own+"/hearing", map[string]any{"heard_by": []string{"everyone"}}).want(403, "forbidden")

	alice.post(own+"/mute", nil).want(200)
	undoes()
	alice.post(own+"/role", map[string]any{"role": "moderator"}).want(200)
	bob.post(call+"/unmute", nil).want(200) // as one of them now
	muted(false)
}

// Who leaves and comes again is muted still, on a second way in too, until a moderator says otherwise or
// nobody is left.
func TestWhoComesAgainIsMutedStill(t *testing.T) {
	r := newRig(t)
	alice, bob := r.as("alice"), r.as("bob")
	room := alice.room(map[string]any{"name": "Board"})
	enter := func(u *user, are func(rooms.RoomBody) bool) (call, own string) {
		t.Helper()
		j := u.joins(room.ID, nil)
		u.connects(j.CallID, newBrowser(t))
		alice.awaits(room.ID, u.name+" is in", are)
		return "/calls/" + j.CallID, "/rooms/" + room.ID + "/participants/" + j.ParticipantID
	}
	muted := func(own string, want bool) {
		t.Helper()
		var got rooms.RoomBody
		alice.get("/rooms/" + room.ID).want(200).into(&got)
		for _, p := range got.Participants {
			if strings.HasSuffix(own, p.ID) && p.Muted != want {
				t.Errorf("bob's mute is %t in %s", p.Muted, show(got))
			}
		}
	}
	alices, _ := enter(alice, are(1, 0))
	call, own := enter(bob, are(2, 0))
	alice.post(own+"/mute", nil).want(200)
	second, beside := enter(bob, are(3, 0))
	muted(beside, true)
	bob.post(second+"/unmute", nil).want(403, "muted_by_moderator")
	bob.post(second+"/end", nil).want(200)
	bob.post(call+"/end", nil).want(200)
	alice.awaits(room.ID, "bob is gone", are(1, 0))
	call, own = enter(bob, are(2, 0))
	muted(own, true)
	bob.post(call+"/unmute", nil).want(403, "muted_by_moderator")
	alice.post(own+"/unmute", nil).want(200)
	bob.post(call+"/end", nil).want(200)
	alice.awaits(room.ID, "bob is gone again", are(1, 0))
	call, own = enter(bob, are(2, 0))
	muted(own, false)

	alice.post(own+"/mute", nil).want(200)
	bob.post(call+"/end", nil).want(200)
	alice.post(alices+"/end", nil).want(200)
	alice.awaits(room.ID, "nobody is left", are(0, 0))
	_, own = enter(bob, are(1, 0))
	muted(own, false)
}

// A phone's number is no name: another endpoint of that name opens no room.
func TestAnExtensionIsAPhones(t *testing.T) {
	r := newRig(t)
	alice, namesake := r.as("alice"), r.as("1001")
	room := alice.room(map[string]any{"name": "Board"})
	j := namesake.joins(room.ID, nil)
	namesake.connects(j.CallID, newBrowser(t)) // WebRTC/1001
	alice.awaits(room.ID, "the namesake is in", are(1, 0))
	bob := r.as("bob", extension("1001"))
	bob.get("/rooms/"+room.ID).want(404, "not_found")
	alice.rings(room.ID, "1001", nil)
	alice.awaits(room.ID, "the phone is in", are(2, 0))
	bob.get("/rooms/" + room.ID).want(200)
}

// Only moderators rule; a room that is not one's own is not there.
func TestWhoRulesARoom(t *testing.T) {
	r := newRig(t)
	alice, bob, eve := r.as("alice"), r.as("bob", extension("1001")), r.as("eve")
	auditor := r.as("audit", role("auditor"))
	room := alice.room(map[string]any{"name": "Board"})
	j, _ := bob.rings(room.ID, "1001", nil)
	alice.awaits(room.ID, "bob's phone is in", are(1, 0))
	role := map[string]any{"role": "moderator"}
	for _, ca := range []struct {
		path string
		body any
	}{
		{"/lock", nil}, {"/unlock", nil}, {"/participants/" + j.ParticipantID + "/role", role},
	} {
		path := "/rooms/" + room.ID + ca.path
		bob.post(path, ca.body).want(403, "forbidden")
		eve.post(path, ca.body).want(404, "not_found")
		auditor.post(path, ca.body).want(403, "forbidden")
		(&user{rig: r, name: "nobody"}).post(path, ca.body).want(401)
		alice.post("/rooms/nothing"+ca.path, ca.body).want(404, "not_found")
	}
	alice.post("/rooms/"+room.ID+"/participants/x/role", role).want(404, "not_found")
	alice.post("/rooms/"+room.ID+"/participants/"+j.ParticipantID+"/role", map[string]any{"role": "king"}).want(422).at("body.role")
	alice.post("/rooms/"+room.ID+"/participants/"+j.ParticipantID+"/role", map[string]any{}).want(422)
	alice.post("/rooms/"+room.ID+"/participants/"+j.ParticipantID+"/role", role).want(200)
	bob.post("/rooms/"+room.ID+"/lock", nil).want(200) // is a moderator, on a phone
	way := alice.joins(room.ID, map[string]any{"role": "moderator"})
	var got rooms.RoomBody
	bob.post("/rooms/"+room.ID+"/participants/"+way.ParticipantID+"/role", map[string]any{"role": "participant"}).want(200).into(&got)
	if slices.ContainsFunc(got.Participants, func(p rooms.RoomParticipantBody) bool { return p.ID == way.ParticipantID }) {
		t.Errorf("who is on the way is in: %s", show(got))
	}
	bob.delete("/rooms/"+room.ID).want(403, "forbidden") // that is its creator's
}
