package voip_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/skygenesisenterprise/skybridge/api/voip"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/api/voip/rooms"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// room makes one.
func (u *user) room(body map[string]any) rooms.RoomBody {
	u.t.Helper()
	var room rooms.RoomBody
	a := u.post("/rooms", body).want(201)
	a.into(&room)
	if want := rest.Base + "/rooms/" + room.ID; a.header.Get("Location") != want {
		u.t.Errorf("Location %q, want %q", a.header.Get("Location"), want)
	}
	return room
}

// joins takes a place in a room.
func (u *user) joins(id string, body any) rooms.JoinBody {
	u.t.Helper()
	var j rooms.JoinBody
	u.post("/rooms/"+id+"/join", body).want(200).into(&j)
	return j
}

func (u *user) reads(id string) rooms.RoomBody {
	u.t.Helper()
	var room rooms.RoomBody
	u.get("/rooms/" + id).want(200).into(&room)
	return room
}

// awaits waits until a room is as wished.
func (u *user) awaits(id, what string, ok func(rooms.RoomBody) bool) rooms.RoomBody {
	u.t.Helper()
	var room rooms.RoomBody
	eventually(u.t, func() bool { room = u.reads(id); return ok(room) }, func() string { return what + ": " + show(room) })
	return room
}

func present(n int) func(rooms.RoomBody) bool {
	return func(r rooms.RoomBody) bool { return len(r.Participants) == n }
}

// rooms gives the names in the list of rooms.
func (u *user) rooms(query string) []string {
	u.t.Helper()
	var list struct{ Items []rooms.RoomBody }
	u.get("/rooms" + query).want(200).into(&list)
	names := []string{}
	for _, r := range list.Items {
		names = append(names, r.Name)
	}
	return names
}

func TestARoomIsMadeAndDeleted(t *testing.T) {
	r := newRig(t)
	alice, bob := r.as("alice"), r.as("bob")
	room := alice.room(map[string]any{
		"name": "Team Meeting", "max_participants": 10,
		"settings": map[string]any{"allow_recording": true, "allow_screen_share": true, "require_moderator": false, "bridge_type": "mixing"},
	})
	if room.Name != "Team Meeting" || room.Number != "9001" || room.BridgeID == "" || room.MaxParticipants != 10 ||
		room.CreatedBy != "alice" || !room.Settings.AllowRecording || !room.Settings.AllowScreenShare ||
		room.Settings.BridgeType != "mixing" || room.Participants == nil {
		t.Errorf("room %s", show(room))
	}
	plain := alice.room(map[string]any{"name": "Plain", "number": "9777"})
	if plain.Number != "9777" || plain.MaxParticipants != 0 || plain.Settings.BridgeType != "mixing" {
		t.Errorf("room %s", show(plain))
	}
	// What a room does not allow is said too.
	var raw struct {
		Settings map[string]any `json:"settings"`
	}
	alice.get("/rooms/" + plain.ID).want(200).into(&raw)
	if want := map[string]any{
		"allow_recording": false, "allow_screen_share": false, "require_moderator": false, "bridge_type": "mixing",
	}; !maps.Equal(raw.Settings, want) {
		t.Errorf("settings %v", raw.Settings)
	}
	alice.post("/rooms", map[string]any{"name": "Again", "number": "9777"}).want(409, "number_taken")
	if got := alice.rooms(""); !slices.Equal(got, []string{"Team Meeting", "Plain"}) {
		t.Errorf("alice sees %v", got)
	}
	if got := alice.rooms("?limit=1"); !slices.Equal(got, []string{"Team Meeting"}) {
		t.Errorf("the first page is %v", got)
	}

	// Others see it when they know its number, and rule over it never.
	if got := bob.rooms(""); len(got) != 0 {
		t.Errorf("bob sees %v", got)
	}
	if got := bob.rooms("?number=9001"); !slices.Equal(got, []string{"Team Meeting"}) {
		t.Errorf("by its number bob finds %v", got)
	}
	bob.get("/rooms/" + room.ID).want(404)
	bob.delete("/rooms/" + room.ID).want(404)
	if got := r.as("root", role("admin")).rooms(""); len(got) != 2 {
		t.Errorf("the admin sees %v", got)
	}
	bob.post("/rooms/9002/join", nil).want(404)
	if j := bob.joins(room.Number, nil); j.RoomID != room.ID {
		t.Errorf("by its number bob joins %s", show(j))
	}
	bob.get("/rooms/" + room.ID).want(200) // on the way in
	bob.delete("/rooms/"+room.ID).want(403, "forbidden")

	alice.delete("/rooms/" + plain.ID).want(204)
	alice.get("/rooms/" + plain.ID).want(404)
	alice.post("/rooms/"+plain.ID+"/join", nil).want(404)
	alice.delete("/rooms/" + plain.ID).want(404)
	if got := alice.room(map[string]any{"name": "Plain", "number": "9777"}); got.ID == plain.ID {
		t.Error("the room is back")
	}
}

