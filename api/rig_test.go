package api_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/skygenesisenterprise/skybridge/api"
	"github.com/skygenesisenterprise/skybridge/api/voip"
	"github.com/skygenesisenterprise/skybridge/api/voip/chat"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/logtest"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
)

const patience = time.Minute

// rig is a server whose calls go nowhere: there is no technology.
type rig struct {
	t      *testing.T
	server *api.Server
	auth   *auth.Authenticator
	key    string // for the API
	narrow string // a key for recordings alone
	log    *logtest.Log
	http   *http.Client
	base   string
	down   error
	stop   func() error
}

// panics is a technology that is broken.
type panics struct{}

func (panics) Name() string                            { return "BROKEN" }
func (panics) Endpoints() []signaling.EndpointSnapshot { return nil }
func (panics) Dial(context.Context, signaling.DialRequest) (signaling.Leg, error) {
	panic("secret detail")
}

// keys knows API keys by their hashes.
type keys map[string]auth.Key

func (k keys) APIKey(_ context.Context, hash string) (auth.Key, error) {
	if hash == auth.HashKey("sk_broken") {
		return auth.Key{}, errors.New("the disk is gone")
	}
	known, ok := k[hash]
	if !ok {
		return auth.Key{}, fault.New(fault.NotFound, "no key")
	}
	return known, nil
}

func newRig(t *testing.T, change ...func(*api.Config)) *rig {
	t.Helper()
	r := &rig{t: t, log: &logtest.Log{}}
	log := slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	sc := store.Default()
	sc.Path = store.Memory
	db, err := store.Open(context.Background(), sc, log)
	must(t, err)
	mc := mixer.Default()
	mc.Workers, mc.FIFO = 1, false
	mix, err := mixer.New(mc, nil, log)
	must(t, err)
	engine := signaling.New(signaling.Config{Mixer: mix, Log: log})
	engine.AddTech(panics{})
	service, err := voip.NewService(context.Background(), voip.Config{
		Engine: engine, Rooms: conference.NewRegistry(engine), Store: db, Log: log, RingTimeout: time.Minute, OfferGrace: time.Minute,
	})
	must(t, err)
	var stored, narrow auth.Key
	r.key, stored = auth.NewKey("machine", []auth.Role{auth.RoleService}, time.Time{})
	r.narrow, narrow = auth.NewKey("machine", []auth.Role{auth.RoleService}, time.Time{})
	narrow.Scopes = []string{"recordings:read"}
	r.auth, err = auth.New(auth.Config{Secret: []byte("a secret of the tests")}, keys{stored.Hash: stored, narrow.Hash: narrow})
	must(t, err)
	cfg := api.Config{
		Listen: "127.0.0.1:0", Idempotency: db.Idempotency, Auth: r.auth, VoIP: service, Version: "1.2.3", Log: log, Ready: func() error { return r.down },
		Pages: fstest.MapFS{
			"index.html": {Data: []byte("<!doctype html>")}, "app.js": {Data: []byte("export {}")},
		},
	}
	for _, f := range change {
		f(&cfg)
	}
	if cfg.WebSocket != nil {
		cfg.WebSocket.Chat = chat.New(chat.Config{
			Store: db.Messages, Hub: cfg.WebSocket.Hub, Members: service.Members, Talkers: service.Talkers, Now: time.Now, Log: cfg.Log,
		})
	}
	r.server, err = api.New(cfg)
	must(t, err)
	must(t, r.server.Start(context.Background()))
	r.base = "http://" + r.server.Addr().String()
	r.http = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	if cfg.TLS != nil {
		r.base = "https://" + r.server.Addr().String()
	}
	stopped := false
	r.stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		err := r.server.Shutdown(ctx)
		service.Close()
		if cfg.WebSocket != nil {
			cfg.WebSocket.Chat.Close()
		}
		must(t, engine.Drain(ctx))
		must(t, mix.Close())
		must(t, db.Close())
		return err
	}
	t.Cleanup(func() {
		r.http.CloseIdleConnections()
		must(t, r.stop())
	})
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type response struct {
	*http.Response
	body string
}

func (r *rig) do(method, path, body string, headers ...string) response {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.base+path, strings.NewReader(body))
	must(r.t, err)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := r.http.Do(req)
	must(r.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(r.t, err)
	return response{resp, string(text)}
}

func (r *rig) token(p auth.Principal) string {
	r.t.Helper()
	token, err := r.auth.Issue(p, time.Hour)
	must(r.t, err)
	return token
}

func (r *rig) bearer() []string {
	r.t.Helper()
	return []string{"Authorization", "Bearer " + r.token(auth.Principal{User: "alice"}), "Content-Type", "application/json"}
}

// problem checks that an answer is one.
func (a response) problem(t *testing.T, status int, code string) {
	t.Helper()
	var p struct {
		Type, Title, Code, Detail string
		Status                    int
		Trace                     string `json:"trace_id"`
	}
	if a.StatusCode != status || a.Header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("%s %s: %s %s: %s", a.Request.Method, a.Request.URL, a.Status, a.Header.Get("Content-Type"), a.body)
	}
	must(t, json.Unmarshal([]byte(a.body), &p))
	if p.Status != status || p.Code != code || p.Type != "about:blank" || p.Title != http.StatusText(status) || p.Trace == "" {
		t.Errorf("%s %s: problem %s", a.Request.Method, a.Request.URL, a.body)
	}
}
