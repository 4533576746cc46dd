package api_test

import (
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"github.com/skygenesisenterprise/skybridge/api"
	"github.com/skygenesisenterprise/skybridge/api/limit"
	"github.com/skygenesisenterprise/skybridge/api/ws"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
)

// limited has the API take so many requests. One comes back in a minute: no test takes so long.
func limited(c limit.Config) func(*api.Config) {
	return func(cfg *api.Config) { cfg.Limits = limit.New(c, time.Now) }
}

func once(burst int) limit.Rate { return limit.Rate{PerMinute: 1, Burst: burst} }

const anyList = "/api/v1/voip/calls"

// refused checks that an answer says when to come again.
func (a response) refused(t *testing.T) {
	t.Helper()
	a.problem(t, http.StatusTooManyRequests, "rate_limited")
	if s, err := strconv.Atoi(a.Header.Get("Retry-After")); err != nil || s < 6 || s > 60 { // not the 5 of those who do not know
		t.Errorf("Retry-After %q", a.Header.Get("Retry-After"))
	}
}

// Users and keys are each counted for themselves.
func TestUsersAndKeysAreLimited(t *testing.T) {
	r := newRig(t, limited(limit.Config{User: once(2), Key: once(1)}))
	a := r.do("GET", anyList, "", r.bearer()...)
	if p, s := a.Header.Get("RateLimit-Policy"), a.Header.Get("RateLimit"); a.StatusCode != http.StatusOK || p != `"user";q=2;w=120` || s != `"user";r=1;t=60` {
		t.Errorf("%s, policy %q, state %q", a.Status, p, s)
	}
	r.do("GET", anyList, "", r.bearer()...)
	a = r.do("GET", anyList, "", r.bearer()...)
	a.refused(t)
	if s := a.Header.Get("RateLimit"); s == "" || s[:12] != `"user";r=0;t` {
		t.Errorf("state %q", s)
	}
	if a := r.do("GET", anyList, "", "Authorization", "Bearer "+r.token(auth.Principal{User: "bob"})); a.StatusCode != http.StatusOK {
		t.Errorf("another user: %s", a.Status)
	}
	if a := r.do("GET", anyList, "", "X-API-Key", r.key); a.StatusCode != http.StatusOK || a.Header.Get("RateLimit") != `"key";r=0;t=60` {
		t.Errorf("with a key: %s, %q", a.Status, a.Header.Get("RateLimit"))
	}
	r.do("GET", anyList, "", "X-API-Key", r.key).refused(t)
	if a := r.do("GET", anyList, "", "X-API-Key", r.narrow); a.StatusCode != http.StatusForbidden {
		t.Errorf("with another key: %s", a.Status)
	}
	if r.do("GET", anyList, "").Header.Get("RateLimit") != "" {
		t.Error("who is nobody has a limit")
	}
}

// Addresses are counted whoever asks, but for what tells whether the server is there, and its page.
func TestAddressesAreLimited(t *testing.T) {
	r := newRig(t, live(), limited(limit.Config{Address: once(3), Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}))
	r.do("GET", anyList, "", r.bearer()...)
	if a := r.do("GET", anyList, ""); a.StatusCode != http.StatusUnauthorized { // counts as well
		t.Errorf("nobody: %s", a.Status)
	}
	_, status, err := r.opens("", nil)
	if err != nil || status != http.StatusSwitchingProtocols {
		t.Errorf("a WebSocket: %d %v", status, err)
	}
	r.do("GET", anyList, "", r.bearer()...).refused(t)
	if _, status, _ := r.opens("", nil); status != http.StatusTooManyRequests {
		t.Errorf("a WebSocket too many: %d", status)
	}
	for _, path := range []string{"/healthz", "/readyz", "/api/v1/voip/asterisk/health", "/", "/app.js", "/openapi.json"} {
		for range 5 {
			if a := r.do("GET", path, ""); a.StatusCode != http.StatusOK || a.Header.Get("RateLimit") != "" {
				t.Errorf("%s: %s, %q", path, a.Status, a.Header.Get("RateLimit"))
			}
		}
	}
	for _, h := range [][]string{{"X-Forwarded-For", "192.0.2.1"}, {"Forwarded", `for="[2001:db8::1]:80"`}} {
		if a := r.do("GET", anyList, "", append(r.bearer(), h...)...); a.StatusCode != http.StatusOK {
			t.Errorf("%q by a proxy that is trusted: %s", h, a.Status)
		}
	}
}

