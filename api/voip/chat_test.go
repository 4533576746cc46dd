package voip_test

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/api/voip/chat"
)

// messagesOf are a user's messages, newest first.
func messagesOf(u *user, query string) (list struct {
	Items []chat.MessageToUser
	Next  *string `json:"next_cursor"`
},
) {
	u.t.Helper()
	u.get("/messages" + query).want(200).into(&list)
	return list
}

// A message reaches who is there at once, who is away when they come, and nobody else.
func TestMessages(t *testing.T) {
	r := newRig(t)
	alice, bob, carol := r.as("alice"), r.as("bob"), r.as("carol")
	a, c := alice.live(), carol.live()
	a.says("Message", "to", "carol", "body", "hello", "id", 5)
	if f := a.next("Message"); string(f.InReplyTo) != "5" || f.Body != "hello" || f.From != "alice" || f.To != "carol" || f.ID == "" {
		t.Errorf("%+v", f)
	}
	if f := c.next("Message"); f.Body != "hello" || f.From != "alice" {
		t.Errorf("%+v", f)
	}
	var sent chat.MessageToUser
	for _, body := range []string{"one", "two"} {
		alice.post("/messages", map[string]any{"to": "bob", "body": body}).want(201).into(&sent)
	}
	b := bob.live()
	for _, body := range []string{"one", "two"} { // in a moment, without having asked
		if f := b.next("Message"); f.Body != body || f.To != "bob" {
			t.Errorf("%+v", f)
		}
	}
	again := bob.live()
	again.says("Subscribe", "channel", "calls")
	again.next("Subscribed")
	again.says("Unsubscribe", "channel", "calls")
	again.next("Unsubscribed") // and no message, which bob has had

	list := messagesOf(bob, "?limit=1")
	if len(list.Items) != 1 || list.Items[0].ID != sent.ID || list.Next == nil {
		t.Fatalf("%s", show(list))
	}
	list = messagesOf(bob, "?limit=1&cursor="+*list.Next)
	if len(list.Items) != 1 || list.Items[0].Body != "one" {
		t.Errorf("%s", show(list))
	}
	if list := messagesOf(carol, ""); len(list.Items) != 1 || list.Items[0].Body != "hello" {
		t.Errorf("carol has %s", show(list))
	}
	if list := messagesOf(alice, "?with=bob"); len(list.Items) != 2 {
		t.Errorf("alice and bob: %s", show(list))
	}
	for _, ca := range []struct {
		to, body string
		status   int
		code     string
	}{
		{"", "x", 422, "invalid"},
		{"bob", "", 422, "invalid"},
		{"bob", " \n", 422, "invalid"},
		{"bob", strings.Repeat("x", 16<<10+1), 413, "too_large"},
		{"b\x00b", "x", 422, "invalid"},
		{"bob", "a\x00b", 422, "invalid"},
		{"room:nonsense", "x", 404, "not_found"},
	} {
		alice.post("/messages", map[string]any{"to": ca.to, "body": ca.body}).want(ca.status, ca.code)
		a.says("Message", "to", ca.to, "body", ca.body)
		if f := a.next("Error"); f.Code != ca.code {
			t.Errorf("%q: %+v", ca.to, f)
		}
	}
	r.as("audit", role("auditor")).post("/messages", map[string]any{"to": "bob", "body": "x"}).want(403)
	bob.get("/messages?cursor=nonsense").want(422).at("query.cursor")
}

// A message to a room reaches those who are in it, from those who see it alone.
func TestMessagesToARoom(t *testing.T) {
	r := newRig(t)
	alice, bob, eve := r.as("alice"), r.as("bob"), r.as("eve")
	var room struct{ ID string }
	alice.post("/rooms", map[string]any{"name": "Talk", "max_participants": 5}).want(201).into(&room)
	for _, u := range []*user{alice, bob} {
		var j struct {
			CallID string `json:"call_id"`
		}
		u.post("/rooms/"+room.ID+"/join", map[string]any{}).want(200).into(&j)
		u.connects(j.CallID, newBrowser(t))
	}
	alice.awaits(room.ID, "both are in", present(2))
	b, e := bob.live(), eve.live()
	alice.post("/messages", map[string]any{"to": "room:" + room.ID, "body": "all"}).want(201)
	if f := b.until("Message", func(told) bool { return true }); f.To != "room:"+room.ID || f.From != "alice" || f.Body != "all" {
		t.Errorf("%+v", f)
	}
	e.says("Message", "to", "room:"+room.ID, "body", "x")
	if f := e.next("Error"); f.Code != "not_found" {
		t.Errorf("%+v", f)
	}
	if list := messagesOf(bob, "?room="+room.ID); len(list.Items) != 1 {
		t.Errorf("%s", show(list))
	}
	if list := messagesOf(eve, ""); len(list.Items) != 0 {
		t.Errorf("eve has %s", show(list))
	}
}

