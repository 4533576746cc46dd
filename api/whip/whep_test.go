package whip_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	pion "github.com/pion/webrtc/v4"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
)

// TestWatch: who watches hears the room and sees who speaks, in one stream whoever that is.
func TestWatch(t *testing.T) {
	r := newRig(t)
	alice, bob := r.as("alice"), r.as("bob")
	room := alice.room(nil)
	a := alice.films(room, vp8, 'A')
	v := newViewer(t, vp8, h264)
	got := bob.watches(v, room.Number, "").has("Content-Type", "application/sdp")
	if !strings.HasPrefix(v.at, rest.Base+"/rooms/"+room.ID+"/whep/") || strings.Count(got.body, "a=sendonly\r\n") != 2 || !strings.Contains(got.body, "a=end-of-candidates") {
		t.Errorf("at %q:\n%s", v.at, got.body)
	}
	v.sees("who is there alone", 'A')
	quiet := a.says(700)
	v.hears(700)

	b := alice.films(room, h264, 'B')
	v.sees("who speaks", 'A')
	quiet()
	quiet = b.says(1100)
	v.sees("who speaks now, in another codec", 'B')
	v.hears(1100)
	quiet()
	a.says(700)
	v.sees("who speaks again", 'A')
	alice.do("DELETE", a.at, "").want(200)
	v.sees("who is left", 'B')
	alice.do("DELETE", b.at, "").want(200)
	alice.present(room.ID, 1)
	alice.films(room, vp8, 'C') // the stream goes on, also after nothing was there to be seen
	v.sees("who comes", 'C')

	now := alice.present(room.ID, 2)
	me := now.Participants[0]
	if me.Role != "viewer" || me.UserID == nil || *me.UserID != "bob" || me.Camera || me.Screen {
		t.Errorf("who watches is %+v", me)
	}
	alice.do("POST", "/rooms/"+room.ID+"/participants/"+me.ID+"/role", `{"role":"moderator"}`, "Content-Type", "application/json").problem(409, "conflict", "viewer")
	bob.do("POST", "/calls/"+v.at[strings.LastIndex(v.at, "/")+1:]+"/layout", `{"mode":"grid"}`, "Content-Type", "application/json").problem(409, "conflict", "one picture")
	v.mu.Lock()
	if len(v.streams) != 1 { // RFC 9725 §4.4.2
		t.Errorf("the tracks are of the streams %v", v.streams)
	}
	v.mu.Unlock()
	bob.do("DELETE", strings.Replace(v.at, "whep", "whip", 1), "").problem(404, "not_found", "no session")
	bob.do("DELETE", v.at, "").want(200)
	alice.present(room.ID, 1)
}

// TestViewersAreNotHeard: whatever their client sends, and whoever asks for it beside the session.
func TestViewersAreNotHeard(t *testing.T) {
	r := newRig(t)
	alice, bob := r.as("alice"), r.as("bob")
	room := alice.room(nil)
	ph := r.listener(room.ID)
	c := newClient(t, pion.RTPTransceiverDirectionSendrecv)
	a := bob.do("POST", "/rooms/"+room.ID+"/whep", c.offer(nil), "Content-Type", "application/sdp").want(201)
	c.takes(strings.Replace(a.body, "a=sendonly", "a=sendrecv", 1)) // it speaks all the same
	c.says(700)
	c.connected()
	at := a.Header.Get("Location")
	who, call := alice.present(room.ID, 2).Participants[1], "/calls/"+at[strings.LastIndex(at, "/")+1:]
	if who.Role != "viewer" || !who.Muted {
		t.Errorf("who watches is %+v", who)
	}
	sends := func(u *user, path, body string) answer {
		t.Helper()
		return u.do("POST", path, body, "Content-Type", "application/json")
	}
	for _, payload := range []any{
		pion.SessionDescription{Type: pion.SDPTypeOffer, SDP: c.offer(nil)},
		pion.SessionDescription{Type: pion.SDPTypeAnswer, SDP: a.body},
		pion.ICECandidateInit{Candidate: "candidate:1 1 udp 1 192.0.2.1 9 typ host"},
	} {
		text, err := json.Marshal(payload)
		must(t, err)
		kind := "ice_candidate"
		if d, ok := payload.(pion.SessionDescription); ok {
			kind = d.Type.String()
		}
		sends(bob, call+"/signaling", `{"message_type":"`+kind+`","payload":`+string(text)+`}`).problem(409, "session_negotiates", "by WHIP or WHEP")
	}
	sends(bob, call+"/signaling", `{"message_type":"unmute"}`).problem(409, "conflict", "a viewer is not heard")
	sends(bob, call+"/unmute", "").problem(409, "conflict", "a viewer is not heard")
	member := "/rooms/" + room.ID + "/participants/" + who.ID
	sends(alice, member+"/unmute", "").problem(409, "conflict", "a viewer is not heard")
	sends(alice, member+"/mute", "").want(200)
	sends(bob, call+"/mute", "").want(200)

	b := sender(t)
	b.takes(alice.publishes(room.ID, b.offer(nil)).want(201).body)
	b.says(1100)
	b.connected()
	hears(t, ph, 1100)
	if level := tone.Lasting(ph.Hears(time.Second), ph.Rate(), 700); level > -50 {
		t.Errorf("who watches is heard at %.1f dBFS", level)
	}
	sends(bob, call+"/signaling", `{"message_type":"hangup"}`).want(201)
	alice.present(room.ID, 2)
	bob.do("GET", at, "").problem(404, "not_found", "no session")
}

