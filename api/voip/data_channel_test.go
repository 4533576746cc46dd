package voip_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	pion "github.com/pion/webrtc/v4"

	"github.com/skygenesisenterprise/skybridge/api/voip/rooms"
)

// line is a browser's data channel for messages.
type line struct {
	t      *testing.T
	ch     *pion.DataChannel
	opened chan struct{}
	closed chan struct{}
	frames chan told
	seq    uint64
}

// opens makes a data channel, before the browser connects.
func (b *browser) opens(label string, init *pion.DataChannelInit) *line {
	b.t.Helper()
	k := &line{t: b.t, opened: make(chan struct{}), closed: make(chan struct{}), frames: make(chan told, 256)}
	var err error
	k.ch, err = b.CreateDataChannel(label, init)
	must(b.t, err)
	k.ch.OnOpen(func() { close(k.opened) })
	k.ch.OnClose(func() { close(k.closed) })
	k.ch.OnMessage(func(m pion.DataChannelMessage) {
		var f told
		if err := json.Unmarshal(m.Data, &f); err != nil || !m.IsString {
			b.t.Errorf("%v in %s", err, m.Data)
		}
		k.frames <- f
	})
	return k
}

// is waits for the channel's end, or its beginning.
func (k *line) is(what string, c <-chan struct{}) {
	k.t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		k.t.Fatalf("a data channel is not %s", what)
	}
}

// says sends a message.
func (k *line) says(members ...any) {
	k.t.Helper()
	f := map[string]any{"type": "Message"}
	for i := 0; i < len(members); i += 2 {
		f[members[i].(string)] = members[i+1]
	}
	text, err := json.Marshal(f)
	must(k.t, err)
	must(k.t, k.ch.SendText(string(text)))
}

// next is the next frame, of a type.
func (k *line) next(kind string) told {
	k.t.Helper()
	select {
	case f := <-k.frames:
		if k.seq++; f.Seq != k.seq || f.Timestamp.IsZero() || f.Type != kind {
			k.t.Fatalf("%+v instead of %s number %d", f, kind, k.seq)
		}
		return f
	case <-time.After(patience):
		k.t.Fatalf("no %s", kind)
		panic("unreachable")
	}
}

// hears expects a message.
func (k *line) hears(from, to, body string) told {
	k.t.Helper()
	f := k.next("Message")
	if f.From != from || f.To != to || f.Body != body || f.ID == "" {
		k.t.Errorf("%+v instead of %q from %s", f, body, from)
	}
	return f
}

// hearsNothing expects that nothing but answers has come by a WebSocket by now.
func (s *session) hearsNothing() {
	s.t.Helper()
	s.says("Subscribe", "channel", "presence:nobody")
	for f := s.any(); f.Type != "Subscribed"; f = s.any() {
		if f.Type == "Message" {
			s.t.Errorf("%s is told twice: %+v", s.name, f)
		}
	}
	s.until("Presence", func(told) bool { return true })
	s.says("Unsubscribe", "channel", "presence:nobody")
	s.until("Unsubscribed", func(told) bool { return true })
}