func TestWhatIsNoRoom(t *testing.T) {
	alice := newRig(t).as("alice")
	for name, tc := range map[string]struct {
		in     any
		status int
		at     string
	}{
		"no name":          {map[string]any{}, 422, "body.name"},
		"an empty name":    {map[string]any{"name": ""}, 422, "body.name"},
		"a long name":      {map[string]any{"name": strings.Repeat("x", 129)}, 413, "body.name"},
		"a negative size":  {map[string]any{"name": "x", "max_participants": -1}, 422, "body.max_participants"},
		"a large size":     {map[string]any{"name": "x", "max_participants": 5001}, 422, "body.max_participants"},
		"half a size":      {map[string]any{"name": "x", "max_participants": 1.5}, 422, "body.max_participants"},
		"a name with NUL":  {map[string]any{"name": "a\x00b"}, 422, "body.name"},
		"no number":        {map[string]any{"name": "x", "number": "nine"}, 422, "body.number"},
		"no bridge type":   {map[string]any{"name": "x", "settings": map[string]any{"bridge_type": "x"}}, 422, "body.settings.bridge_type"},
		"a PIN of letters": {map[string]any{"name": "x", "pin": "12a4"}, 422, "body.pin"},
		"no JSON":          {"{", 400, "body"},
	} {
		t.Run(name, func(t *testing.T) { alice.in(t).post("/rooms", tc.in).want(tc.status).at(tc.at) })
	}
	if got := alice.rooms(""); len(got) != 0 {
		t.Errorf("rooms %v", got)
	}
}

func TestPeopleMeetInARoom(t *testing.T) {
	r := newRig(t)
	alice, bob := r.as("alice"), r.as("bob")
	room := alice.room(map[string]any{"name": "Meeting", "max_participants": 3})
	j := alice.joins(room.ID, map[string]any{"role": "moderator"})
	if j.RoomID != room.ID || j.Role != "moderator" || j.ICEServers == nil {
		t.Errorf("joined as %s", show(j))
	}
	bob.post("/rooms/"+room.ID+"/join", map[string]any{"role": "moderator"}).want(403).at("body.role")
	bob.post("/rooms/"+room.ID+"/join", map[string]any{"role": "king"}).want(422).at("body.role")
	// The way in is a call of its own.
	c := read(alice, j.CallID)
	if c.RoomID != room.ID || c.BridgeID != room.BridgeID || c.Status != voip.StatusInitiated || len(c.Participants) != 1 {
		t.Errorf("call %s", show(c))
	}
	if got := alice.reads(room.ID); len(got.Participants) != 0 {
		t.Errorf("in the room before the offer: %s", show(got))
	}
	alice.connects(j.CallID, newBrowser(t))
	in := alice.awaits(room.ID, "alice is in", present(1)).Participants[0]
	if in.ID != j.ParticipantID || in.UserID == nil || *in.UserID != "alice" || in.Role != "moderator" || in.Endpoint != "WebRTC/alice" || in.Muted {
		t.Errorf("participant %s", show(in))
	}
	alice.sees(j.CallID, "active alone", status(voip.StatusActive))
	alice.post("/calls/"+j.CallID+"/hold", nil).want(409)
	alice.post("/calls/"+j.CallID+"/participants", map[string]any{"participants": []string{"SIP/1003"}}).want(409)

	// A phone is rung into the room.
	pj := bob.joins(room.ID, map[string]any{"endpoint": "SIP/1001"})
	ph := r.phone("1001")
	if ph.caller.Name != "Meeting" || ph.caller.Number != room.Number {
		t.Errorf("the phone shows %v", ph.caller)
	}
	ph.answers()
	got := alice.awaits(room.ID, "the phone is in", present(2))
	if in := got.Participants[1]; in.ID != pj.ParticipantID || in.Endpoint != "PJSIP/1001" && in.Endpoint != "SIP/1001" || in.UserID != nil {
		t.Errorf("participant %s", show(in))
	}

	// Full: with three places one is left, and a place that is held counts.
	bob.joins(room.ID, nil)
	a := r.as("carol").post("/rooms/"+room.ID+"/join", nil).want(409, "room_full")
	if p := a.problem(); p.SIP == nil || p.SIP.Status != 486 {
		t.Errorf("problem %s", a.body)
	}

	// A moderator mutes and puts out; others may not.
	path := "/rooms/" + room.ID + "/participants/"
	var body rooms.RoomBody
	alice.post(path+pj.ParticipantID+"/mute", nil).want(200).into(&body)
	if !body.Participants[1].Muted {
		t.Errorf("not muted: %s", show(body))
	}
	alice.post(path+pj.ParticipantID+"/unmute", nil).want(200).into(&body)
	if body.Participants[1].Muted {
		t.Errorf("still muted: %s", show(body))
	}
	bob.post(path+j.ParticipantID+"/kick", nil).want(403)
	r.as("carol").post(path+j.ParticipantID+"/kick", nil).want(404)
	alice.post(path+uuid.NewString()+"/mute", nil).want(404)
	alice.post(path+pj.ParticipantID+"/volume", map[string]any{"talking": 6, "listening": -10.5}).want(200)
	alice.post(path+pj.ParticipantID+"/volume", map[string]any{"talking": 60}).want(422)
	alice.post(path+pj.ParticipantID+"/kick", nil).want(200)
	if cause := ph.hungUp(t); cause != 16 {
		t.Errorf("put out with %d", cause)
	}
	bob.sees(pj.CallID, "their call has ended", status(voip.StatusEnded))
	alice.awaits(room.ID, "the phone is out", present(1))

	// The room ends, and everybody's call into it.
	waiting := bob.joins(room.ID, nil)
	alice.delete("/rooms/" + room.ID).want(204)
	for u, id := range map[*user]string{alice: j.CallID, bob: waiting.CallID} {
		if got := u.sees(id, "ended with the room", status(voip.StatusEnded)); got.Cause != 16 {
			t.Errorf("ended as %s", show(got))
		}
	}
	eventually(t, func() bool { return len(r.engine.Channels()) == 0 && len(r.engine.Bridges()) == 0 },
		func() string { return "nothing is left" })
}

