package whip_test

import (
	"regexp"
	"strings"
	"testing"

	pion "github.com/pion/webrtc/v4"

	"github.com/skygenesisenterprise/skybridge/api/voip"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
)

// A streaming program publishes by one POST: it is in the room, is heard, and goes by DELETE.
func TestPublish(t *testing.T) {
	r := newRig(t)
	alice := r.as("alice")
	room := alice.room(nil)
	ph := r.listener(room.ID)
	c := sender(t)
	offer := c.offer(nil)
	a := alice.publishes(room.ID, offer, "Idempotency-Key", "one").want(201).has("Content-Type", "application/sdp").has("Cache-Control", "no-store").
		has("Link", `<stun:stun.example.net>; rel="ice-server", `+
			`<turn:turn.example.net?transport=udp>; rel="ice-server"; username="alice"; credential="a\"b"; credential-type="password"`)
	at := a.Header.Get("Location")
	if !strings.HasPrefix(at, rest.Base+"/rooms/"+room.ID+"/whip/") || !regexp.MustCompile(`^"[^"]+"$`).MatchString(a.Header.Get("ETag")) {
		t.Errorf("Location %q, ETag %q", at, a.Header.Get("ETag"))
	}
	for _, want := range []string{"a=recvonly\r\n", "a=candidate:", "a=end-of-candidates"} {
		if !strings.Contains(a.body, want) {
			t.Errorf("no %q in the answer:\n%s", want, a.body)
		}
	}
	c.takes(a.body)
	c.says(700)
	c.connected()
	hears(t, ph, 700)
	again := alice.publishes(room.ID, offer, "Idempotency-Key", "one").problem(409, "secret_not_kept", "was done").has("Location", at)
	if strings.Contains(again.body, "ice-pwd") || again.Header.Get("Link") != "" {
		t.Errorf("the answer was kept: %v %s", again.Header, again.body)
	}
	who := alice.present(room.ID, 2).Participants[1]
	if who.UserID == nil || *who.UserID != "alice" || who.Endpoint != "WebRTC/alice" || who.Role != "participant" {
		t.Errorf("the publisher is %+v", who)
	}
	var calls struct{ Items []voip.CallBody }
	alice.json("GET", "/calls", nil, &calls)
	if len(calls.Items) != 1 || calls.Items[0].Status != "active" || !strings.HasSuffix(at, calls.Items[0].ID) {
		t.Errorf("calls %+v", calls.Items)
	}
	r.as("mallory").do("DELETE", at, "").problem(404, "not_found", "no session")
	alice.do("DELETE", at, "").want(200)
	alice.present(room.ID, 1)
	alice.do("DELETE", at, "").problem(404, "not_found", "no session")
	alice.json("GET", "/calls?status=ended", nil, &calls)
	if len(calls.Items) != 1 || calls.Items[0].EndedAt == nil {
		t.Errorf("records %+v", calls.Items)
	}
}

// fragment is what a client tells by PATCH of its description.
func fragment(sdp string) string {
	var out []string
	for line := range strings.Lines(sdp) {
		line = strings.TrimSpace(line)
		for _, name := range []string{"m=", "a=mid:", "a=ice-ufrag:", "a=ice-pwd:", "a=candidate:", "a=end-of-candidates", "a=group:"} {
			if strings.HasPrefix(line, name) {
				out = append(out, line)
			}
		}
	}
	return strings.Join(out, "\r\n") + "\r\n"
}

