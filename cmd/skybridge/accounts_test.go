package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/logtest"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// asks is who asks a server's API.
type asks struct {
	t      *testing.T
	srv    *server
	header string // "Authorization: Bearer ..."
}

// as gives the asker a token.
func as(t *testing.T, srv *server, p auth.Principal) asks {
	t.Helper()
	token, err := srv.auth.Issue(p, time.Hour)
	must(t, err)
	return asks{t, srv, "Authorization: Bearer " + token}
}

// do sends a request, wants a status, and gives the answer's body.
func (a asks) do(method, path, body string, want int) map[string]any {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), method, "http://"+a.srv.api.Addr().String()+"/api/v1/voip"+path, strings.NewReader(body))
	must(a.t, err)
	name, value, _ := strings.Cut(a.header, ": ")
	req.Header.Set(name, value)
	req.Header.Set("Content-Type", "application/json")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	must(a.t, err)
	text, err := io.ReadAll(res.Body)
	must(a.t, err)
	must(a.t, res.Body.Close())
	if res.StatusCode != want {
		a.t.Fatalf("%s %s: %d, want %d: %s", method, path, res.StatusCode, want, text)
	}
	var out map[string]any
	if len(text) > 0 {
		must(a.t, json.Unmarshal(text, &out))
	}
	return out
}

// registers is how a phone that registers as a number with a password is answered.
func registers(t *testing.T, p *siptest.Peer, srv *server, number, password string) int {
	t.Helper()
	c := p.NewCall("sip:" + srv.sip.Addr("udp").String())
	c.From = "<sip:" + number + "@127.0.0.1>"
	c.To = c.From
	c.Send("REGISTER", "")
	m := p.Next()
	if m.Status() != 401 {
		return m.Status()
	}
	client := digest.NewClient(digest.Account{Realm: srv.cfg.SIP.Realm, Credentials: digest.Credentials{Username: number, Password: password}})
	attempt := client.Begin("REGISTER", c.URI)
	must(t, attempt.Challenged(m.Status(), m.Headers("WWW-Authenticate")))
	c.Send("REGISTER", "", "Authorization: "+attempt.Headers()[0].Value)
	return p.Next().Status()
}

// An extension that the API makes can be registered at once, over a restart, with its new
// password, and not when it is gone; its user need not name it.
func TestExtensionsOfTheAPI(t *testing.T) {
	for _, algorithms := range []string{"MD5", "SHA-256,MD5"} {
		t.Run(algorithms, func(t *testing.T) { extensionsOfTheAPI(t, "sip.algorithms="+algorithms) })
	}
	t.Run("postgres", func(t *testing.T) {
		_, url := postgres(t)
		extensionsOfTheAPI(t, "database.url="+url)
	})
}

