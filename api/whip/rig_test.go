package whip_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
	pion "github.com/pion/webrtc/v4"
	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/api"
	"github.com/skygenesisenterprise/skybridge/api/voip"
	"github.com/skygenesisenterprise/skybridge/api/voip/records"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/api/voip/rooms"
	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// fasthttp's clock, one a process for good, and the sweeper of a server's workers.
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"))
}

const patience = time.Minute

var pcmu = g711.MuLaw()

// rig is the API over HTTP with everything below it real, and a room's phone.
type rig struct {
	t     *testing.T
	house *signaltest.House
	rooms *conference.Registry
	auth  *auth.Authenticator
	base  string
	http  *http.Client
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newRig(t *testing.T, change ...func(*rtc.Config)) *rig {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	sc := store.Default()
	sc.Path = store.Memory
	db, err := store.Open(t.Context(), sc, log)
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	mix := signaltest.NewMixer(t, pcmu)
	wc := rtc.Default()
	wc.Listen = "127.0.0.1:0"
	for _, f := range change {
		f(&wc)
	}
	peers, err := rtc.New(wc, media.Codecs{pcmu}, log)
	must(t, err)
	t.Cleanup(func() { must(t, peers.Close()) })
	r := &rig{t: t, house: signaltest.New(t, mix), http: &http.Client{Transport: &http.Transport{}}}
	r.rooms = conference.NewRegistry(r.house.Engine)
	service, err := voip.NewService(t.Context(), voip.Config{
		Engine: r.house.Engine, Rooms: r.rooms, WebRTC: peers, Codecs: media.Codecs{pcmu}, Store: db, Log: log,
		RingTimeout: patience, OfferGrace: patience, MediaTimeout: patience,
		ICEServers: func(user string) []records.ICEServerBody {
			return []records.ICEServerBody{
				{URLs: []string{"stun:stun.example.net"}},
				{URLs: []string{"turn:turn.example.net?transport=udp"}, Username: user, Credential: `a"b`},
			}
		},
	})
	must(t, err)
	r.auth, err = auth.New(auth.Config{Secret: []byte("a secret of the tests")}, nil)
	must(t, err)
	server, err := api.New(api.Config{
		Listen: "127.0.0.1:0", Idempotency: db.Idempotency, Auth: r.auth, VoIP: service, Version: "test", Log: log,
		Origins: []string{"https://studio.example.com"}, Ready: func() error { return nil },
	})
	must(t, err)
	must(t, server.Start(t.Context()))
	r.base = "http://" + server.Addr().String()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		r.http.CloseIdleConnections()
		must(t, server.Shutdown(ctx))
		service.Close()
		for _, room := range r.rooms.Rooms() {
			room.Close()
		}
	})
	return r
}

// user is somebody who uses the API.
type user struct {
	*rig
	token string
}

func (r *rig) as(name string, roles ...auth.Role) *user {
	r.t.Helper()
	token, err := r.auth.Issue(auth.Principal{User: name, Roles: roles}, time.Hour)
	must(r.t, err)
	return &user{r, token}
}

// answer is what the server answered.
type answer struct {
	*http.Response
	t    *testing.T
	body string
}

func (a answer) want(status int) answer {
	a.t.Helper()
	if a.StatusCode != status {
		a.t.Fatalf("%s %s: %s, want %d: %s", a.Request.Method, a.Request.URL.Path, a.Status, status, a.body)
	}
	return a
}

func (a answer) has(header, value string) answer {
	a.t.Helper()
	if got := strings.Join(a.Header.Values(header), " | "); got != value {
		a.t.Errorf("%s %s: %s: %q, want %q", a.Request.Method, a.Request.URL.Path, header, got, value)
	}
	return a
}

// problem is an error as it should be, whose detail has a text in it.
func (a answer) problem(status int, code, text string) answer {
	a.t.Helper()
	var p struct {
		Status       int
		Code, Detail string
	}
	a.want(status).has("Content-Type", "application/problem+json")
	must(a.t, json.Unmarshal([]byte(a.body), &p))
	if p.Status != status || p.Code != code || !strings.Contains(p.Detail, text) {
		a.t.Errorf("%s %s: problem %s", a.Request.Method, a.Request.URL.Path, a.body)
	}
	return a
}