// TestViewersAreNotSeen: whatever their client films.
func TestViewersAreNotSeen(t *testing.T) {
	r := newRig(t)
	alice, bob := r.as("alice"), r.as("bob")
	room := alice.room(nil)
	w := &studio{client: newClient(t, pion.RTPTransceiverDirectionSendrecv, vp8), key: make(chan struct{}, 1)}
	var err error
	w.video, err = pion.NewTrackLocalStaticRTP(vp8.RTPCodecCapability, "video", "studio")
	must(t, err)
	_, err = w.AddTransceiverFromTrack(w.video, pion.RTPTransceiverInit{Direction: pion.RTPTransceiverDirectionSendrecv})
	must(t, err)
	a := bob.do("POST", "/rooms/"+room.ID+"/whep", w.offer(nil), "Content-Type", "application/sdp").want(201)
	w.takes(strings.ReplaceAll(a.body, "a=sendonly", "a=sendrecv"))
	w.says(700)
	w.rolls('W', pion.MimeTypeVP8)
	w.connected()
	v := newViewer(t, vp8)
	alice.watches(v, room.ID, "")
	s := alice.films(room, vp8, 'S')
	v.sees("who publishes", 'S')
	s.says(1100)
	v.hears(1100)
	v.sees("who publishes, still", 'S')
	v.mu.Lock()
	if v.ever != "S" || tone.Lasting(v.pcm, 8000, 700) > -50 {
		t.Errorf("%q are seen, and who watches is heard at %.1f dBFS", v.ever, tone.Lasting(v.pcm, 8000, 700))
	}
	v.mu.Unlock()
	for _, p := range alice.present(room.ID, 3).Participants {
		if (p.Role == "viewer") == p.Camera || p.Screen {
			t.Errorf("%s shows %v %v", p.Role, p.Camera, p.Screen)
		}
	}
}

// TestWatchOne: who is named in the query is seen, whoever speaks.
func TestWatchOne(t *testing.T) {
	r := newRig(t)
	alice := r.as("alice")
	room := alice.room(nil)
	a, b := alice.films(room, vp8, 'A'), alice.films(room, vp8, 'B')
	a.says(700)
	v := newViewer(t, vp8)
	alice.watches(v, room.ID, "?participant="+b.id)
	v.sees("who was named", 'B')
	v.hears(700)
	v.sees("who was named, still", 'B')
	alice.do("POST", "/rooms/"+room.ID+"/whep?participant=nobody", described(t, newViewer(t, vp8).PeerConnection), "Content-Type", "application/sdp").
		problem(404, "not_found", "no participant")
}