// In a room messages go by the data channels of those who have one, by the WebSocket to the others,
// and to nobody twice. They are kept as all are.
func TestMessagesByDataChannel(t *testing.T) {
	r := newRig(t)
	alice, bob, carol := r.as("alice"), r.as("bob"), r.as("carol")
	room := alice.room(map[string]any{"name": "Talk", "max_participants": 9})
	at := "room:" + room.ID
	talks := map[string]*line{}
	joined := map[string]rooms.JoinBody{}
	browsers := map[string]*browser{}
	for _, u := range []*user{alice, bob, carol} {
		j, b := u.joins(room.ID, map[string]any{}), newBrowser(t)
		joined[u.name], browsers[u.name] = j, b
		if u != carol { // who has no data channel
			talks[u.name] = b.opens("chat", nil)
		}
		u.connects(j.CallID, b)
	}
	a, b := talks["alice"], talks["bob"]
	a.is("open", a.opened)
	b.is("open", b.opened)
	alice.awaits(room.ID, "all are in", present(3))
	bobsSocket, carols, eves := bob.live(), carol.live(), r.as("eve").live()

	a.says("id", 7, "body", "hello")
	if f := a.hears("alice", at, "hello"); string(f.InReplyTo) != "7" {
		t.Errorf("%+v", f)
	}
	b.hears("alice", at, "hello")
	if f := carols.until("Message", func(told) bool { return true }); f.From != "alice" || f.To != at || f.Body != "hello" {
		t.Errorf("%+v", f)
	}
	carols.says("Message", "to", at, "body", "by the socket")
	a.hears("carol", at, "by the socket")
	b.hears("carol", at, "by the socket")
	bob.post("/messages", map[string]any{"to": "call:" + joined["bob"].CallID, "body": "by REST"}).want(201)
	a.hears("bob", at, "by REST")
	carols.until("Message", func(f told) bool { return f.Body == "by REST" })
	b.says("to", at, "body", "to the room")
	b.hears("bob", at, "to the room")
	a.hears("bob", at, "to the room")
	// To one user alone it goes by the WebSocket.
	carols.says("Message", "to", "bob", "body", "psst")
	if f := bobsSocket.until("Message", func(told) bool { return true }); f.Body != "psst" {
		t.Errorf("%+v", f)
	}
	bobsSocket.hearsNothing()
	eves.hearsNothing()
	again := bob.live() // all that bob has had is noted
	again.hearsNothing()
	if list := messagesOf(bob, "?room="+room.ID); len(list.Items) != 4 || list.Items[3].Body != "hello" || list.Items[3].To != at {
		t.Errorf("%s", show(list))
	}

	for _, ca := range []struct {
		text        string
		code, field string
	}{
		{`{"type":"Message","id":1,"body":""}`, "invalid", "body"},
		{`{"type":"Message","id":1,"to":"bob","body":"x"}`, "invalid", "to"},
		{`{"type":"Message","id":1,"to":"room:nonsense","body":"x"}`, "invalid", "to"},
		{`{"type":"Message","id":1,"body":"` + strings.Repeat("x", 16<<10+1) + `"}`, "too_large", "body"},
		{`{"type":"Message","id":1,"body":5}`, "invalid", "body"},
		{`{"type":"Subscribe","id":1,"channel":"calls"}`, "invalid", "type"},
		{`{"body":"x"}`, "invalid", "type"},
		{`{"type":7}`, "invalid", "type"},
		{`{"type":"Message","id":["x"],"body":"x"}`, "invalid", "id"},
		{`nonsense`, "malformed", ""},
		{"", "malformed", ""},
	} {
		must(t, a.ch.SendText(ca.text))
		if f := a.next("Error"); f.Code != ca.code || f.Field != ca.field {
			t.Errorf("%.60s: %+v", ca.text, f)
		}
	}
	must(t, a.ch.Send([]byte(`{"type":"Message","body":"x"}`)))
	if f := a.next("Error"); f.Code != "malformed" {
		t.Errorf("%+v", f)
	}

	// One for messages is enough, and it is one that loses nothing; others are closed.
	unreliable := uint16(0)
	for _, k := range []*line{
		browsers["alice"].opens("chat", nil), browsers["alice"].opens("files", nil),
		browsers["carol"].opens("chat", &pion.DataChannelInit{MaxRetransmits: &unreliable}),
	} {
		if k.ch.Label() == "chat" && k.ch.MaxRetransmits() != nil {
			carol.connectsAnew(joined["carol"].CallID, browsers["carol"])
		}
		k.is("closed", k.closed)
	}

	// Who has left is told no more, and tells no more.
	bob.post("/calls/"+joined["bob"].CallID+"/end", nil).want(200)
	b.is("closed", b.closed)
	alice.awaits(room.ID, "bob is out", present(2))
	a.says("body", "bob is gone")
	a.hears("alice", at, "bob is gone")
	if list := messagesOf(bob, "?room="+room.ID); len(list.Items) != 4 {
		t.Errorf("%s", show(list))
	}
}

// connectsAnew changes what a connected browser has.
func (u *user) connectsAnew(call string, b *browser) {
	u.t.Helper()
	var m struct {
		Reply *struct{ Payload pion.SessionDescription }
	}
	u.sends(call, "offer", b.offer()).want(201).into(&m)
	must(u.t, b.SetRemoteDescription(m.Reply.Payload))
}