func TestAPlaceInARoomIsHeldForAsLongAsPhonesRing(t *testing.T) {
	clock := newClock()
	r := newRig(t, clock.runs)
	alice, bob := r.as("alice"), r.as("bob")
	room := alice.room(map[string]any{"name": "Small", "max_participants": 1})
	j := alice.joins(room.ID, nil)
	bob.post("/rooms/"+room.ID+"/join", nil).want(409, "room_full")
	clock.awaits(t, 1, time.Hour, time.Hour)
	clock.passes(time.Hour)
	over := alice.sees(j.CallID, "no offer came", status(voip.StatusEnded))
	if over.Cause != 19 {
		t.Errorf("ended as %s", show(over))
	}
	// A phone that is busy, unknown or not there gives its place back at once.
	bob.joins(room.ID, map[string]any{"endpoint": "SIP/1001"})
	r.phone("1001").hangsUp(signaling.CauseBusy)
	eventually(t, func() bool { return len(listed(bob, "")) == 0 }, func() string { return "the busy phone's call ends" })
	bob.post("/rooms/"+room.ID+"/join", map[string]any{"endpoint": "SIP/4711"}).want(404).at("body.endpoint")
	bob.post("/rooms/"+room.ID+"/join", map[string]any{"endpoint": "WebRTC/carol"}).want(422).at("body.endpoint")
	bob.post("/rooms/"+room.ID+"/join", map[string]any{"endpoint": "1001"}).want(422).at("body.endpoint")
	r.phones.unregister("1002")
	bob.post("/rooms/"+room.ID+"/join", map[string]any{"endpoint": "SIP/1002"}).want(409, "endpoint_unreachable")
	// Leaving does too.
	j = bob.joins(room.ID, `{}`)
	bob.post("/calls/"+j.CallID+"/end", nil).want(200)
	alice.joins(room.ID, nil)
}

