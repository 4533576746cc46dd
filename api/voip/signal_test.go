package voip_test

import (
	"bytes"
	"context"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip"
	"github.com/skygenesisenterprise/skybridge/api/voip/mailbox"
)

func TestABrowserTalksToAPhone(t *testing.T) {
	r := newRig(t)
	alice := r.as("alice", extension("1002"))
	c := alice.calls("SIP/1001")
	b := newBrowser(t)
	offer := b.offer()
	// A candidate may come before its offer.
	early := <-b.found
	alice.sends(c.ID, "ice_candidate", map[string]any{"candidate": early}).want(201)
	alice.offers(c.ID, b, offer)
	waiting := alice.sees(c.ID, "the caller waits", func(c voip.CallBody) bool { return len(c.Participants) == 2 })
	if waiting.Status == voip.StatusActive || waiting.AnsweredAt != nil {
		t.Errorf("active before anybody answered: %s", show(waiting))
	}
	ph := r.phone("1001")
	if ph.caller.Name != "alice" || ph.caller.Number != "1002" {
		t.Errorf("the phone shows %v", ph.caller)
	}
	ph.rings()
	alice.sees(c.ID, "ringing", status(voip.StatusRinging))
	ph.answers()
	up := alice.sees(c.ID, "active", status(voip.StatusActive))
	if up.AnsweredAt == nil || up.EndedAt != nil {
		t.Errorf("times %s", show(up))
	}
	for i, want := range []struct{ endpoint, role, codec string }{{"SIP/1001", "callee", "ulaw"}, {"WebRTC/alice", "caller", "ulaw"}} {
		pt := up.Participants[i]
		if pt.Endpoint != want.endpoint || pt.Role != want.role || pt.Codec == nil || *pt.Codec != want.codec || pt.State != voip.StateConnected {
			t.Errorf("participant %s, want %v", show(pt), want)
		}
	}
	if up.Metadata["asterisk_channel_id"] != c.Metadata["asterisk_channel_id"] {
		t.Errorf("the first channel's id changed: %s", show(up.Metadata))
	}

	// Audio goes both ways.
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	b.talks(ctx, frame(0x55))
	hears := func(want []byte) {
		t.Helper()
		for {
			got, err := ph.hears(ctx)
			must(t, err)
			if bytes.Equal(got, want) {
				return
			}
		}
	}
	hears(frame(0x55))
	for n := uint16(1); ; n++ {
		ph.says(t, n, frame(0x2a))
		select {
		case got := <-b.heard:
			if bytes.Equal(got, frame(0x2a)) {
				goto heard
			}
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			t.Fatal("the browser hears nothing")
		}
	}
heard:
	// Muted by message, unmuted by its own route.
	alice.sends(c.ID, "mute", nil).want(201)
	if got := read(alice, c.ID); !got.Participants[1].Muted || got.Participants[0].Muted {
		t.Errorf("muted %s", show(got.Participants))
	}
	var body voip.CallBody
	alice.post("/calls/"+c.ID+"/unmute", nil).want(200).into(&body)
	if body.Participants[1].Muted {
		t.Errorf("still muted: %s", show(body.Participants))
	}
	hears(frame(0x55))
	alice.post("/calls/"+c.ID+"/mute", nil).want(200).into(&body)
	if !body.Participants[1].Muted {
		t.Errorf("not muted: %s", show(body.Participants))
	}
	alice.sends(c.ID, "unmute", nil).want(201)

	// DTMF goes to the others.
	alice.post("/calls/"+c.ID+"/dtmf", map[string]any{"digits": "1w#"}).want(204)
	alice.post("/calls/"+c.ID+"/dtmf", map[string]any{"digits": "1x"}).want(422).at("body.digits")

	alice.sends(c.ID, "hangup", nil).want(201)
	over := alice.sees(c.ID, "ended", status(voip.StatusEnded))
	if over.Cause != 16 || over.CauseText == "" || over.SIPStatus != 0 || over.EndedAt == nil ||
		over.Participants[0].State != voip.StateLeft || over.Participants[1].State != voip.StateLeft {
		t.Errorf("ended as %s", show(over))
	}
	if cause := ph.hungUp(t); cause != 16 {
		t.Errorf("the phone was hung up with %d", cause)
	}
}

