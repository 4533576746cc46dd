package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/skygenesisenterprise/skybridge/api/contract"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
)

// world is a whole server with something of every kind, all of it alice's, and everybody who may
// ask for it.
type world struct {
	t      *testing.T
	srv    *server
	doc    *contract.Document
	http   *http.Client
	driven map[string]bool // operations that were answered with 2xx

	alice, admin asks
	keys         map[string]string // headers with API keys, by their scope
	n            int               // of what was made
}

const apiBase = "/api/v1/voip"

func newWorld(t *testing.T) *world {
	t.Helper()
	srv, _ := started(t, "calls.per_user=100000", "calls.rtp_timeout=1h", "api.rate_limit.user.per_minute=0", "api.rate_limit.key.per_minute=0", "api.rate_limit.address.per_minute=0", "api.rate_limit.failures.per_minute=0") // its browsers are silent
	w := &world{t: t, srv: srv, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}}, driven: make(map[string]bool), keys: make(map[string]string)}
	t.Cleanup(w.http.CloseIdleConnections)
	w.alice = as(t, srv, auth.Principal{User: "alice", Extension: "1001"})
	w.admin = as(t, srv, auth.Principal{User: "root", Roles: []auth.Role{auth.RoleAdmin}})
	var err error
	w.doc, err = contract.Read(w.asks("", "GET", "/openapi.json", nil).body)
	must(t, err)
	return w
}

// reply is an answer to a request.
type reply struct {
	status int
	kind   string
	body   []byte
	header http.Header
}

func (r reply) code() string {
	var p struct{ Code string }
	if json.Unmarshal(r.body, &p) != nil {
		return ""
	}
	return p.Code
}

// here has bob and carol be there, as clients that poll are.
func (w *world) here() {
	w.t.Helper()
	for _, user := range []string{"bob", "carol"} {
		w.asks(as(w.t, w.srv, auth.Principal{User: user}).header, "GET", apiBase+"/calls", nil)
	}
}

// asks asks with a header, "Name: value" or "" for none, and holds the answer to the document.
func (w *world) asks(header, method, path string, body any, more ...string) reply {
	w.t.Helper()
	var in io.Reader
	kind := "application/json"
	if sdp, ok := body.(sdpBody); ok {
		in, kind = strings.NewReader(sdp.text), sdp.kind
		more = append(more, "If-Match: *")
	} else if body != nil {
		text, err := json.Marshal(body)
		must(w.t, err)
		in = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, "http://"+w.srv.api.Addr().String()+path, in)
	must(w.t, err)
	req.Header.Set("Content-Type", kind)
	for _, h := range append(more, header) {
		if name, value, ok := strings.Cut(h, ": "); ok {
			req.Header.Set(name, value)
		}
	}
	res, err := w.http.Do(req)
	must(w.t, err)
	text, err := io.ReadAll(res.Body)
	must(w.t, err)
	must(w.t, res.Body.Close())
	r := reply{res.StatusCode, res.Header.Get("Content-Type"), text, res.Header}
	if w.doc == nil {
		return r
	}
	op := w.doc.Find(method, path)
	if op == nil {
		w.t.Fatalf("%s %s is not in the document", method, path)
	}
	if err := op.Check(r.status, r.kind, r.body); err != nil {
		w.t.Errorf("%s %s: %d, %v", method, path, r.status, err)
	}
	if r.status < 300 {
		w.driven[op.ID] = true
	}
	return r
}

// makes asks as somebody for what has to be there, and gives it.
func (w *world) makes(who asks, method, path string, body any) map[string]any {
	w.t.Helper()
	r := w.asks(who.header, method, apiBase+path, body)
	if r.status >= 300 {
		w.t.Fatalf("%s %s: %d %s", method, path, r.status, r.body)
	}
	var out map[string]any
	if len(r.body) > 0 {
		must(w.t, json.Unmarshal(r.body, &out))
	}
	return out
}

func (w *world) name(kind string) string { w.n++; return fmt.Sprintf("%s%d", kind, w.n) }

func text(m map[string]any, name string) string { s, _ := m[name].(string); return s }

// call is a call of alice's to bob, who has not come yet.
func (w *world) call() (id, participant string) {
	w.t.Helper()
	w.here()
	c := w.makes(w.alice, "POST", "/calls", map[string]any{"participants": []string{"WebRTC/bob"}, "call_type": "audio"})
	parties, _ := c["participants"].([]any)
	last, _ := parties[len(parties)-1].(map[string]any)
	return text(c, "id"), text(last, "id")
}