// Candidates come by PATCH, with the entity tag of their generation.
func TestTrickle(t *testing.T) {
	r := newRig(t)
	alice := r.as("alice")
	room := alice.room(nil)
	ph := r.listener(room.ID)
	c := sender(t)
	whole := c.offer(nil)
	bare := regexp.MustCompile(`a=(candidate:.*|end-of-candidates)\r\n`).ReplaceAllString(whole, "")
	a := alice.publishes(room.Number, bare).want(201)
	at, tag := a.Header.Get("Location"), a.Header.Get("ETag")
	f := fragment(whole)
	if !strings.Contains(f, "candidate") {
		t.Fatal(f)
	}
	alice.patches(at, "", f).problem(428, "precondition_required", "If-Match")
	alice.patches(at, `"another"`, f).problem(412, "precondition_failed", "restarted")
	alice.patches(at, "W/"+tag, f).problem(412, "precondition_failed", "restarted")
	alice.do("PATCH", at, f, "If-Match", tag, "Content-Type", "application/sdp").problem(415, "unsupported_media_type", "trickle")
	alice.patches(at, tag, "nonsense").problem(400, "malformed_sdp", "line 1")
	alice.patches(at, tag, "m=audio 9 RTP/AVP 0\r\na=mid:0\r\na=ice-ufrag:%%\r\n").problem(400, "malformed_sdp", "line 3")
	alice.patches(at, tag, "m=audio 9 RTP/AVP 0\r\na=mid:0\r\n").problem(400, "malformed_sdp", "no ice-ufrag")
	alice.patches(at, tag, f+"a=candidate:1 1 udp\r\n").problem(400, "malformed_sdp", "is no candidate")
	alice.patches(at, tag, f+strings.Repeat("a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n", 70)).problem(413, "too_large", "candidates")
	r.as("mallory").patches(at, tag, f).problem(404, "not_found", "no session")
	alice.patches(at+"x", tag, f).problem(404, "not_found", "no session")
	alice.patches(at, tag, f+"a=candidate:1 1 sctp 1 192.0.2.1 9 typ host\r\na=candidate:1 1 udp 1 studio.invalid 9 typ host\r\n"+
		"a=candidate:1 1 udp 1 192.0.2.1 9 typ strange\r\n").want(204) // of no use (RFC 9725 §4.3.2)
	alice.patches(at, `"another", `+tag, f).want(204).has("ETag", "")
	c.takes(a.body)
	c.says(700)
	c.connected()
	hears(t, ph, 700)
	alice.patches(at, tag, f).want(204) // told twice
	alice.do("DELETE", at, "").want(200)
	alice.patches(at, tag, f).problem(404, "not_found", "no session")
}

// A new generation of ICE begins by PATCH; the old one's tag is of no use any more.
func TestRestart(t *testing.T) {
	r := newRig(t)
	alice := r.as("alice")
	room := alice.room(nil)
	ph := r.listener(room.ID)
	c := sender(t)
	a := alice.publishes(room.ID, c.offer(nil)).want(201)
	at, tag := a.Header.Get("Location"), a.Header.Get("ETag")
	c.takes(a.body)
	c.says(700)
	c.connected()
	hears(t, ph, 700)

	next := c.offer(&pion.OfferOptions{ICERestart: true})
	b := alice.patches(at, "*", fragment(next)).want(200).has("Content-Type", "application/trickle-ice-sdpfrag")
	if b.Header.Get("ETag") == tag || b.Header.Get("ETag") == "" {
		t.Errorf("ETag %q after %q", b.Header.Get("ETag"), tag)
	}
	for _, line := range []string{"a=group:BUNDLE 0", "a=ice-options:trickle"} { // as in the answer
		if strings.Contains(a.body, line) != strings.Contains(b.body, line) {
			t.Errorf("%q is in one of\n%s\n%s", line, a.body, b.body)
		}
	}
	c.takes(withICE(a.body, b.body))
	// The answer is that of another generation, so audio goes on only if ours is as well.
	r.house.Eventually("the new pair works", func() bool {
		return c.ICEConnectionState() == pion.ICEConnectionStateConnected || c.ICEConnectionState() == pion.ICEConnectionStateCompleted
	})
	hears(t, ph, 700)
	alice.patches(at, tag, fragment(next)).problem(412, "precondition_failed", "restarted")
	alice.patches(at, b.Header.Get("ETag"), fragment(next)).want(204)
	now := alice.present(room.ID, 2)
	if ch, err := r.house.Engine.Channel(now.Participants[1].ChannelID); err != nil || ch.Snapshot().Held {
		t.Errorf("who publishes is held: %v", err)
	}
}