func TestARoomIsChanged(t *testing.T) {
	r := newRig(t)
	alice := r.as("alice")
	room := alice.room(map[string]any{"name": "Before", "max_participants": 1})
	change := func(u *user, in any) answer { return u.do("PATCH", "/rooms/"+room.ID, in) }
	var got rooms.RoomBody
	change(alice, map[string]any{"name": "After"}).want(200).into(&got)
	if got.Name != "After" || got.MaxParticipants != 1 || got.Number != room.Number {
		t.Errorf("changed to %s", show(got))
	}
	alice.joins(room.ID, nil)
	alice.post("/rooms/"+room.ID+"/join", nil).want(409, "room_full")
	change(alice, map[string]any{"max_participants": 2}).want(200)
	alice.joins(room.ID, nil)
	change(alice, map[string]any{"max_participants": 1}).want(200) // nobody is put out
	alice.post("/rooms/"+room.ID+"/join", nil).want(409, "room_full")
	change(alice, map[string]any{}).want(200)
	change(alice, map[string]any{"name": ""}).want(422).at("body.name")
	change(alice, map[string]any{"number": "one"}).want(422).at("body.number")
	change(alice, map[string]any{"pin": "12"}).want(422).at("body.pin")
	change(alice, map[string]any{"settings": map[string]any{"bridge_type": "x"}}).want(422).at("body.settings.bridge_type")
	for _, kind := range []string{"dtmf_events", "proxy_media", "mixing"} {
		change(alice, map[string]any{"settings": map[string]any{"bridge_type": kind}}).want(200).into(&got)
		if got.Settings.BridgeType != kind {
			t.Errorf("%s became %s", kind, show(got))
		}
	}
	taken := alice.room(map[string]any{"name": "Other"})
	change(alice, map[string]any{"number": taken.Number}).want(409, "number_taken")
	alice.delete("/rooms/" + taken.ID).want(204)
	change(r.as("bob"), map[string]any{"name": "Mine"}).want(404)
	change(r.as("root", role("admin")), map[string]any{"name": "Theirs"}).want(200)
	if got := alice.reads(room.ID); got.Name != "Theirs" || got.MaxParticipants != 1 {
		t.Errorf("room %s", show(got))
	}
}

func TestRoomsOutliveTheServer(t *testing.T) {
	db := openStore(t)
	r := startRig(t, db)
	alice := r.as("alice")
	room := alice.room(map[string]any{"name": "Kept", "max_participants": 7, "number": "9100", "settings": map[string]any{"allow_recording": true}})
	gone := alice.room(map[string]any{"name": "Gone"})
	alice.delete("/rooms/" + gone.ID).want(204)
	alice.do("PATCH", "/rooms/"+room.ID, map[string]any{"max_participants": 8}).want(200).into(&room)
	r.stop()
	r = startRig(t, db)
	t.Cleanup(r.stop)
	alice = r.as("alice")
	if got := alice.rooms(""); !slices.Equal(got, []string{"Kept"}) {
		t.Fatalf("rooms %v", got)
	}
	got := alice.reads(room.ID)
	room.BridgeID = got.BridgeID // it has a new one
	room.CreatedAt = room.CreatedAt.Truncate(time.Microsecond)
	got.CreatedAt = got.CreatedAt.Truncate(time.Microsecond)
	if show(got) != show(room) {
		t.Errorf("room %s, was %s", show(got), show(room))
	}
	r.as("bob").joins(room.ID, map[string]any{"endpoint": "SIP/1001"})
	r.phone("1001")
}

// A user's rooms are bounded, and have none of the dialplan's numbers; a service's are not.
func TestAUsersRoomsAreBounded(t *testing.T) {
	r := newRig(t)
	alice, machine := r.as("alice"), r.as("machine", role(auth.RoleService))
	alice.post("/rooms", map[string]any{"name": "x", "number": "8500"}).want(403, "forbidden").at("body.number")
	machine.post("/rooms", map[string]any{"name": "x", "number": "8500"}).want(201)
	first := alice.room(map[string]any{"name": "x", "number": "9500"})
	alice.do("PATCH", "/rooms/"+first.ID, map[string]any{"number": "8501"}).want(403, "forbidden").at("body.number")
	alice.do("PATCH", "/rooms/"+first.ID, map[string]any{"number": "9501"}).want(200)
	for range 99 {
		alice.room(map[string]any{"name": "x"})
	}
	alice.post("/rooms", map[string]any{"name": "x"}).want(429)
	machine.post("/rooms", map[string]any{"name": "x"}).want(201)
	alice.delete("/rooms/" + first.ID).want(204)
	alice.post("/rooms", map[string]any{"name": "x"}).want(201)
}
