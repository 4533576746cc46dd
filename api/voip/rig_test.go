package voip_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api"
	"github.com/skygenesisenterprise/skybridge/api/identity"
	"github.com/skygenesisenterprise/skybridge/api/voip"
	"github.com/skygenesisenterprise/skybridge/api/voip/chat"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/api/voip/roomfeed"
	"github.com/skygenesisenterprise/skybridge/api/ws"
	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/external"
	"github.com/skygenesisenterprise/skybridge/signaling/ownaddress"
	"github.com/skygenesisenterprise/skybridge/signaling/presence"
	"github.com/skygenesisenterprise/skybridge/signaling/recording"
	webrtctech "github.com/skygenesisenterprise/skybridge/signaling/tech/webrtc"
)

// rig is the API over HTTP with everything below it real, but for the phones.
type rig struct {
	t      *testing.T
	engine *signaling.Engine
	mixer  *mixer.Engine
	phones *phones
	ports  *rtp.Ports
	auth   *auth.Authenticator
	db     *store.Store
	base   string
	http   *http.Client
	doc    *document
	stop   func()
	down   error // what /readyz says
}

// newRig starts a server; change tunes it. Whatever a test leaves behind fails it.
func newRig(t *testing.T, change ...func(*voip.Config)) *rig {
	t.Helper()
	r := startRig(t, openStore(t), change...)
	t.Cleanup(r.stop)
	return r
}

// openStore is an empty database.
func openStore(t *testing.T) *store.Store {
	t.Helper()
	sc := store.Default()
	sc.Path = store.Memory
	db, err := store.Open(context.Background(), sc, testLog())
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	return db
}

// startRig starts a server over a database; stop ends it.
func startRig(t *testing.T, db *store.Store, change ...func(*voip.Config)) *rig {
	t.Helper()
	log := testLog()
	codecs := media.Codecs{opus.Codec(), pcmu}
	mc := mixer.Default()
	mc.Workers, mc.FIFO = 1, false
	mix, err := mixer.New(mc, codecs, log)
	must(t, err)
	wc := rtc.Default()
	wc.Listen = "127.0.0.1:0"
	peers, err := rtc.New(wc, codecs, log)
	must(t, err)
	r := &rig{t: t, mixer: mix, db: db, http: &http.Client{Transport: &http.Transport{}}}
	r.engine = signaling.New(signaling.Config{Mixer: mix, Log: log, MaxChannels: 1000})
	r.phones = newPhones(mix, "1001", "1002", "1003")
	browsers := &webrtctech.Tech{}
	r.engine.AddTech(webrtctech.Extensions{Tech: r.phones, Browsers: browsers}, "SIP")
	r.engine.AddTech(browsers)
	cfg := voip.Config{
		Engine: r.engine, Rooms: conference.NewRegistry(r.engine), WebRTC: peers, Codecs: codecs, Store: db, Log: log,
		RingTimeout: patience, OfferGrace: patience, PerUser: 10,
	}
	pc := rtp.DefaultPortsConfig()
	pc.First, pc.Last, pc.Addresses = 0, 0, []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	r.ports, err = rtp.NewPorts(pc)
	must(t, err)
	cfg.External = &external.Config{Engine: r.engine, Ports: r.ports, Address: ownaddress.New(r.ports), Codecs: codecs, Log: log}
	cfg.Hub = fanout.NewHub()
	cfg.Recordings = recording.NewRegistry(recording.Config{Engine: r.engine, Codecs: codecs, Log: log, Monitor: t.TempDir()})
	made := cfg.Recordings
	for _, f := range change {
		f(&cfg)
	}
	users := cfg.Presence
	if users == nil {
		users = newPresence(cfg.Hub)
	}
	follow := users.Follow(r.engine, log)
	feed := roomfeed.Follow(r.engine, cfg.Rooms, cfg.Hub, log)
	var service *voip.Service
	messages := chat.New(chat.Config{
		Store: db.Messages, Hub: cfg.Hub, Now: time.Now, Log: log,
		Members: func(p auth.Principal, room string) ([]string, error) { return service.Members(p, room) },
		Talkers: func(p auth.Principal, call string) (string, []string, error) { return service.Talkers(p, call) },
	})
	cfg.Data = messages.Line
	service, err = voip.NewService(context.Background(), cfg)
	must(t, err)
	browsers.Serve(service)
	r.auth, err = auth.New(auth.Config{Secret: []byte("a secret of the tests")}, keyring{db})
	must(t, err)
	sockets := ws.Default()
	sockets.Hub, sockets.Calls, sockets.Presence, sockets.Log = cfg.Hub, service, users, log
	sockets.Chat = messages
	server, err := api.New(api.Config{
		WebSocket: &sockets,
		Listen:    "127.0.0.1:0", Idempotency: db.Idempotency, Auth: r.auth, VoIP: service, Version: "test", Log: log,
		Ready:    func() error { return r.down },
		Identity: &identity.Config{Store: db, Now: time.Now, Log: log},
	})
	must(t, err)
	must(t, server.Start(context.Background()))
	r.base = "http://" + server.Addr().String()
	r.doc = readDocument(t, r.base)
	stopped := false
	r.stop = func() {
		if stopped {
			return
		}
		stopped = true
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		r.http.CloseIdleConnections()
		must(t, server.Shutdown(ctx))
		follow()
		feed.Close()
		service.Close()
		messages.Close()
		if err := r.engine.Drain(ctx); err != nil {
			t.Errorf("%d channels are left: %v", len(r.engine.Channels()), err)
		}
		must(t, made.Close())
		if cfg.Recordings != nil {
			must(t, cfg.Recordings.Close())
		}
		must(t, peers.Close())
		must(t, mix.Close())
	}
	return r
}