func read(u *user, id string) voip.CallBody {
	u.t.Helper()
	var c voip.CallBody
	u.get("/calls/" + id).want(200).into(&c)
	return c
}

func TestARepeatedOfferRenegotiates(t *testing.T) {
	r := newRig(t)
	alice := r.as("alice")
	c := alice.calls("SIP/1001")
	b := newBrowser(t)
	alice.connects(c.ID, b)
	channel := *read(alice, c.ID).Participants[1].ChannelID
	var m mailbox.MessageBody
	alice.sends(c.ID, "offer", b.offer()).want(201).into(&m)
	if m.Reply == nil {
		t.Fatalf("no answer: %s", show(m))
	}
	if got := *read(alice, c.ID).Participants[1].ChannelID; got != channel {
		t.Errorf("a new channel: %s, was %s", got, channel)
	}
}

func TestWhatIsNoOffer(t *testing.T) {
	r := newRig(t)
	alice := r.as("alice")
	c := alice.calls("SIP/1001")
	good := newBrowser(t).offer()["sdp"].(string)
	head, _, _ := strings.Cut(good, "m=")
	sdp := func(s string) map[string]any { return map[string]any{"type": "offer", "sdp": s} }
	for name, tc := range map[string]struct {
		payload any
		status  int
		detail  string
	}{
		"nothing":          {nil, 422, "sdp"},
		"a number":         {7, 422, "sdp"},
		"no sdp":           {map[string]any{"type": "offer"}, 422, "sdp"},
		"an answer":        {map[string]any{"type": "answer", "sdp": good}, 422, "answer"},
		"rubbish":          {sdp("rubbish"), 400, "line 1"},
		"cut short":        {sdp(head), 400, "line "},
		"a bad line":       {sdp(strings.Replace(good, "a=rtcp-mux", "x", 1)), 400, "line "},
		"a bad port":       {sdp(strings.Replace(good, "m=audio 9", "m=audio 99999", 1)), 400, "line "},
		"no codec of ours": {sdp(strings.NewReplacer("PCMU/8000", "FOO/8000", "m=audio 9 UDP/TLS/RTP/SAVPF 0", "m=audio 9 UDP/TLS/RTP/SAVPF 96", "rtpmap:0", "rtpmap:96").Replace(good)), 406, ""},
		"no encryption":    {sdp(strings.ReplaceAll(good, "UDP/TLS/RTP/SAVPF", "RTP/AVP")), 406, ""},
		"no fingerprint":   {sdp(strings.ReplaceAll(good, "a=fingerprint", "a=x-fingerprint")), 400, "line "},
	} {
		t.Run(name, func(t *testing.T) {
			a := alice.in(t).sends(c.ID, "offer", tc.payload).want(tc.status)
			p := a.problem()
			if !strings.Contains(p.Detail, tc.detail) {
				t.Errorf("detail %q, want %q", p.Detail, tc.detail)
			}
			code := map[int]string{400: "malformed_sdp", 406: "not_acceptable", 422: "invalid"}[tc.status]
			if p.Code != code || len(p.Errors) != 1 || !strings.HasPrefix(p.Errors[0].Location, "body.payload") {
				t.Errorf("%s, want %s", show(p), code)
			}
		})
	}
	alice.connects(c.ID, newBrowser(t)) // a good one is taken all the same
}