func extensionsOfTheAPI(t *testing.T, set string) {
	s := settings{dataDir: t.TempDir(), set: loopback(set)}
	log := &logtest.Log{}
	run := func() *server {
		t.Helper()
		cfg, err := s.load()
		must(t, err)
		srv, err := start(t.Context(), cfg, manner{}, newLogger(cfg.Log, log))
		must(t, err)
		return srv
	}
	srv := run()
	admin := as(t, srv, auth.Principal{User: "root", Roles: []auth.Role{auth.RoleAdmin}})
	registered := func(p *siptest.Peer, number, password string, want int) {
		t.Helper()
		if got := registers(t, p, srv, number, password); got != want {
			t.Errorf("%s is answered %d, want %d", number, got, want)
		}
	}
	phone := siptest.UDP(t, srv.sip.Addr("udp"))
	registered(phone, "2001", "correct horse", 401)
	made := admin.do("POST", "/extensions", `{"number":"2001","password":"correct horse","caller_id":"\"Ana\" <2001>"}`, 201)
	if made["password"] != nil || made["context"] != "internal" {
		t.Errorf("made %v", made)
	}
	registered(phone, "2001", "wrong", 401)
	registered(phone, "2001", "correct horse", 200)
	if n := len(srv.loaded.Load().directory.Endpoints); n != 10 {
		t.Errorf("%d endpoints", n)
	}

	admin.do("POST", "/users", `{"id":"ana","extension":"2001"}`, 201)
	ana := as(t, srv, auth.Principal{User: "ana"}) // whose token has a name alone
	ana.do("GET", "/extensions/2001/services", "", 200)
	ana.do("GET", "/extensions/1001/services", "", 403)

	must(t, srv.reload(t.Context()))
	registered(phone, "2001", "correct horse", 200)
	must(t, srv.stop(true))
	srv = run()
	defer func() { must(t, srv.stop(true)) }()
	admin.srv, ana.srv = srv, srv
	phone = siptest.UDP(t, srv.sip.Addr("udp"))
	registered(phone, "2001", "correct horse", 200)

	changed := admin.do("PATCH", "/extensions/2001", `{"password":""}`, 200)
	password, _ := changed["password"].(string)
	registered(phone, "2001", "correct horse", 401)
	registered(phone, "2001", password, 200)

	admin.do("PATCH", "/users/ana", `{"disabled":true}`, 200)
	if refused := ana.do("GET", "/extensions/2001/services", "", 401); refused["code"] != "user_disabled" {
		t.Errorf("refused with %v", refused)
	}
	admin.do("DELETE", "/extensions/2001", "", 204)
	registered(phone, "2001", password, 401)
	if bound := srv.registrar.Lookup("2001"); len(bound) > 0 {
		t.Errorf("still bound: %v", bound)
	}
	if user := admin.do("GET", "/users/ana", "", 200); user["extension"] != nil {
		t.Errorf("still linked: %v", user)
	}
	if text := log.String(); strings.Contains(text, "correct horse") || strings.Contains(text, password) {
		t.Error("the log tells a password")
	}
}

// A key opens what its roles and scopes are for, until it is revoked.
func TestKeysOfTheAPI(t *testing.T) {
	srv, log := started(t)
	admin := as(t, srv, auth.Principal{User: "root", Roles: []auth.Role{auth.RoleAdmin}})
	made := admin.do("POST", "/api-keys", `{"name":"billing","owner":"machine","roles":["service"],"scopes":["calls:read"]}`, 201)
	text, _ := made["key"].(string)
	id, _ := made["id"].(string)
	key := asks{t, srv, "X-API-Key: " + text}
	key.do("GET", "/calls", "", 200)
	if refused := key.do("GET", "/rooms", "", 403); refused["code"] != "scope_missing" {
		t.Errorf("refused with %v", refused)
	}
	key.do("POST", "/calls", `{"participants":["SIP/1001"],"call_type":"audio"}`, 403)
	shown := admin.do("GET", "/api-keys/"+id, "", 200)
	if shown["key"] != nil || shown["last_used_at"] == nil || shown["owner"] != "machine" {
		t.Errorf("shown as %v", shown)
	}
	admin.do("DELETE", "/api-keys/"+id, "", 204)
	key.do("GET", "/calls", "", 401)
	if strings.Contains(log.String(), text) {
		t.Error("the log tells the key")
	}

	// One without an owner is one by its name.
	own := admin.do("POST", "/api-keys", `{"name":"till","roles":["service"]}`, 201)
	text, _ = own["key"].(string)
	if own["owner"] != "till" {
		t.Errorf("without an owner: %v", own)
	}
	asks{t, srv, "X-API-Key: " + text}.do("GET", "/calls", "", 200)

	all := admin.do("POST", "/api-keys", `{"name":"all","owner":"root","roles":["admin"],"scopes":["*:write"]}`, 201)
	text, _ = all["key"].(string)
	asks{t, srv, "X-API-Key: " + text}.do("POST", "/api-keys", `{"name":"more","owner":"root","roles":["admin"]}`, 403)
}