func newPresence(hub *fanout.Hub) *presence.Registry {
	c := presence.Default()
	c.Changed = ws.PresenceChanged(hub)
	return presence.New(c)
}

// knowsWho has a server know which users are there.
func knowsWho(c *voip.Config) { c.Presence = newPresence(c.Hub) }

func testLog() *slog.Logger {
	if os.Getenv("VOIP_LOG") != "" {
		return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return slog.New(slog.DiscardHandler)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// user is somebody who uses the API.
type user struct {
	*rig
	name  string
	token string
	key   string // in place of a token
}

// as gives a user; the roles are those of the token.
func (r *rig) as(name string, change ...func(*auth.Principal)) *user {
	r.t.Helper()
	p := auth.Principal{User: name}
	for _, f := range change {
		f(&p)
	}
	token, err := r.auth.Issue(p, time.Hour)
	must(r.t, err)
	return &user{rig: r, name: name, token: token}
}

// in is the user in a subtest.
func (u *user) in(t *testing.T) *user {
	r := *u.rig
	r.t = t
	return &user{rig: &r, name: u.name, token: u.token}
}

func role(roles ...auth.Role) func(*auth.Principal) {
	return func(p *auth.Principal) { p.Roles = roles }
}

func extension(number string) func(*auth.Principal) {
	return func(p *auth.Principal) { p.Extension = number }
}

// answer is what the server answered.
type answer struct {
	t      *testing.T
	what   string
	status int
	header http.Header
	body   []byte
}

// into decodes the body.
func (a answer) into(v any) {
	a.t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		a.t.Fatalf("%s: %d: %v in %s", a.what, a.status, err, a.body)
	}
}

// want checks the status, and of a problem the code.
func (a answer) want(status int, code ...string) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s: status %d, want %d: %s", a.what, a.status, status, a.body)
	}
	if len(code) > 0 {
		if p := a.problem(); p.Code != code[0] {
			a.t.Fatalf("%s: code %q, want %q: %s", a.what, p.Code, code[0], a.body)
		}
	}
	return a
}

type problem struct {
	Status int
	Code   string
	Detail string
	Trace  string `json:"trace_id"`
	State  string
	SIP    *struct{ Status int }
	Errors []struct{ Message, Location string }
}

func (a answer) problem() problem {
	a.t.Helper()
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		a.t.Fatalf("%s: %d is of type %q: %s", a.what, a.status, got, a.body)
	}
	var p problem
	a.into(&p)
	if p.Status != a.status || p.Trace == "" {
		a.t.Fatalf("%s: problem %+v with status %d", a.what, p, a.status)
	}
	return p
}

// at checks that the problem names a field.
func (a answer) at(location string) answer {
	a.t.Helper()
	for _, e := range a.problem().Errors {
		if e.Location == location {
			return a
		}
	}
	a.t.Fatalf("%s: nothing about %s: %s", a.what, location, a.body)
	return a
}

// do makes a request. in is a body: nil, text as it is, or a value for JSON. What
// comes back must be as the API's own document says.
func (u *user) do(method, path string, in any, headers ...string) answer {
	u.t.Helper()
	var body io.Reader
	switch v := in.(type) {
	case nil:
	case string:
		body = strings.NewReader(v)
	default:
		text, err := json.Marshal(in)
		must(u.t, err)
		body = bytes.NewReader(text)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, u.base+rest.Base+path, body)
	must(u.t, err)
	if u.key != "" {
		req.Header.Set("X-API-Key", u.key)
	}
	if u.token != "" {
		req.Header.Set("Authorization", "Bearer "+u.token)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := u.http.Do(req)
	must(u.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(u.t, err)
	a := answer{t: u.t, what: u.name + ": " + method + " " + path, status: resp.StatusCode, header: resp.Header, body: text}
	u.doc.check(u.t, method, rest.Base+path, a)
	return a
}

func (u *user) get(path string) answer          { u.t.Helper(); return u.do("GET", path, nil) }
func (u *user) post(path string, in any) answer { u.t.Helper(); return u.do("POST", path, in) }
func (u *user) delete(path string) answer       { u.t.Helper(); return u.do("DELETE", path, nil) }

// calls makes a call to the endpoints.
func (u *user) calls(endpoints ...string) voip.CallBody {
	u.t.Helper()
	var c voip.CallBody
	u.post("/calls", map[string]any{"participants": endpoints, "call_type": "audio"}).want(201).into(&c)
	return c
}

// sees waits until a call is as wished, in the eyes of the user.
func (u *user) sees(id, what string, ok func(voip.CallBody) bool) voip.CallBody {
	u.t.Helper()
	var c voip.CallBody
	eventually(u.t, func() bool {
		u.get("/calls/" + id).want(200).into(&c)
		return ok(c)
	}, func() string { return what + ": " + show(c) })
	return c
}

func status(s voip.Status) func(voip.CallBody) bool {
	return func(c voip.CallBody) bool { return c.Status == s }
}

func show(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// phone waits for a phone to be rung.
func (r *rig) phone(number string) *phone {
	r.t.Helper()
	select {
	case ph := <-r.phones.rung[number]:
		return ph
	case <-time.After(patience):
		r.t.Fatalf("phone %s is not rung", number)
		return nil
	}
}

// eventually tries until ok.
func eventually(t *testing.T, ok func() bool, what func() string) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never: %s", what())
		}
	}
}