func TestMessagesAreBounded(t *testing.T) {
	r := newRig(t)
	alice := r.as("alice")
	c := alice.calls("WebRTC/bob")
	path := "/calls/" + c.ID + "/signaling"
	alice.post(path, map[string]any{"message_type": "offer", "to_user": "bob", "payload": strings.Repeat("x", 64<<10)}).
		want(413, "too_large").at("body.payload")
	alice.post(path, map[string]any{"message_type": "offer", "to_user": "bob", "payload": strings.Repeat("x", 2<<20)}).
		want(413, "too_large")
	alice.post(path, map[string]any{"message_type": "offer", "to_user": "bob", "payload": strings.Repeat("x", 64<<10-2)}).want(201)
	alice.post(path, map[string]any{"message_type": "poke", "to_user": "bob"}).want(422).at("body.message_type")
	alice.post(path, map[string]any{"message_type": "offer", "to_user": "carol"}).want(404).at("body.to_user")
	alice.sends(c.ID, "ice_candidate", map[string]any{"x": 1}).want(422).at("body.payload")
	alice.sends(c.ID, "answer", map[string]any{"type": "answer", "sdp": "x"}).want(409)
	alice.sends(c.ID, "mute", nil).want(409)
	for n := 1; ; n++ {
		a := alice.post(path, map[string]any{"message_type": "ice_candidate", "to_user": "bob", "payload": n})
		if a.status == 429 {
			a.want(429, "too_many")
			break
		}
		a.want(201)
		if n > 1000 {
			t.Fatal("more than 1,000 messages")
		}
	}
	// bob reads all of it, and the end is told though the call is full.
	got := r.as("bob").messages(c.ID, 0, 0)
	if len(got) < 990 || !slices.IsSortedFunc(got, func(a, b mailbox.MessageBody) int { return int(a.Seq) - int(b.Seq) }) {
		t.Errorf("%d messages, or not in order", len(got))
	}
	alice.post("/calls/"+c.ID+"/end", nil).want(200)
	last := r.as("bob").messages(c.ID, got[len(got)-1].Seq, 0)
	if len(last) != 1 || last[0].MessageType != "hangup" {
		t.Errorf("the end is told by %s", show(last))
	}
	alice.sends(c.ID, "hangup", nil).want(409, "call_ended")
}

func TestManyLargeMessagesAreTooMuch(t *testing.T) {
	r := newRig(t)
	alice := r.as("alice")
	c := alice.calls("WebRTC/bob")
	large := strings.Repeat("x", 60<<10)
	for n := range 200 {
		a := alice.post("/calls/"+c.ID+"/signaling", map[string]any{"message_type": "offer", "to_user": "bob", "payload": large})
		if a.status == 429 {
			if n < 100 {
				t.Errorf("%d messages of 60 KiB are too many", n)
			}
			return
		}
		a.want(201)
	}
	t.Error("12 MB of messages are kept")
}

func TestEarlyCandidatesAreBounded(t *testing.T) {
	r := newRig(t)
	alice := r.as("alice")
	c := alice.calls("SIP/1001")
	candidate := map[string]any{"candidate": "candidate:1 1 udp 1 127.0.0.1 9 typ host", "sdpMid": "0"}
	for n := range 65 {
		a := alice.sends(c.ID, "ice_candidate", candidate)
		if n < 64 {
			a.want(201)
		} else {
			a.want(429, "too_many")
		}
	}
}

func TestALongPollIsWoken(t *testing.T) {
	r := newRig(t)
	alice, bob := r.as("alice"), r.as("bob")
	c := alice.calls("WebRTC/bob")
	alice.get("/calls/" + c.ID + "/signaling?wait=56").want(422).at("query.wait")
	got := make(chan []mailbox.MessageBody)
	ask := func(after uint64) {
		go func() { got <- bob.messages(c.ID, after, 50) }()
	}
	take := func(what string) []mailbox.MessageBody {
		t.Helper()
		select {
		case list := <-got:
			return list
		case <-time.After(patience):
			t.Fatal("the poll sleeps on: " + what)
			return nil
		}
	}
	ask(0)
	payload := map[string]any{"any": []any{"thing", 1.5, nil}}
	alice.post("/calls/"+c.ID+"/signaling", map[string]any{"message_type": "offer", "to_user": "bob", "payload": payload}).want(201)
	list := take("a message")
	if len(list) != 1 || string(list[0].Payload) != show(payload) || list[0].FromUser != "alice" || list[0].CallID != c.ID {
		t.Fatalf("bob got %s", show(list))
	}
	ask(list[0].Seq)
	alice.post("/calls/"+c.ID+"/end", nil).want(200)
	if end := take("the end"); len(end) != 1 || end[0].MessageType != "hangup" || end[0].Seq <= list[0].Seq {
		t.Errorf("the end is told by %s", show(end))
	}
	// Nor does one hold up the server's end.
	c = alice.calls("WebRTC/bob")
	ask(0)
	eventually(t, polling, func() string { return "the poll has come in" })
	r.stop() // fails when it has to wait
	take("the server's end")
}

