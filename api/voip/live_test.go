package voip_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"
	pion "github.com/pion/webrtc/v4"

	"github.com/skygenesisenterprise/skybridge/api/voip"
	"github.com/skygenesisenterprise/skybridge/api/voip/mailbox"
	"github.com/skygenesisenterprise/skybridge/api/voip/roomfeed"
	"github.com/skygenesisenterprise/skybridge/api/ws"
)

// session is a user's WebSocket.
type session struct {
	*user
	conn   *websocket.Conn
	seq    uint64
	pushed map[string]bool // signaling messages, by id
	taken  map[string]bool // calls that ring no more, by id
}

// told is a frame of the server's.
type told struct {
	Type, Code, Field, Channel, Event string
	CallID                            string `json:"call_id"`
	Seq                               uint64
	Timestamp                         time.Time
	InReplyTo                         json.RawMessage `json:"in_reply_to"`
	Message                           mailbox.MessageBody
	Call                              voip.CallBody
	ID, From, To, Body, Status        string
	UserID                            string `json:"user_id"`
	StatusMessage                     string `json:"status_message"`
	OnCall                            bool   `json:"on_call"`
	RoomID                            string `json:"room_id"`
	Participant                       roomfeed.Participant
}

// live opens a WebSocket.
func (u *user) live() *session {
	u.t.Helper()
	d := websocket.Dialer{HandshakeTimeout: patience}
	conn, resp, err := d.Dial("ws"+strings.TrimPrefix(u.base, "http")+ws.Path+"?token="+u.token, nil)
	must(u.t, err)
	must(u.t, resp.Body.Close())
	u.t.Cleanup(func() { _ = conn.Close() }) // the server may have done so
	s := &session{user: u, conn: conn, pushed: make(map[string]bool), taken: make(map[string]bool)}
	s.next("Welcome")
	return s
}

func (s *session) says(kind string, members ...any) {
	s.t.Helper()
	f := map[string]any{"type": kind}
	for i := 0; i < len(members); i += 2 {
		f[members[i].(string)] = members[i+1]
	}
	must(s.t, s.conn.WriteJSON(f))
}

// any is the next frame.
func (s *session) any() (f told) {
	s.t.Helper()
	must(s.t, s.conn.SetReadDeadline(time.Now().Add(patience)))
	_, text, err := s.conn.ReadMessage()
	must(s.t, err)
	if err := json.Unmarshal(text, &f); err != nil {
		s.t.Fatalf("%v in %s", err, text)
	}
	if s.seq++; f.Seq != s.seq || f.Timestamp.IsZero() {
		s.t.Fatalf("frame %d: %s", s.seq, text)
	}
	if f.Type == "Signaling" {
		s.pushed[f.Message.ID] = true
	}
	if f.Type == "Call" && f.Event == "answered" {
		s.taken[f.CallID] = true
	}
	return f
}

// next is the next frame, of a type.
func (s *session) next(kind string) told {
	s.t.Helper()
	f := s.any()
	if f.Type != kind {
		s.t.Fatalf("%+v instead of a %s", f, kind)
	}
	return f
}

// until leaves frames aside up to one of a type.
func (s *session) until(kind string, ok func(told) bool) told {
	s.t.Helper()
	for {
		if f := s.any(); f.Type == kind && ok(f) {
			return f
		}
	}
}

// signals sends a message over the WebSocket and gives what became of it.
func (s *session) signals(call, kind string, payload any) mailbox.MessageBody {
	s.t.Helper()
	s.says("Signaling", "call_id", call, "message_type", kind, "payload", payload, "id", kind)
	f := s.until("Sent", func(told) bool { return true })
	if f.CallID != call || string(f.InReplyTo) != `"`+kind+`"` || f.Message.MessageType != kind {
		s.t.Fatalf("%+v", f)
	}
	return f.Message
}

// connects joins a call by the WebSocket alone: nothing is asked for.
func (s *session) connects(call string, b *browser) {
	s.t.Helper()
	reply := s.signals(call, "offer", b.offer()).Reply
	if reply == nil {
		s.t.Fatal("no answer to the offer")
	}
	var sdp pion.SessionDescription
	must(s.t, json.Unmarshal(reply.Payload, &sdp))
	must(s.t, b.SetRemoteDescription(sdp))
	connected := false
	for !connected {
		select {
		case state := <-b.states:
			connected = state == pion.PeerConnectionStateConnected
		case c := <-b.found:
			s.says("Signaling", "call_id", call, "message_type", "ice_candidate", "payload", c)
		}
	}
}