// Without a proxy's word being trusted, nobody is another by saying so.
func TestNobodySaysWhereTheyComeFrom(t *testing.T) {
	r := newRig(t, limited(limit.Config{Address: once(1)}))
	r.do("GET", anyList, "", r.bearer()...)
	for _, h := range []string{"Forwarded", "X-Forwarded-For"} {
		r.do("GET", anyList, "", append(r.bearer(), h, map[string]string{"Forwarded": "for=192.0.2.1"}[h]+"192.0.2.1")...).refused(t)
	}
}

// Who guesses tokens and keys is not looked at any more, be the next one good.
func TestFailuresAreLimited(t *testing.T) {
	r := newRig(t, live(), limited(limit.Config{Failures: once(4)}))
	for range 10 { // no guess
		r.do("GET", anyList, "").problem(t, 401, "unauthorized")
	}
	r.do("GET", anyList, "", "Authorization", "Bearer nonsense").problem(t, 401, "unauthorized")
	r.do("GET", anyList, "", "X-API-Key", "sk_nonsense").problem(t, 401, "unauthorized")
	if _, status, _ := r.opens("?token=nonsense", nil); status != 401 {
		t.Errorf("a WebSocket: %d", status)
	}
	s, _, err := r.opens("", nil)
	must(t, err)
	s.says(map[string]string{"type": "Auth", "token": "nonsense"}).ends(4401)
	for range 2 {
		r.do("GET", anyList, "", r.bearer()...).refused(t)
	}
	if _, status, _ := r.opens("", nil); status != http.StatusTooManyRequests {
		t.Errorf("one more WebSocket: %d", status)
	}
	if a := r.do("GET", "/healthz", ""); a.StatusCode != http.StatusOK {
		t.Errorf("health: %s", a.Status)
	}
}

// One address does not take the places of all strangers.
func TestStrangersOfOneAddress(t *testing.T) {
	r := newRig(t, live(func(c *ws.Config) { c.StrangersOfOne = 2 }),
		limited(limit.Config{Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}))
	closed := make(chan error, 3)
	for range 3 {
		s, _, err := r.opens("", nil)
		must(t, err)
		go func() { // ended with the server
			_, _, err := s.conn.ReadMessage()
			closed <- err
		}()
	}
	if err := <-closed; !websocket.IsCloseError(err, 4429) {
		t.Errorf("the third: %v", err)
	}
	other, _, err := r.opens("", http.Header{"X-Forwarded-For": {"192.0.2.1"}})
	must(t, err)
	other.says(frame{"type": "Auth", "token": r.token(auth.Principal{User: "alice"})}).next("Welcome")
}

// Who has said who it is makes room.
func TestStrangersMakeRoom(t *testing.T) {
	r := newRig(t, live(func(c *ws.Config) { c.StrangersOfOne = 1 }))
	for range 3 {
		s, _, err := r.opens("", nil)
		must(t, err)
		s.says(frame{"type": "Auth", "token": r.token(auth.Principal{User: "alice"})}).next("Welcome")
	}
}

// Pages of other origins read what is left.
func TestLimitsAreShownToOtherOrigins(t *testing.T) {
	r := newRig(t, limited(limit.Config{User: once(2)}), func(c *api.Config) { c.Origins = []string{"https://app.example.com"} })
	a := r.do("GET", anyList, "", append(r.bearer(), "Origin", "https://app.example.com")...)
	exposed := strings.Split(a.Header.Get("Access-Control-Expose-Headers"), ",")
	for _, name := range []string{"Retry-After", "RateLimit", "RateLimit-Policy"} {
		if !slices.Contains(exposed, name) {
			t.Errorf("%s is not among %q", name, exposed)
		}
	}
}
