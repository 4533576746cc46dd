package jwks_test

import (
	"crypto/elliptic"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/auth/jwks"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/logtest"
)

const patience = time.Minute

// provider is an identity provider, whose answer changes.
type provider struct {
	*httptest.Server
	fetched chan struct{} // after each answer

	mu     sync.Mutex
	answer http.HandlerFunc
	count  int
}

func newProvider(t *testing.T, body []byte) *provider {
	t.Helper()
	p := &provider{fetched: make(chan struct{}, 10000)}
	p.publish(body)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.count++
		answer := p.answer
		p.mu.Unlock()
		answer(w, r)
		p.fetched <- struct{}{}
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) says(h http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = h
}

func (p *provider) publish(body []byte) {
	p.says(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }) // the client may be gone
}

func (p *provider) fails() {
	p.says(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
}

func (p *provider) fetches() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// checker checks tokens with the keys of a provider.
func checker(t *testing.T, url string, change func(*jwks.Config)) (*auth.Authenticator, *logtest.Log) {
	t.Helper()
	log := &logtest.Log{}
	cfg := jwks.Default()
	cfg.URL, cfg.Log, cfg.Timeout = url, slog.New(slog.NewTextHandler(log, nil)), patience
	change(&cfg)
	remote, err := jwks.Follow(cfg)
	must(t, err)
	t.Cleanup(func() { must(t, remote.Close()) })
	a, err := auth.New(auth.Config{Secret: []byte("0123456789abcdef"), Provider: remote}, nil)
	must(t, err)
	return a, log
}

func signed(t *testing.T, m jwt.SigningMethod, key any, id any) string {
	t.Helper()
	token := jwt.NewWithClaims(m, jwt.MapClaims{"sub": "bob", "exp": time.Now().Add(time.Hour).Unix()})
	if id != nil {
		token.Header["kid"] = id
	}
	text, err := token.SignedString(key)
	must(t, err)
	return text
}

func is(t *testing.T, a *auth.Authenticator, token string, want fault.Kind) {
	t.Helper()
	if _, err := a.Token(token); err == nil || fault.Of(err) != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func taken(t *testing.T, a *auth.Authenticator, token string) {
	t.Helper()
	if p, err := a.Token(token); err != nil || p.User != "bob" {
		t.Errorf("%+v, %v", p, err)
	}
}

// until waits for what a fetch brings about.
func until(t *testing.T, p *provider, ok func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-p.fetched:
		case <-deadline:
			t.Fatal("never")
		}
	}
}

func TestRotation(t *testing.T) {
	first, second := newEC(t, elliptic.P256()), newRSA(t)
	oldToken, newToken := signed(t, jwt.SigningMethodES256, first, "1"), signed(t, jwt.SigningMethodRS256, second, "2")
	t.Run("by the unknown kid", func(t *testing.T) {
		p := newProvider(t, set(t, jwk(t, "1", &first.PublicKey)))
		a, _ := checker(t, p.URL, func(c *jwks.Config) { c.Cooldown = 0 })
		taken(t, a, oldToken)
		is(t, a, newToken, fault.Unauthorized)
		p.publish(set(t, jwk(t, "1", &first.PublicKey), jwk(t, "2", &second.PublicKey)))
		taken(t, a, newToken)
		taken(t, a, oldToken)
		p.publish(set(t, jwk(t, "2", &second.PublicKey)))
		is(t, a, signed(t, jwt.SigningMethodES256, first, "3"), fault.Unauthorized) // a fetch
		is(t, a, oldToken, fault.Unauthorized)
		taken(t, a, newToken)
	})
	t.Run("by time", func(t *testing.T) {
		p := newProvider(t, set(t, jwk(t, "1", &first.PublicKey)))
		a, _ := checker(t, p.URL, func(c *jwks.Config) { c.Refresh, c.Cooldown = 5*time.Millisecond, time.Hour })
		taken(t, a, oldToken)
		p.publish(set(t, jwk(t, "2", &second.PublicKey)))
		until(t, p, func() bool { _, err := a.Token(oldToken); return err != nil })
		taken(t, a, newToken)
	})
}

// Whatever a token says of itself, a key is used for its own algorithm.
func TestConfusion(t *testing.T) {
	r, e, other := newRSA(t), newEC(t, elliptic.P256()), newEC(t, elliptic.P256())
	body := set(t, jwk(t, "r", &r.PublicKey), jwk(t, "e", &e.PublicKey),
		map[string]any{"kty": "oct", "kid": "s", "k": b64([]byte("a secret that somebody published"))})
	p := newProvider(t, body)
	a, _ := checker(t, p.URL, func(*jwks.Config) {})
	for _, ok := range []string{
		signed(t, jwt.SigningMethodRS256, r, "r"), signed(t, jwt.SigningMethodES256, e, "e"),
		signed(t, jwt.SigningMethodRS256, r, nil), signed(t, jwt.SigningMethodES256, e, nil),
	} {
		taken(t, a, ok)
	}
	for name, token := range map[string]string{
		"another's kid":          signed(t, jwt.SigningMethodES256, e, "r"),
		"not the key of the kid": signed(t, jwt.SigningMethodES256, other, "e"),
		"not a key of any":       signed(t, jwt.SigningMethodES256, other, nil),
		"PSS":                    signed(t, jwt.SigningMethodPS256, r, "r"),
		"RS512":                  signed(t, jwt.SigningMethodRS512, r, "r"),
		"the set as a secret":    signed(t, jwt.SigningMethodHS256, body, "r"),
		"the modulus as one":     signed(t, jwt.SigningMethodHS256, r.N.Bytes(), "r"),
		"the published secret":   signed(t, jwt.SigningMethodHS256, []byte("a secret that somebody published"), "s"),
		"none":                   signed(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "r"),
		"a kid of another type":  signed(t, jwt.SigningMethodRS256, r, 7),
	} {
		t.Run(name, func(t *testing.T) { is(t, a, token, fault.Unauthorized) })
	}
}