// A call is made, joined and told of over the WebSocket, as it is by asking.
func TestSignalingIsPushed(t *testing.T) {
	r := newRig(t)
	alice := r.as("alice")
	s := alice.live()
	c := alice.calls("SIP/1001")
	b := newBrowser(t)
	s.connects(c.ID, b)
	r.phone("1001").answers()
	alice.sees(c.ID, "active", status(voip.StatusActive))
	list := alice.messages(c.ID, 0, 0)
	alice.post("/calls/"+c.ID+"/end", nil).want(200)
	s.until("Signaling", func(f told) bool { return f.Message.MessageType == "hangup" })
	for _, m := range list {
		if !s.pushed[m.ID] {
			t.Errorf("not pushed: %s", show(m))
		}
	}
	if len(list) < 2 {
		t.Errorf("no answer and candidates: %s", show(list))
	}
}

// What POST refuses the WebSocket does, with the same code and field.
func TestSignalingIsCheckedAlike(t *testing.T) {
	r := newRig(t)
	alice, bob := r.as("alice"), r.as("bob")
	c := alice.calls("SIP/1001")
	for _, ca := range []struct {
		user *user
		call string
		in   map[string]any
	}{
		{alice, c.ID, map[string]any{"message_type": "nonsense"}},
		{alice, c.ID, map[string]any{}},
		{alice, c.ID, map[string]any{"message_type": "hangup", "to_user": strings.Repeat("x", 129)}},
		{alice, c.ID, map[string]any{"message_type": "hangup", "to_user": "bob"}},
		{alice, c.ID, map[string]any{"message_type": "offer", "payload": 7}},
		{alice, c.ID, map[string]any{"message_type": "offer", "payload": map[string]any{"sdp": "nonsense"}}},
		{alice, c.ID, map[string]any{"message_type": "answer", "payload": map[string]any{"sdp": "v=0"}}},
		{alice, c.ID, map[string]any{"message_type": "answer"}},
		{alice, c.ID, map[string]any{"message_type": "ice_candidate", "payload": []int{1}}},
		{alice, c.ID, map[string]any{"message_type": "ice_candidate", "payload": strings.Repeat("x", 64<<10)}},
		{alice, "0193e5a0-0000-7000-8000-000000000000", map[string]any{"message_type": "hangup"}},
		{alice, "nonsense", map[string]any{"message_type": "hangup"}},
		{bob, c.ID, map[string]any{"message_type": "hangup"}},
		{r.as("audit", role("auditor")), c.ID, map[string]any{"message_type": "hangup"}},
	} {
		a := ca.user.post("/calls/"+ca.call+"/signaling", ca.in)
		p := a.problem()
		var at string
		for _, e := range p.Errors {
			at = strings.TrimPrefix(e.Location, "body.")
		}
		members := []any{"call_id", ca.call}
		for k, v := range ca.in {
			members = append(members, k, v)
		}
		s := ca.user.live()
		s.says("Signaling", members...)
		if f := s.next("Error"); f.Code != p.Code || at != "" && f.Field != at && len(ca.in) > 0 {
			t.Errorf("%s %v: %+v, by POST %s", ca.user.name, ca.in, f, a.body)
		}
	}
}

// A client that only polls gets the server's offer, and its answer connects it.
func TestWhoOnlyPolls(t *testing.T) {
	k := newClock()
	r := newRig(t, k.runs)
	alice := r.as("alice")
	c := alice.calls("SIP/1001")
	if list := alice.messages(c.ID, 0, 0); len(list) != 0 {
		t.Fatalf("%+v", list)
	}
	k.awaits(t, 1, time.Minute, time.Minute) // the grace for an offer of theirs
	k.passes(time.Minute)
	offer := serversOffer(alice, c.ID, 0)
	b := newBrowser(t)
	alice.sends(c.ID, "answer", map[string]any{"sdp": "v=0"}).want(400, "malformed_sdp")

	// That offer is no more; another one comes to who goes on asking.
	alice.sends(c.ID, "answer", b.answers(offer)).want(409, "conflict")
	alice.messages(c.ID, offer.Seq, 0)
	k.awaits(t, 1, time.Minute, time.Minute)
	k.passes(time.Minute)
	b = newBrowser(t)
	offer = serversOffer(alice, c.ID, offer.Seq)
	alice.sends(c.ID, "answer", b.answers(offer)).want(201)
	b.seen = offer.Seq
	alice.trickle(c.ID, b)
	ph := r.phone("1001")
	ph.answers()
	alice.sees(c.ID, "active", status(voip.StatusActive))
	alice.sends(c.ID, "answer", b.answered()).want(409, "conflict") // late, or twice
}