// withICE is an answer with the ICE part of a fragment.
func withICE(answer, fragment string) string {
	for _, name := range []string{"ice-ufrag", "ice-pwd"} {
		line := regexp.MustCompile("a=" + name + ":.*\r\n")
		answer = line.ReplaceAllString(answer, line.FindString(fragment))
	}
	candidates := regexp.MustCompile(`a=(candidate:.*|end-of-candidates)\r\n`)
	at := regexp.MustCompile(`a=mid:.*\r\n`).FindStringIndex(answer)[1] // in the first section, which the others are bundled with
	head, rest := answer[:at], candidates.ReplaceAllString(answer[at:], "")
	return head + strings.Join(candidates.FindAllString(fragment, -1), "") + rest
}

// Who may not come in as a participant may not publish; what is no offer is refused with its line.
func TestWhoMayPublish(t *testing.T) {
	r := newRig(t)
	alice, bob, admin := r.as("alice"), r.as("bob"), r.as("root", auth.RoleAdmin)
	room := alice.room(nil)
	offer := sender(t).offer(nil)
	(&user{rig: r}).publishes(room.ID, offer).problem(401, "unauthorized", "token")
	r.as("eve", auth.RoleAuditor).publishes(room.ID, offer).problem(403, "forbidden", "for users")
	alice.publishes("0197f000-0000-7000-8000-000000000000", offer).problem(404, "not_found", "no room")
	alice.publishes("nonsense", offer).problem(404, "not_found", "no room")
	alice.do("POST", "/rooms/"+room.ID+"/whip", offer, "Content-Type", "application/json").problem(415, "unsupported_media_type", "application/sdp")
	alice.publishes(room.ID, "v=0\r\nnonsense\r\n").problem(400, "malformed_sdp", "line 2")
	alice.publishes(room.ID, strings.Replace(offer, "a=sendonly", "a=recvonly", 1)).problem(422, "not_acceptable", "sends nothing")
	alice.publishes(room.ID, strings.Replace(offer, "a=sendonly", "a=inactive", 1)).problem(422, "not_acceptable", "sends nothing")
	alice.publishes(room.ID, strings.ReplaceAll(offer, "PCMU", "nothing")).problem(422, "not_acceptable", "no codec in common")
	alice.publishes(room.ID, strings.Repeat("a", 64<<10)).want(413)
	bob.do("POST", "/rooms/"+room.ID+"/whip?role=moderator", offer, "Content-Type", "application/sdp").problem(403, "forbidden", "creator")

	locked := alice.room(nil)
	alice.json("POST", "/rooms/"+locked.ID+"/lock", nil, nil)
	bob.publishes(locked.ID, offer).want(409).has("Content-Type", "application/problem+json")
	guarded := alice.room(map[string]any{"pin": "4711"})
	bob.publishes(guarded.ID, offer).problem(403, "pin_required", "PIN")
	small := alice.room(map[string]any{"max_participants": 1})
	r.listener(small.ID)
	bob.publishes(small.ID, offer).problem(409, "room_full", "")

	c := newClient(t, pion.RTPTransceiverDirectionSendrecv)
	a := bob.do("POST", "/rooms/"+guarded.ID+"/whip?pin=4711", c.offer(nil), "Content-Type", "application/sdp").want(201)
	if !strings.Contains(a.body, "a=recvonly") { // whatever it offers
		t.Errorf("the answer sends:\n%s", a.body)
	}
	alice.do("DELETE", a.Header.Get("Location"), "").problem(404, "not_found", "no session")
	admin.do("DELETE", a.Header.Get("Location"), "").want(200)
	alice.present(guarded.ID, 0)
}