// The two of a call talk by their data channels, also after one's page was loaded again; who is not
// in it says nothing there.
func TestMessagesInACall(t *testing.T) {
	r := newRig(t, waitsForBrowsers)
	alice, bob := r.as("alice"), r.as("bob")
	b := bob.live()
	c := alice.calls("WebRTC/bob")
	at := "call:" + c.ID
	bob.post("/messages", map[string]any{"to": at, "body": "x"}).want(409, "conflict")
	r.as("eve").post("/messages", map[string]any{"to": at, "body": "x"}).want(404, "not_found").at("body.to")
	alice.post("/messages", map[string]any{"to": "call:nonsense", "body": "x"}).want(404, "not_found")
	first, second := newBrowser(t), newBrowser(t)
	ka, kb := first.opens("chat", nil), second.opens("chat", nil)
	alice.connects(c.ID, first)
	ka.is("open", ka.opened)
	ka.says("body", "is there anybody?")
	if f := ka.next("Message"); f.To != at { // who calls is in the call; nobody else is
		t.Errorf("%+v", f)
	}
	bob.connects(c.ID, second)
	kb.is("open", kb.opened)
	alice.sees(c.ID, "they talk", talkers("WebRTC/alice", "WebRTC/bob"))
	ka.says("body", "hello")
	ka.hears("alice", at, "hello")
	kb.hears("alice", at, "hello")
	kb.says("to", at, "body", "hello yourself")
	kb.hears("bob", at, "hello yourself")
	ka.hears("bob", at, "hello yourself")

	page := first.another(t)
	ka = page.opens("chat", nil)
	alice.connects(c.ID, page)
	ka.is("open", ka.opened)
	kb.says("body", "are you back?")
	kb.hears("bob", at, "are you back?")
	ka.hears("bob", at, "are you back?")
	ka.says("body", "I am")
	ka.hears("alice", at, "I am")
	kb.hears("alice", at, "I am")
	for _, u := range []*user{alice, bob} {
		if list := messagesOf(u, "?room="+at); len(list.Items) < 4 || list.Items[0].Body != "I am" || list.Items[0].To != at {
			t.Errorf("%s: %s", u.name, show(list))
		}
	}
	if list := messagesOf(bob, "?with=alice"); len(list.Items) != 0 {
		t.Errorf("between the two alone: %s", show(list))
	}
	b.says("Subscribe", "channel", "calls")
	for f := b.any(); f.Type != "Subscribed"; f = b.any() {
		if f.Type == "Message" {
			t.Errorf("bob is told twice: %+v", f)
		}
	}
	alice.post("/calls/"+c.ID+"/end", nil).want(200)
	alice.post("/messages", map[string]any{"to": at, "body": "x"}).want(409, "call_ended")
}

// Nothing passes between who waits outside a room and those inside.
func TestWhoWaitsOutsideSaysNothing(t *testing.T) {
	r := newRig(t)
	alice, bob, carol := r.as("alice"), r.as("bob"), r.as("carol")
	room := alice.room(map[string]any{"name": "Board", "settings": map[string]any{"require_moderator": true}})
	at := "room:" + room.ID
	j, outside := bob.joins(room.ID, map[string]any{}), newBrowser(t)
	k := outside.opens("chat", nil)
	bob.connects(j.CallID, outside)
	k.is("open", k.opened)
	alice.awaits(room.ID, "bob waits", are(0, 1))
	k.says("id", 1, "body", "let me in")
	if f := k.next("Error"); f.Code != "conflict" || string(f.InReplyTo) != "1" {
		t.Errorf("%+v", f)
	}
	bob.post("/messages", map[string]any{"to": at, "body": "let me in"}).want(409, "conflict").at("body.to")
	alice.post("/messages", map[string]any{"to": at, "body": "not for bob"}).want(201)
	_, ph := alice.rings(room.ID, "1002", map[string]any{"role": "moderator"})
	alice.awaits(room.ID, "both are in", are(2, 0))
	k.says("body", "here I am")
	k.hears("bob", at, "here I am")
	if list := messagesOf(bob, "?room="+room.ID); len(list.Items) != 1 {
		t.Errorf("%s", show(list))
	}
	carol.post("/messages", map[string]any{"to": at, "body": "x"}).want(404)
	ph.hangsUp(16)
	alice.awaits(room.ID, "bob waits again", are(0, 1))
	k.says("body", "hello?")
	if f := k.next("Error"); f.Code != "conflict" {
		t.Errorf("%+v", f)
	}
}

// Who floods, or does not take what comes, waits alone.
func TestAFloodOfMessages(t *testing.T) {
	r := newRig(t)
	alice, bob := r.as("alice"), r.as("bob")
	room := alice.room(map[string]any{"name": "Talk", "max_participants": 9})
	talks := map[string]*line{}
	for _, u := range []*user{alice, bob} {
		j, b := u.joins(room.ID, map[string]any{}), newBrowser(t)
		talks[u.name] = b.opens("chat", nil)
		u.connects(j.CallID, b)
	}
	a, b := talks["alice"], talks["bob"]
	a.is("open", a.opened)
	b.is("open", b.opened)
	alice.awaits(room.ID, "both are in", present(2))
	for range 2000 {
		must(t, a.ch.SendText("["+strings.Repeat("x", 1000)))
	}
	b.says("body", "me too")
	b.hears("bob", "room:"+room.ID, "me too")
	for {
		select {
		case f := <-a.frames:
			if f.Type == "Message" {
				if f.Body != "me too" {
					t.Errorf("%+v", f)
				}
				return
			}
		case <-time.After(patience):
			t.Fatal("alice hears nothing any more")
		}
	}
}