// serversOffer waits for an offer of the server's after a message.
func serversOffer(u *user, call string, after uint64) (offer mailbox.MessageBody) {
	u.t.Helper()
	eventually(u.t, func() bool {
		for _, m := range u.messages(call, after, 0) {
			if m.MessageType == "offer" && m.FromUser == "server" {
				offer = m
			}
		}
		return offer.Seq > 0
	}, func() string { return "an offer of the server's" })
	return offer
}

// answers is the browser's answer to an offer.
func (b *browser) answers(offer mailbox.MessageBody) map[string]any {
	b.t.Helper()
	var sdp pion.SessionDescription
	must(b.t, json.Unmarshal(offer.Payload, &sdp))
	must(b.t, b.SetRemoteDescription(sdp))
	answer, err := b.CreateAnswer(nil)
	must(b.t, err)
	must(b.t, b.SetLocalDescription(answer))
	return b.answered()
}

func (b *browser) answered() map[string]any {
	return map[string]any{"type": "answer", "sdp": b.LocalDescription().SDP}
}

// Of two offers at one time the server's is taken back.
func TestTheServersOfferYields(t *testing.T) {
	k := newClock()
	r := newRig(t, k.runs)
	alice := r.as("alice")
	c := alice.calls("SIP/1001")
	alice.messages(c.ID, 0, 0)
	k.awaits(t, 1, time.Minute, time.Minute)
	k.passes(time.Minute)
	offer := serversOffer(alice, c.ID, 0)
	b := newBrowser(t)
	mine := b.offer()
	// As RFC 8840 and perfect negotiation have it, who is not polite leaves the other's offer aside.
	alice.offers(c.ID, b, mine)
	late := newBrowser(t)
	alice.sends(c.ID, "answer", late.answers(offer)).want(409, "conflict")
	r.phone("1001").answers()
	alice.sees(c.ID, "active", status(voip.StatusActive))
	alice.messages(c.ID, 0, 0)
	for _, m := range alice.messages(c.ID, offer.Seq, 0) {
		if m.FromUser == "server" { // what alice has written to is asterisk
			t.Errorf("after the server's offer: %s", show(m))
		}
	}
	alice.post("/calls/"+c.ID+"/end", nil).want(200)

	// Who talks to another browser directly is made none, nor who has not taken the call.
	bob := r.as("bob")
	c = alice.calls("WebRTC/bob")
	bob.messages(c.ID, 0, 0)
	alice.post("/calls/"+c.ID+"/signaling", map[string]any{"to_user": "bob", "message_type": "offer", "payload": mine}).want(201)
	alice.messages(c.ID, 0, 0)
	bob.post("/calls/"+c.ID+"/accept", nil).want(200)
	bob.messages(c.ID, 0, 0)
	k.passes(time.Minute)
	for _, u := range []*user{alice, bob} {
		for _, m := range u.messages(c.ID, 0, 0) {
			if m.FromUser == "server" {
				t.Errorf("%s was sent %+v", u.name, m)
			}
		}
	}
}

// Two users hear nothing of each other's calls and messages.
func TestSessionsAreApart(t *testing.T) {
	r := newRig(t)
	alice, bob := r.as("alice"), r.as("bob")
	s := bob.live()
	c := alice.calls("SIP/1001")
	for _, channel := range []string{"call:" + c.ID, "room:" + c.ID, "call:", "room:"} {
		s.says("Subscribe", "channel", channel, "id", 1)
		if f := s.next("Error"); f.Code != "not_found" || string(f.InReplyTo) != "1" {
			t.Errorf("%s: %+v", channel, f)
		}
	}
	for _, channel := range []string{"calls", "signaling", "presence:alice"} {
		s.says("Subscribe", "channel", channel)
		s.until("Subscribed", func(f told) bool { return f.Channel == channel })
	}
	mine := alice.live()
	mine.says("Subscribe", "channel", "call:"+c.ID)
	mine.next("Subscribed")
	if f := mine.next("Call"); f.Call.ID != c.ID || f.Event != "current" {
		t.Errorf("%+v", f)
	}
	alice.sends(c.ID, "hangup", nil).want(201)
	mine.until("Signaling", func(f told) bool { return f.Message.MessageType == "hangup" })
	own := bob.calls("SIP/1002")
	bob.post("/calls/"+own.ID+"/end", nil).want(200)
	s.until("Signaling", func(f told) bool {
		if f.CallID != own.ID || f.Message.ToUser != "bob" {
			t.Errorf("bob is told %+v", f)
		}
		return f.Message.MessageType == "hangup"
	})
}