// do makes a request to a path, or to what a Location says.
func (u *user) do(method, path, body string, headers ...string) answer {
	u.t.Helper()
	if !strings.HasPrefix(path, "/api/") {
		path = rest.Base + path
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, u.base+path, strings.NewReader(body))
	must(u.t, err)
	if u.token != "" {
		req.Header.Set("Authorization", "Bearer "+u.token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := u.http.Do(req)
	must(u.t, err)
	text, err := io.ReadAll(resp.Body)
	must(u.t, err)
	must(u.t, resp.Body.Close())
	return answer{resp, u.t, string(text)}
}

func (u *user) json(method, path string, in, out any) {
	u.t.Helper()
	var body bytes.Buffer
	must(u.t, json.NewEncoder(&body).Encode(in))
	a := u.do(method, path, body.String(), "Content-Type", "application/json")
	if a.StatusCode >= 300 {
		u.t.Fatalf("%s %s: %s: %s", method, path, a.Status, a.body)
	}
	if out != nil {
		must(u.t, json.Unmarshal([]byte(a.body), out))
	}
}

// room makes a room.
func (u *user) room(settings map[string]any) rooms.RoomBody {
	u.t.Helper()
	body := map[string]any{"name": "Stage"}
	for name, value := range settings {
		body[name] = value
	}
	var made rooms.RoomBody
	u.json("POST", "/rooms", body, &made)
	return made
}

// publishes posts an offer.
func (u *user) publishes(room, offer string, headers ...string) answer {
	u.t.Helper()
	return u.do("POST", "/rooms/"+room+"/whip", offer, append([]string{"Content-Type", "application/sdp"}, headers...)...)
}

func (u *user) patches(at, match, fragment string) answer {
	u.t.Helper()
	headers := []string{"Content-Type", "application/trickle-ice-sdpfrag"}
	if match != "" {
		headers = append(headers, "If-Match", match)
	}
	return u.do("PATCH", at, fragment, headers...)
}

// present waits until so many are in a room.
func (u *user) present(room string, n int) rooms.RoomBody {
	u.t.Helper()
	var now rooms.RoomBody
	u.house.Eventually("as many are in the room", func() bool {
		u.json("GET", "/rooms/"+room, nil, &now)
		return len(now.Participants) == n
	})
	return now
}

// listener puts a phone into a room.
func (r *rig) listener(room string) *signaltest.Phone {
	r.t.Helper()
	ph := r.house.Phone(pcmu, 0)
	ch, _ := r.house.CallUp("1001", ph)
	in, err := r.rooms.Room(room)
	must(r.t, err)
	place, err := in.Reserve(conference.RoleParticipant)
	must(r.t, err)
	_, err = place.Enter(r.t.Context(), ch, "", conference.RoleParticipant)
	must(r.t, err)
	return ph
}

// hears waits until a phone hears a tone.
func hears(t *testing.T, p *signaltest.Phone, hz float64) {
	t.Helper()
	level := 0.0
	for range 6 { // on a busy machine frames come late
		if level = tone.Lasting(p.Hears(500*time.Millisecond), p.Rate(), hz); level > -25 {
			return
		}
	}
	t.Errorf("%v Hz is heard at %.1f dBFS", hz, level)
}

// client is a streaming program: pion, on loopback, that says a tone in PCMU.
type client struct {
	*pion.PeerConnection
	t      *testing.T
	track  *pion.TrackLocalStaticRTP
	states chan pion.PeerConnectionState
}

func newClient(t *testing.T, direction pion.RTPTransceiverDirection, video ...pion.RTPCodecParameters) *client {
	t.Helper()
	pc, capability := connection(t, video...), pion.RTPCodecCapability{MimeType: pion.MimeTypePCMU, ClockRate: 8000}
	var err error
	c := &client{PeerConnection: pc, t: t, states: make(chan pion.PeerConnectionState, 16)}
	pc.OnConnectionStateChange(func(s pion.PeerConnectionState) { c.states <- s })
	c.track, err = pion.NewTrackLocalStaticRTP(capability, "audio", "studio")
	must(t, err)
	_, err = pc.AddTransceiverFromTrack(c.track, pion.RTPTransceiverInit{Direction: direction})
	must(t, err)
	return c
}

// sender is a client that is like OBS: it sends alone, and has all candidates in its offer.
func sender(t *testing.T) *client { return newClient(t, pion.RTPTransceiverDirectionSendonly) }

// offer is an offer with every candidate.
func (c *client) offer(options *pion.OfferOptions) string {
	c.t.Helper()
	gathered := pion.GatheringCompletePromise(c.PeerConnection)
	offer, err := c.CreateOffer(options)
	must(c.t, err)
	must(c.t, c.SetLocalDescription(offer))
	<-gathered
	return c.LocalDescription().SDP
}

func (c *client) takes(answer string) {
	c.t.Helper()
	must(c.t, c.SetRemoteDescription(pion.SessionDescription{Type: pion.SDPTypeAnswer, SDP: answer}))
}

func (c *client) connected() {
	c.t.Helper()
	for {
		select {
		case s := <-c.states:
			if s == pion.PeerConnectionStateConnected {
				return
			}
			if s == pion.PeerConnectionStateFailed {
				c.t.Fatal("the connection failed")
			}
		case <-time.After(patience):
			c.t.Fatal("no connection")
		}
	}
}

// says a tone until the test ends, or stop is called.
func (c *client) says(hz float64) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	sound := tone.MuLaw(tone.Sine(hz, 8000, 1, 8000))
	done := make(chan struct{})
	go func() { // owned by stop
		defer close(done)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-tick.C:
				at := n % 50 * 160
				_ = c.track.WriteRTP(&rtp.Packet{ // not connected yet, or not any more
					Header:  rtp.Header{Version: 2, SequenceNumber: uint16(n), Timestamp: uint32(n) * 160},
					Payload: sound[at : at+160],
				})
			case <-ctx.Done():
				return
			}
		}
	}()
	end := func() { cancel(); <-done }
	c.t.Cleanup(end)
	return end
}
