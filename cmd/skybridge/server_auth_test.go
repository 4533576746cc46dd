package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// A server starts without its identity provider, says so, and takes its tokens once it is there.
func TestStartWithoutTheIdentityProvider(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	var there atomic.Bool
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !there.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintf(w, `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":%q}]}`, base64.RawURLEncoding.EncodeToString(public)) // the server may have ended
	}))
	t.Cleanup(provider.Close)
	unsigned := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{"sub": "bob", "exp": time.Now().Add(time.Hour).Unix()})
	unsigned.Header["kid"] = "a"
	token, err := unsigned.SignedString(private)
	must(t, err)
	srv, log := started(t, "auth.jwks_url="+provider.URL)
	get := func(path string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+srv.api.Addr().String()+path, nil)
		must(t, err)
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		must(t, err)
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		must(t, err)
		return resp.StatusCode, string(text)
	}
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	for path, reason := range map[string]string{"/readyz": "keys of tokens", "/api/v1/voip/calls": "keys_unavailable"} {
		if status, text := get(path); status != http.StatusServiceUnavailable || !strings.Contains(text, reason) || strings.Contains(text, provider.URL) {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	if log.Count("the keys of tokens cannot be fetched") != 1 {
		t.Error(log.String())
	}
	there.Store(true)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for srv.auth.Ready() != nil {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it never recovers")
		}
	}
	for _, path := range []string{"/readyz", "/api/v1/voip/calls"} {
		if status, text := get(path); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
}

// A key that has gone from the key file opens nothing from the next reload on; a file that cannot
// be read changes nothing.
func TestTheKeyFileIsReloaded(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys.json")
	var tokens, keys []string
	for _, id := range []string{"old", "new"} {
		public, private, err := ed25519.GenerateKey(rand.Reader)
		must(t, err)
		keys = append(keys, fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","kid":%q,"x":%q}`, id, base64.RawURLEncoding.EncodeToString(public)))
		unsigned := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{"sub": "bob", "exp": time.Now().Add(time.Hour).Unix()})
		unsigned.Header["kid"] = id
		token, err := unsigned.SignedString(private)
		must(t, err)
		tokens = append(tokens, token)
	}
	write := func(text string) { t.Helper(); must(t, os.WriteFile(file, []byte(text), 0o600)) }
	write(`{"keys":[` + keys[0] + `]}`)
	srv, _ := started(t, "auth.jwt_key_file="+file)
	takes := func(want ...bool) {
		t.Helper()
		for i, token := range tokens {
			if _, err := srv.auth.Token(token); (err == nil) != want[i] {
				t.Errorf("token %d: %v", i, err)
			}
		}
	}
	takes(true, false)
	write(`{"keys":[` + strings.Join(keys, ",") + `]}`)
	takes(true, false)
	must(t, srv.reload(t.Context()))
	takes(true, true)
	write("nothing")
	if err := srv.reload(t.Context()); err == nil {
		t.Error("a key file that is none is taken")
	}
	takes(true, true)
	write(`{"keys":[` + keys[1] + `]}`)
	must(t, srv.reload(t.Context()))
	takes(false, true)
}