// Strangers' kids cost the provider one fetch, however many they are and come at once.
func TestFloodOfUnknownKids(t *testing.T) {
	known, stranger := newEC(t, elliptic.P256()), newEC(t, elliptic.P256())
	p := newProvider(t, set(t, jwk(t, "1", &known.PublicKey)))
	var clock sync.Mutex
	now := time.Now()
	a, _ := checker(t, p.URL, func(c *jwks.Config) {
		c.Refresh, c.Cooldown, c.Stale = 24*time.Hour, time.Minute, 24*time.Hour
		c.Now = func() time.Time { clock.Lock(); defer clock.Unlock(); return now }
	})
	taken(t, a, signed(t, jwt.SigningMethodES256, known, "1"))
	flood := func() {
		var all sync.WaitGroup
		for i := range 16 {
			tokens := make([]string, 25)
			for j := range tokens {
				tokens[j] = signed(t, jwt.SigningMethodES256, stranger, fmt.Sprint("x", i, "-", j))
			}
			all.Go(func() {
				for _, token := range tokens {
					if _, err := a.Token(token); fault.Of(err) != fault.Unauthorized || err == nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
	}
	flood()
	if n := p.fetches(); n != 1 {
		t.Errorf("%d fetches within the cooldown, want the first alone", n)
	}
	clock.Lock()
	now = now.Add(2 * time.Minute)
	clock.Unlock()
	flood()
	if n := p.fetches(); n != 2 {
		t.Errorf("%d fetches after it, want one more", n)
	}
}

// A provider that is away keeps its tokens out and says so; what it said before holds for a while.
func TestProviderIsAway(t *testing.T) {
	key := newEC(t, elliptic.P256())
	token := signed(t, jwt.SigningMethodES256, key, "1")
	body := set(t, jwk(t, "1", &key.PublicKey))
	p := newProvider(t, nil)
	p.fails()
	var clock sync.Mutex
	now := time.Now()
	a, log := checker(t, p.URL, func(c *jwks.Config) {
		c.Retry, c.Refresh, c.Cooldown = 5*time.Millisecond, 10*time.Millisecond, time.Hour
		c.Now = func() time.Time { clock.Lock(); defer clock.Unlock(); return now }
	})
	is(t, a, token, fault.Unavailable)
	if err := a.Ready(); fault.CodeOf(err) != "keys_unavailable" {
		t.Errorf("ready: %v", err)
	}
	own, err := a.Issue(auth.Principal{User: "bob"}, time.Hour)
	must(t, err)
	taken(t, a, own) // our own tokens need no provider
	p.publish(body)
	until(t, p, func() bool { return a.Ready() == nil })
	taken(t, a, token)
	if log.Count("cannot be fetched") != 1 || log.Count("are fetched") != 1 {
		t.Error(log.String())
	}
	p.fails()
	until(t, p, func() bool { return log.Count("cannot be fetched") == 2 })
	taken(t, a, token)
	is(t, a, signed(t, jwt.SigningMethodES256, key, "2"), fault.Unavailable) // nobody can tell
	if err := a.Ready(); err != nil {
		t.Error(err)
	}
	clock.Lock()
	now = now.Add(25 * time.Hour)
	clock.Unlock()
	is(t, a, token, fault.Unavailable)
	if a.Ready() == nil {
		t.Error("ready with keys that nobody has confirmed for a day")
	}
	p.publish(body)
	until(t, p, func() bool { return a.Ready() == nil })
}

// Answers that are none change nothing.
func TestAnswersOfProviders(t *testing.T) {
	key := newEC(t, elliptic.P256())
	good := set(t, jwk(t, "1", &key.PublicKey))
	elsewhere := newProvider(t, good)
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		reason string
	}{
		"too long": {func(w http.ResponseWriter, _ *http.Request) {
			for range 1 + jwks.MaxFile/len(good) {
				if _, err := w.Write(good); err != nil {
					return // it has had enough
				}
			}
		}, "more than"},
		"redirected": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) }, "302"},
		"a page":     {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, "no JWK Set"},
		"cut": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100000")
			_, _ = w.Write(good)
		}, "EOF"},
		"no keys": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"keys":[]}`)) }, "without a key"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t, nil)
			p.says(tc.answer)
			a, log := checker(t, p.URL+"/?secret=hidden", func(*jwks.Config) {})
			is(t, a, signed(t, jwt.SigningMethodES256, key, "1"), fault.Unavailable)
			if text := log.String(); !strings.Contains(text, tc.reason) || strings.Contains(text, "hidden") {
				t.Error(text)
			}
		})
	}
	if n := elsewhere.fetches(); n != 0 {
		t.Errorf("a redirection was followed %d times", n)
	}
}