// room is a room of alice's.
func (w *world) room() string {
	w.t.Helper()
	return text(w.makes(w.alice, "POST", "/rooms", map[string]any{"name": w.name("room"), "settings": map[string]any{"allow_recording": true}}), "id")
}

// meeting is a room of alice's that she is in, by a browser.
func (w *world) meeting() (id, participant string) {
	w.t.Helper()
	id = w.room()
	j := w.makes(w.alice, "POST", "/rooms/"+id+"/join", nil)
	w.connects(w.alice, text(j, "call_id"))
	w.until(func() bool {
		in, _ := w.makes(w.alice, "GET", "/rooms/"+id, nil)["participants"].([]any)
		return len(in) == 1
	})
	return id, text(j, "participant_id")
}

func (w *world) until(ok func() bool) {
	w.t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); <-time.After(10 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatal("never")
		}
	}
}

// connects joins a call from a browser, which is there until the test ends.
func (w *world) connects(who asks, call string) {
	w.t.Helper()
	var settings webrtc.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetIPFilter(loopbackOnly)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{})
	must(w.t, err)
	w.t.Cleanup(func() { must(w.t, pc.GracefulClose()) })
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMU, ClockRate: 8000}, "audio", "mic")
	must(w.t, err)
	_, err = pc.AddTrack(track)
	must(w.t, err)
	gathered := webrtc.GatheringCompletePromise(pc)
	offer, err := pc.CreateOffer(nil)
	must(w.t, err)
	must(w.t, pc.SetLocalDescription(offer))
	<-gathered
	path := "/calls/" + call + "/signaling"
	m := w.makes(who, "POST", path, map[string]any{"message_type": "offer", "payload": pc.LocalDescription()})
	answer, _ := m["reply"].(map[string]any)
	sdp, _ := answer["payload"].(map[string]any)
	must(w.t, pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: text(sdp, "sdp")}))
	seen := 0.0
	w.until(func() bool {
		items, _ := w.makes(who, "GET", fmt.Sprintf("%s?after=%v", path, seen), nil)["items"].([]any)
		for _, item := range items {
			m, _ := item.(map[string]any)
			seen, _ = m["seq"].(float64)
			if c, ok := m["payload"].(map[string]any); ok && m["message_type"] == "ice_candidate" {
				must(w.t, pc.AddICECandidate(webrtc.ICECandidateInit{Candidate: text(c, "candidate"), SDPMid: new(string)}))
			}
		}
		return pc.ConnectionState() == webrtc.PeerConnectionStateConnected
	})
}

// recording is one of alice's, done.
func (w *world) recording(room string) string {
	w.t.Helper()
	id := text(w.makes(w.alice, "POST", "/rooms/"+room+"/record", nil), "id")
	w.makes(w.alice, "POST", "/rooms/"+room+"/record/stop", nil)
	return id
}

// ban is an address that is banned.
func (w *world) ban() string {
	w.t.Helper()
	w.n++
	a := netip.AddrFrom4([4]byte{198, 51, byte(w.n >> 8), byte(w.n)})
	w.until(func() bool {
		w.srv.screen.Failed(a)
		return len(w.srv.screen.Bans()) > 0 && w.srv.screen.Bans()[0].Network.Contains(a)
	})
	return a.String()
}

// sdpBody is a body of WHIP.
type sdpBody struct{ kind, text string }

const whipICE = "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:passwordpasswordpassword\r\n"

var whipOffer = "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=fingerprint:sha-256 " + strings.TrimSuffix(strings.Repeat("AB:", 32), ":") +
	"\r\n" + strings.Replace(whipICE, "a=mid", "c=IN IP4 0.0.0.0\r\na=mid", 1) + "a=setup:actpass\r\na=rtcp-mux\r\na=rtpmap:0 PCMU/8000\r\na=sendonly\r\n"