// TestWatchRestart: ICE begins anew, and the picture goes on.
func TestWatchRestart(t *testing.T) {
	r := newRig(t)
	alice := r.as("alice")
	room := alice.room(nil)
	alice.films(room, vp8, 'A')
	v := newViewer(t, vp8)
	first := alice.watches(v, room.ID, "")
	v.sees("before", 'A')
	v.t = t
	next := v.offer(&pion.OfferOptions{ICERestart: true})
	alice.patches(v.at, "", fragment(next)).problem(428, "precondition_required", "If-Match")
	again := alice.patches(v.at, "*", fragment(next)).want(200)
	v.takes(withICE(first.body, again.body))
	r.house.Eventually("the new pair works", func() bool {
		s := v.ICEConnectionState()
		return s == pion.ICEConnectionStateConnected || s == pion.ICEConnectionStateCompleted
	})
	v.sees("afterwards", 'A')
	alice.patches(v.at, v.tag, fragment(next)).problem(412, "precondition_failed", "restarted")
	alice.patches(v.at, again.Header.Get("ETag"), fragment(next)).want(204)
}

// TestWhoMayWatch: the rules of rooms hold for who watches.
func TestWhoMayWatch(t *testing.T) {
	r := newRig(t)
	alice, bob := r.as("alice"), r.as("bob")
	offer := described(t, newViewer(t, vp8).PeerConnection)
	post := func(u *user, room, query, offer string) answer {
		t.Helper()
		return u.do("POST", "/rooms/"+room+"/whep"+query, offer, "Content-Type", "application/sdp")
	}
	room := alice.room(nil)
	post(&user{rig: r}, room.ID, "", offer).problem(401, "unauthorized", "token")
	post(alice, "9999", "", offer).problem(404, "not_found", "no room")
	for _, way := range []string{"sendonly", "inactive"} {
		post(alice, room.ID, "", strings.ReplaceAll(offer, "recvonly", way)).problem(422, "not_acceptable", "receives nothing")
	}
	post(alice, room.ID, "", strings.ReplaceAll(offer, "VP8", "nothing")).problem(422, "not_acceptable", "section 2 is not taken")
	post(alice, room.ID, "", "v=0\r\nnonsense\r\n").problem(400, "malformed_sdp", "line 2")
	alice.do("POST", "/rooms/"+room.ID+"/whep", offer, "Content-Type", "text/plain").problem(415, "unsupported_media_type", "application/sdp")
	both := post(alice, room.ID, "", strings.ReplaceAll(offer, "recvonly", "sendrecv")).want(201)
	if strings.Count(both.body, "a=sendonly\r\n") != 2 {
		t.Errorf("the answer takes something:\n%s", both.body)
	}
	alice.do("DELETE", both.Header.Get("Location"), "").want(200)

	guarded := alice.room(map[string]any{"pin": "4711"})
	post(bob, guarded.ID, "", offer).problem(403, "pin_required", "PIN")
	post(bob, guarded.ID, "?pin=4711", offer).want(201)
	locked := alice.room(nil)
	alice.json("POST", "/rooms/"+locked.ID+"/lock", nil, nil)
	post(bob, locked.ID, "", offer).problem(409, "room_locked", "locked")
	small := alice.room(map[string]any{"max_participants": 1})
	r.listener(small.ID)
	post(bob, small.ID, "", offer).problem(409, "room_full", "")

	full, err := r.rooms.Room(room.ID)
	must(t, err)
	var places []*conference.Place
	for range conference.MaxViewers {
		place, err := full.Reserve(conference.RoleViewer)
		must(t, err)
		places = append(places, place)
	}
	post(bob, room.ID, "", offer).problem(503, "viewers_full", "viewers").has("Retry-After", "5")
	places[0].Release()
	a := post(bob, room.ID, "", offer).want(201)
	for _, place := range places[1:] {
		place.Release()
	}

	// Who is put out is out.
	id := alice.present(room.ID, 1).Participants[0].ID
	alice.do("POST", "/rooms/"+room.ID+"/participants/"+id+"/kick", "").want(200)
	alice.present(room.ID, 0)
	bob.do("GET", a.Header.Get("Location"), "").problem(404, "not_found", "no session")
	bob.do("DELETE", a.Header.Get("Location"), "").problem(404, "not_found", "no session")

	// Where a moderator is waited for, who watches waits too.
	moderated := alice.room(map[string]any{"settings": map[string]any{"require_moderator": true}})
	post(bob, moderated.ID, "", offer).want(201)
	if p := alice.present(moderated.ID, 1).Participants[0]; p.State != "waiting" || p.Role != "viewer" {
		t.Errorf("who watches is %+v", p)
	}
	listens := newViewer(t)
	alice.watches(listens, room.ID, "") // audio alone
	if listens.ConnectionState() != pion.PeerConnectionStateConnected {
		t.Error("who listens is not connected")
	}
}