// Anybody may ask what can be posted, browsers of known origins among them; there is nothing to be
// got, and nothing else is done.
func TestOptions(t *testing.T) {
	nobody := &user{rig: newRig(t)}
	alice := nobody.rig.as("alice")
	room := alice.room(nil)
	at := alice.publishes(room.ID, sender(t).offer(nil)).want(201).Header.Get("Location")
	endpoint := "/rooms/" + room.Number + "/whip"
	nobody.do("OPTIONS", endpoint, "").want(200).has("Accept-Post", "application/sdp").has("Allow", "OPTIONS, GET, POST")
	nobody.do("OPTIONS", at, "").want(200).has("Accept-Patch", "application/trickle-ice-sdpfrag").has("Allow", "OPTIONS, GET, PATCH, DELETE")
	browser := []string{"Origin", "https://studio.example.com"}
	nobody.do("OPTIONS", endpoint, "", append(browser, "Access-Control-Request-Method", "POST")...).want(204).
		has("Access-Control-Allow-Origin", "https://studio.example.com").has("Accept-Post", "application/sdp")
	nobody.do("OPTIONS", at, "", append(browser, "Access-Control-Request-Method", "PATCH")...).want(204).
		has("Access-Control-Allow-Origin", "https://studio.example.com").has("Access-Control-Allow-Methods", "GET,POST,PUT,PATCH,DELETE")
	shown := alice.publishes(room.ID, "", browser...).want(400).Header.Get("Access-Control-Expose-Headers")
	for _, name := range []string{"Location", "ETag", "Link", "Accept-Post", "Accept-Patch"} {
		if !strings.Contains(shown, name) {
			t.Errorf("pages do not see %s: %s", name, shown)
		}
	}
	nobody.do("GET", endpoint, "").want(401).has("WWW-Authenticate", `Bearer realm="skybridge"`)
	if a := alice.do("GET", endpoint, "").want(204); a.body != "" {
		t.Errorf("got %q", a.body)
	}
	alice.do("GET", at, "").want(204)
	nobody.rig.as("mallory").do("GET", at, "").want(404)
	for _, method := range []string{"PUT", "PATCH", "DELETE"} {
		alice.do(method, endpoint, "").want(405)
	}
	for _, method := range []string{"PUT", "POST"} {
		alice.do(method, at, "").want(405)
	}
	alice.do("DELETE", at, "", "If-Match", `"another"`).want(200) // of no meaning there
	alice.do("GET", at, "").want(404)
}

// What is published in part only would be missed by those who see the rest: nothing is then.
func TestAllOrNothing(t *testing.T) {
	r := newRig(t)
	alice := r.as("alice")
	room := alice.room(nil)
	offer := sender(t).offer(nil)
	head, section, _ := strings.Cut(offer, "m=audio")
	second := strings.Replace("m=audio"+section, "a=mid:0", "a=mid:1", 1)
	second = regexp.MustCompile(`a=ssrc.*\r\n`).ReplaceAllString(second, "")
	head = strings.Replace(head, "BUNDLE 0", "BUNDLE 0 1", 1)
	alice.publishes(room.ID, head+"m=audio"+section+second).problem(422, "not_acceptable", "section 2 is not taken")
	strange := strings.NewReplacer("m=audio", "m=video", "PCMU/8000", "strange/90000").Replace(second)
	alice.publishes(room.ID, head+"m=audio"+section+strange).problem(422, "not_acceptable", "section 2 is not taken")
	alice.present(room.ID, 0)
}

// Who vanishes without a word is out of the room after a while, with a record.
func TestVanish(t *testing.T) {
	r := newRig(t, func(c *rtc.Config) { c.DisconnectedTimeout, c.FailedTimeout, c.KeepaliveInterval = 1e9, 1e9, 2e8 })
	alice := r.as("alice")
	room := alice.room(nil)
	c := sender(t)
	a := alice.publishes(room.ID, c.offer(nil)).want(201) // and the answer is lost
	alice.present(room.ID, 1)
	alice.present(room.ID, 0)
	at := a.Header.Get("Location")
	var ended struct{ Items []voip.CallBody }
	r.house.Eventually("there is a record", func() bool {
		alice.json("GET", "/calls?status=ended", nil, &ended)
		return len(ended.Items) > 0
	})
	if c := ended.Items[0]; len(ended.Items) != 1 || !strings.HasSuffix(at, "/"+c.ID) || c.Status != "ended" || c.EndedAt == nil || c.EndedAt.Before(c.CreatedAt) ||
		len(c.Participants) != 1 || c.Participants[0].Endpoint != "WebRTC/alice" {
		t.Errorf("records %+v", ended.Items)
	}
	alice.do("GET", at, "").problem(404, "not_found", "no session")
	alice.do("DELETE", a.Header.Get("Location"), "").problem(404, "not_found", "no session")
}