// samples are bodies that operations take.
var samples = map[string]any{
	"whip-publish": sdpBody{"application/sdp", whipOffer}, "whip-change": sdpBody{"application/trickle-ice-sdpfrag", whipICE},
	"whep-watch":  sdpBody{"application/sdp", strings.Replace(whipOffer, "sendonly", "recvonly", 1)},
	"whep-change": sdpBody{"application/trickle-ice-sdpfrag", whipICE},
	"create-call": map[string]any{"participants": []any{"WebRTC/bob"}, "call_type": "audio", "timeout": 30.0, "metadata": map[string]any{"ticket": 1.0}},
	"send-dtmf":   map[string]any{"digits": "1"}, "add-participants": map[string]any{"participants": []any{"WebRTC/carol"}},
	"record-call": map[string]any{"format": "wav"}, "record-room": map[string]any{"format": "wav"},
	"set-layout":     map[string]any{"mode": "grid"},
	"send-signaling": map[string]any{"message_type": "hangup"}, "transfer-call": map[string]any{"to": "SIP/1002"},
	"create-room": map[string]any{"name": "A room", "settings": map[string]any{"bridge_type": "mixing"}},
	"change-room": map[string]any{"name": "Another", "settings": map[string]any{"allow_recording": true}},
	"join-room":   map[string]any{"role": "participant"}, "join-external-media": map[string]any{"host": "127.0.0.1:9", "format": "ulaw"},
	"set-participant-hearing": map[string]any{"hears": []any{}}, "set-participant-role": map[string]any{"role": "moderator"},
	"set-participant-volume": map[string]any{"talking": 3.0}, "send-message": map[string]any{"to": "bob", "body": "hello"},
	"note-messages-had":      map[string]any{"ids": []any{"01932b2c-0000-7000-8000-000000000001"}},
	"put-extension-services": map[string]any{"dnd": false, "forward": map[string]any{"busy": "1002"}},
	"change-user":            map[string]any{"name": "Somebody"}, "change-extension": map[string]any{"codecs": []any{"opus"}},
	"create-api-key": map[string]any{"name": "key", "owner": "machine", "roles": []any{"service"}, "scopes": []any{"calls:read"}},
}

// request makes an operation's path, with things of its own where they may change, and a body that
// is right.
func (w *world) request(op *contract.Operation, static map[string]string) (path string, body any) {
	w.t.Helper()
	path, body = op.Path, samples[op.ID]
	fill := func(name, value string) { path = strings.Replace(path, "{"+name+"}", value, 1) }
	switch under, _, _ := strings.Cut(strings.TrimPrefix(op.Path, apiBase+"/"), "/"); {
	case op.ID == "create-user":
		return path, map[string]any{"id": w.name("user"), "roles": []any{"user"}}
	case op.ID == "create-extension":
		return path, map[string]any{"number": w.name("ext"), "codecs": []any{"opus"}}
	case !strings.Contains(path, "{"):
	case under == "calls":
		id, pid := w.call()
		fill("id", id)
		fill("pid", pid)
	case strings.Contains(path, "{pid}") && op.ID != "kick-participant":
		fill("id", static["meeting"])
		fill("pid", static["participant"])
	case op.ID == "record-room" || op.ID == "stop-recording-room" || op.ID == "kick-participant":
		id, pid := w.meeting()
		if op.ID == "stop-recording-room" {
			w.makes(w.alice, "POST", "/rooms/"+id+"/record", nil)
		}
		fill("id", id)
		fill("pid", pid)
	case strings.Contains(path, "{session}"):
		opens, way := "whip-publish", "/whip"
		if strings.HasPrefix(op.ID, "whep") {
			opens, way = "whep-watch", "/whep"
		}
		return w.asks(w.alice.header, "POST", apiBase+"/rooms/"+w.room()+way, samples[opens]).header.Get("Location"), body
	case under == "rooms":
		fill("id", w.room())
	case op.ID == "delete-recording":
		fill("id", w.recording(static["meeting"]))
	case under == "recordings":
		fill("id", static["recording"])
	case under == "bans":
		fill("address", w.ban())
	case under == "users":
		fill("id", text(w.makes(w.admin, "POST", "/users", map[string]any{"id": w.name("user")}), "id"))
	case under == "extensions":
		fill("extension", "1001")
		if strings.Contains(path, "{") {
			fill("number", text(w.makes(w.admin, "POST", "/extensions", map[string]any{"number": w.name("ext")}), "number"))
		}
	case under == "api-keys":
		fill("id", text(w.makes(w.admin, "POST", "/api-keys", samples["create-api-key"]), "id"))
	default:
		w.t.Fatalf("%s %s: nobody has said what its path is filled with", op.Method, op.Path)
	}
	return path, body
}
