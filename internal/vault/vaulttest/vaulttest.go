// Package vaulttest is the part of Vault's HTTP API that package vault uses: KV version 2, tokens
// with a time to live that are renewed up to a most, AppRole, sealing. It answers in Vault's forms,
// but is no Vault. It starts no goroutine.
package vaulttest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Server is a Vault with nothing in it. Its fields are set before it is served.
type Server struct {
	// TTL is how long tokens of AppRole live without being renewed, MaxTTL how long at most.
	TTL, MaxTTL      time.Duration
	RoleID, SecretID string

	mu      sync.Mutex
	secrets map[string]map[string]any // by MOUNT/data/PATH; nil fields are a version that is deleted
	tokens  map[string]*token
	made    int
	sealed  bool
	counts  map[string]int
}

type token struct {
	begun, until time.Time // until is zero for a token without end
	renewable    bool
}

// Put makes a version of a secret; nil deletes the newest one.
func (s *Server) Put(path string, fields map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.secrets == nil {
		s.secrets = make(map[string]map[string]any)
	}
	s.secrets[path] = fields
}

// Token makes a token; a ttl of 0 is for ever.
func (s *Server) Token(ttl time.Duration, renewable bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token(ttl, renewable)
}

func (s *Server) token(ttl time.Duration, renewable bool) string {
	if s.tokens == nil {
		s.tokens = make(map[string]*token)
	}
	s.made++
	t := &token{begun: time.Now(), renewable: renewable}
	if ttl > 0 {
		t.until = t.begun.Add(ttl)
	}
	name := fmt.Sprintf("hvs.TOKEN%d", s.made)
	s.tokens[name] = t
	return name
}

// Revoke ends all tokens.
func (s *Server) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = nil
}

// Seal has everything be answered with 503, or no more.
func (s *Server) Seal(sealed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sealed = sealed
}

// Count is how often something was done: "login", "renew", "read", "refused".
func (s *Server) Count(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[what]
}

func (s *Server) did(what string) {
	if s.counts == nil {
		s.counts = make(map[string]int)
	}
	s.counts[what]++
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	s.mu.Lock()
	defer s.mu.Unlock()
	status, answer := http.StatusBadRequest, failed("unreadable")
	if err == nil {
		status, answer = s.answer(r, body)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		panic(err) // a test has put something there that is no JSON
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client may have gone
}

func failed(why ...string) map[string]any { return map[string]any{"errors": why} }

func (s *Server) answer(r *http.Request, body []byte) (int, map[string]any) {
	path := strings.TrimPrefix(r.URL.Path, "/v1/")
	if s.sealed {
		return http.StatusServiceUnavailable, failed("Vault is sealed")
	}
	if path == "auth/approle/login" {
		return s.login(body)
	}
	t := s.tokens[r.Header.Get("X-Vault-Token")]
	if t == nil || !t.until.IsZero() && time.Now().After(t.until) {
		s.did("refused")
		return http.StatusForbidden, failed("permission denied")
	}
	switch path {
	case "auth/token/lookup-self":
		ttl := time.Duration(0)
		if !t.until.IsZero() {
			ttl = time.Until(t.until)
		}
		return http.StatusOK, map[string]any{"data": map[string]any{"ttl": int(ttl.Round(time.Second) / time.Second), "renewable": t.renewable}}
	case "auth/token/renew-self":
		return s.renew(r.Header.Get("X-Vault-Token"), t)
	}
	fields, known := s.secrets[path]
	s.did("read")
	switch {
	case !known:
		return http.StatusNotFound, failed()
	case fields == nil:
		return http.StatusNotFound, map[string]any{"data": map[string]any{"data": nil, "metadata": map[string]any{"deletion_time": "2026-01-02T03:04:05Z", "version": 2}}}
	case !strings.Contains(path, "/data/"): // version 1 has the fields at once
		return http.StatusOK, map[string]any{"data": fields}
	}
	return http.StatusOK, map[string]any{"data": map[string]any{"data": fields, "metadata": map[string]any{"version": 1}}}
}

func (s *Server) login(body []byte) (int, map[string]any) {
	var in struct {
		Role   string `json:"role_id"`
		Secret string `json:"secret_id"`
	}
	s.did("login")
	if err := json.Unmarshal(body, &in); err != nil || s.RoleID == "" || in.Role != s.RoleID || in.Secret != s.SecretID {
		return http.StatusBadRequest, failed("invalid role or secret ID")
	}
	name := s.token(s.TTL, true)
	return http.StatusOK, map[string]any{"auth": auth(name, s.TTL, true)}
}

func (s *Server) renew(name string, t *token) (int, map[string]any) {
	if !t.renewable {
		return http.StatusBadRequest, failed("lease is not renewable")
	}
	s.did("renew")
	now := time.Now()
	t.until = now.Add(s.TTL)
	if most := t.begun.Add(s.MaxTTL); s.MaxTTL > 0 && t.until.After(most) {
		t.until = most
	}
	return http.StatusOK, map[string]any{"auth": auth(name, t.until.Sub(now), true)}
}

func auth(name string, ttl time.Duration, renewable bool) map[string]any {
	return map[string]any{"client_token": name, "lease_duration": int(ttl.Round(time.Second) / time.Second), "renewable": renewable, "policies": []string{"default"}}
}