// How a user is, everybody hears who asked, but nobody else says.
func TestPresence(t *testing.T) {
	r := newRig(t)
	alice := r.as("alice", extension("1001"))
	w := r.as("watcher").live()
	w.says("Subscribe", "channel", "presence:alice")
	w.next("Subscribed")
	is := func(status, message string, onCall bool) {
		t.Helper()
		w.until("Presence", func(f told) bool {
			return f.UserID == "alice" && f.Status == status && f.StatusMessage == message && f.OnCall == onCall
		})
	}
	is("offline", "", false)
	a := alice.live()
	is("online", "", false)
	// As in the documents.
	a.says("PresenceUpdate", "user_id", "alice", "status", "busy", "status_message", "Available for calls", "id", 1)
	if f := a.next("PresenceUpdate"); f.Status != "busy" || string(f.InReplyTo) != "1" {
		t.Errorf("%+v", f)
	}
	is("busy", "Available for calls", false)
	for member, v := range map[string]any{"user_id": "bob", "status": "nonsense", "status_message": strings.Repeat("x", 257)} {
		in := map[string]any{"user_id": "alice", "status": "online"}
		in[member] = v
		a.says("PresenceUpdate", "user_id", in["user_id"], "status", in["status"], "status_message", in["status_message"])
		if f := a.next("Error"); f.Code != "forbidden" && f.Code != "invalid" {
			t.Errorf("%s: %+v", member, f)
		}
	}
	c := r.as("bob").calls("SIP/1001")
	ph := r.phone("1001")
	ph.answers()
	is("busy", "Available for calls", true)
	r.as("bob").post("/calls/"+c.ID+"/end", nil).want(200)
	is("busy", "Available for calls", false)
	a.says("PresenceUpdate", "status", "invisible")
	a.until("PresenceUpdate", func(f told) bool { return f.Status == "invisible" })
	is("offline", "", false)
}

// What happens in a room those are told who are in it, and nobody else.
func TestWhatHappensInARoomIsPushed(t *testing.T) {
	r := newRig(t)
	alice, eve := r.as("alice"), r.as("eve")
	var room struct{ ID string }
	alice.post("/rooms", map[string]any{"name": "Talk", "max_participants": 5}).want(201).into(&room)
	a, e := alice.live(), eve.live()
	e.says("Subscribe", "channel", "room:"+room.ID)
	if f := e.next("Error"); f.Code != "not_found" {
		t.Errorf("%+v", f)
	}
	a.says("Subscribe", "channel", "room:"+room.ID)
	a.next("Subscribed")
	var j struct {
		CallID string `json:"call_id"`
		ID     string `json:"participant_id"`
	}
	bob := r.as("bob")
	bob.post("/rooms/"+room.ID+"/join", map[string]any{}).want(200).into(&j)
	b := bob.live()
	b.says("Subscribe", "channel", "room:"+room.ID) // on the way in
	b.until("Subscribed", func(told) bool { return true })
	bob.connects(j.CallID, newBrowser(t))
	a.until("Room", func(f told) bool {
		return f.Event == "joined" && f.RoomID == room.ID && f.Participant.UserID == "bob" && f.Participant.ID != ""
	})
	bob.post("/calls/"+j.CallID+"/end", nil).want(200)
	a.until("Room", func(f told) bool { return f.Event == "left" && f.Participant.UserID == "bob" })

	// Who is out hears no more of it, though they have not unsubscribed.
	alice.awaits(room.ID, "bob is out", present(0))
	bob.get("/rooms/" + room.ID).want(404)
	alice.post("/rooms/"+room.ID+"/lock", nil).want(200)
	a.until("Room", func(f told) bool { return f.Event == "changed" })
	b.says("Subscribe", "channel", "calls")
	for {
		f := b.any()
		if f.Type == "Room" && f.Event == "changed" {
			t.Errorf("bob is told %+v", f)
		}
		if f.Type == "Subscribed" && f.Channel == "calls" {
			break
		}
	}
}