// polling reports whether a long poll is being served.
func polling() bool {
	stacks := make([]byte, 1<<20)
	return bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("(*Call).Poll"))
}

func TestTwoBrowsersTalkDirectly(t *testing.T) {
	clock := newClock()
	r := newRig(t, clock.runs)
	alice, bob := r.as("alice"), r.as("bob")
	c := alice.calls("WebRTC/bob")
	if got := read(bob, c.ID); got.Status != voip.StatusRinging || got.Participants[0].State != voip.StateRinging {
		t.Fatalf("bob sees %s", show(got))
	}
	relay := func(from *user, to, kind string, payload any) {
		t.Helper()
		from.post("/calls/"+c.ID+"/signaling", map[string]any{"to_user": to, "message_type": kind, "payload": payload}).want(201)
	}
	relay(alice, "bob", "offer", map[string]any{"sdp": "any text", "type": "offer"})
	bob.post("/calls/"+c.ID+"/accept", nil).want(200)
	relay(bob, "alice", "answer", map[string]any{"sdp": "any other", "type": "answer"})
	relay(bob, "alice", "ice_candidate", nil)
	up := read(alice, c.ID)
	if up.Status != voip.StatusActive || len(up.Participants) != 2 || up.Participants[1].State != voip.StateConnected {
		t.Fatalf("talking, the call is %s", show(up))
	}
	if got := alice.messages(c.ID, 0, 0); len(got) != 2 || string(got[0].Payload) != `{"sdp":"any other","type":"answer"}` || string(got[1].Payload) != "null" {
		t.Errorf("alice got %s", show(got))
	}
	if n := len(r.engine.Channels()); n != 0 {
		t.Errorf("%d channels for a call without us", n)
	}
	alice.sends(c.ID, "offer", newBrowser(t).offer()).want(409)
	// It is not ended for want of an offer; another one is.
	other := alice.calls("WebRTC/bob")
	clock.awaits(t, 2, time.Hour, time.Hour) // for the offers of the other's two
	clock.flies(time.Hour)
	alice.sees(other.ID, "the other ended", status(voip.StatusEnded))
	if got := read(alice, c.ID); got.Status != voip.StatusActive {
		t.Fatalf("after the ring time the call is %s", show(got))
	}
	relay(alice, "bob", "hangup", nil)
	over := alice.sees(c.ID, "ended", status(voip.StatusEnded))
	if over.Cause != 16 {
		t.Errorf("ended as %s", show(over))
	}
}

func TestACallWithoutUsEndsWhenNobodyIsHeardOfAnyMore(t *testing.T) {
	clock := newClock()
	r := newRig(t, clock.runs)
	alice, bob := r.as("alice"), r.as("bob")
	c := alice.calls("WebRTC/bob")
	alice.post("/calls/"+c.ID+"/signaling", map[string]any{"to_user": "bob", "message_type": "offer"}).want(201)
	bob.post("/calls/"+c.ID+"/signaling", map[string]any{"to_user": "alice", "message_type": "answer"}).want(201)
	const least, most = time.Second, 24 * time.Hour
	clock.awaits(t, 1, least, most)
	clock.passes(12 * time.Hour)
	alice.messages(c.ID, 0, 0) // a word
	clock.passes(12 * time.Hour)
	clock.awaits(t, 1, least, most) // it looked, and goes on
	if got := read(alice, c.ID); got.Status != voip.StatusActive {
		t.Fatalf("while alice polls the call is %s", show(got))
	}
	clock.passes(12 * time.Hour)
	alice.sees(c.ID, "ended", status(voip.StatusEnded))
}
