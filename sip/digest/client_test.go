package digest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func account(realm string) Account {
	return Account{Credentials: Credentials{Username: "1001", Password: "secret"}, Realm: realm}
}

// exchange sends a request until it is accepted or given up, and tells how many
// times it was sent.
func exchange(t *testing.T, c *Client, a *Authenticator, method string) (sent int, err error) {
	t.Helper()
	attempt := c.Begin(method, uri)
	for {
		sent++
		r := Request{Method: method, Covers: covers, Source: here}
		for _, h := range attempt.Headers() {
			r.Authorization = append(r.Authorization, h.Value)
		}
		got := a.Check(r, users)
		if got.Verdict == Accepted {
			return sent, nil
		}
		if err := attempt.Challenged(401, a.Challenges(Space{}, here, got.Verdict == Stale)); err != nil {
			return sent, err
		}
	}
}

func TestClientAgainstServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := authenticator(t)
		time.Sleep(time.Second)
		c := NewClient(account("asterisk"))
		for i, tt := range []struct {
			wait time.Duration
			sent int
		}{{0, 2}, {0, 1}, {30 * time.Second, 1}, {3 * time.Second, 2}, {0, 1}} {
			time.Sleep(tt.wait)
			if sent, err := exchange(t, c, a, "REGISTER"); sent != tt.sent || err != nil {
				t.Errorf("request %d: sent %d times, error %v; want %d", i, sent, err, tt.sent)
			}
		}
		wrong := account("asterisk")
		wrong.Password = "guess"
		if sent, err := exchange(t, NewClient(wrong), a, "REGISTER"); sent != 2 || !errors.Is(err, ErrRejected) {
			t.Errorf("wrong password: sent %d times, error %v", sent, err)
		}
	})
}

func TestClientChooses(t *testing.T) {
	md5only := Account{Credentials: Credentials{Username: "1001", HA1: [algorithms]string{MD5: MD5.HA1("1001", "r", "secret")}}, Realm: "r"}
	for _, tt := range []struct {
		name    string
		account Account
		values  []string
		alg     string // in what is sent
		err     error
	}{
		{"one", account("r"), []string{`Digest realm="r", nonce="n"`}, "", nil},
		{"strongest of several", account("r"), []string{
			`Digest realm="r", nonce="n", algorithm=MD5, qop="auth"`, `Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth"`,
			`Digest realm="r", nonce="n", algorithm=SHA3-512, qop="auth"`}, "SHA-256", nil},
		{"strongest the HA1 is for", md5only, []string{
			`Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth"`, `Digest realm="r", nonce="n", algorithm=MD5, qop="auth"`}, "MD5", nil},
		{"beside others", account("r"), []string{"Basic realm=r", "Digest broken", `Digest realm="x", nonce="n"`, `Digest realm="r", nonce="n", algorithm=MD5`}, "MD5", nil},
		{"any realm", account(AnyRealm), []string{`Digest realm="whatever", nonce="n", algorithm=MD5`}, "MD5", nil},
		{"realm of the peer's choice", account("r"), []string{`Digest realm="evil", nonce="n"`}, "", ErrRealm},
		{"no realm configured", account(""), []string{`Digest realm="", nonce="n"`}, "", ErrRealm},
		{"session variant", account("r"), []string{`Digest realm="r", nonce="n", algorithm=MD5-sess, qop="auth"`}, "", ErrUnsupported},
		{"auth-int only", account("r"), []string{`Digest realm="r", nonce="n", qop="auth-int"`}, "", ErrUnsupported},
		{"no digest", account("r"), []string{"Basic realm=r"}, "", ErrUnsupported},
		{"nothing", account("r"), nil, "", ErrUnsupported},
		{"too many", account("r"), append(make([]string, 100), `Digest realm="r", nonce="n"`), "", ErrUnsupported},
	} {
		t.Run(tt.name, func(t *testing.T) {
			attempt := NewClient(tt.account).Begin("REGISTER", uri)
			if err := attempt.Challenged(401, tt.values); !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			hs := attempt.Headers()
			if (len(hs) == 1) != (tt.err == nil) {
				t.Fatalf("sends %v", hs)
			}
			if tt.err == nil {
				if auth, err := ParseAuthorization(hs[0].Value); err != nil || auth.Algorithm != tt.alg || auth.Username != "1001" {
					t.Errorf("sends %s, %v", hs[0].Value, err)
				}
			}
		})
	}
}

// TestClientWithoutQOP answers as RFC 2069 has it.
func TestClientWithoutQOP(t *testing.T) {
	attempt := NewClient(account("r")).Begin("REGISTER", uri)
	if err := attempt.Challenged(401, []string{`Digest realm="r", nonce="n"`}); err != nil {
		t.Fatal(err)
	}
	want := MD5.hash(MD5.HA1("1001", "r", "secret"), "n", MD5.hash("REGISTER", uri))
	if got := attempt.Headers()[0].Value; !strings.Contains(got, want) || strings.Contains(got, "qop") {
		t.Errorf("sends %s", got)
	}
}

// TestClientBothKinds is a proxy in front of a registrar.
func TestClientBothKinds(t *testing.T) {
	attempt := NewClient(account(AnyRealm)).Begin("REGISTER", uri)
	for status, realm := range map[int]string{401: "registrar", 407: "proxy"} {
		if err := attempt.Challenged(status, []string{fmt.Sprintf(`Digest realm=%q, nonce="n", qop="auth"`, realm)}); err != nil {
			t.Fatal(err)
		}
	}
	hs := attempt.Headers()
	if len(hs) != 2 || hs[0].Name != "Authorization" || !strings.Contains(hs[0].Value, "registrar") ||
		hs[1].Name != "Proxy-Authorization" || !strings.Contains(hs[1].Value, "proxy") {
		t.Errorf("sends %v", hs)
	}
}

func TestClientCountsAndEnds(t *testing.T) {
	c := NewClient(account(AnyRealm))
	attempt := c.Begin("REGISTER", uri)
	challenge := func(nonce string, stale bool) []string {
		return []string{Challenge{Realm: "r", Nonce: nonce, QOP: []string{"auth"}, Stale: stale}.String()}
	}
	nc := func(a *Attempt) uint32 {
		auth, err := ParseAuthorization(a.Headers()[0].Value)
		if err != nil {
			t.Fatal(err)
		}
		return auth.NC
	}
	if err := attempt.Challenged(401, challenge("a", false)); err != nil {
		t.Fatal(err)
	}
	for want := range uint32(3) {
		if got := nc(attempt); got != want+1 {
			t.Errorf("nc %d, want %d", got, want+1)
		}
	}
	if got := nc(c.Begin("OPTIONS", uri)); got != 4 {
		t.Errorf("the next request has nc %d, want 4", got)
	}
	// A peer that calls every nonce stale is not followed for ever.
	if err := attempt.Challenged(401, challenge("b", true)); err != nil {
		t.Fatal(err)
	}
	if got := nc(attempt); got != 1 {
		t.Errorf("new nonce has nc %d", got)
	}
	if err := attempt.Challenged(401, challenge("c", true)); !errors.Is(err, ErrRejected) {
		t.Errorf("third challenge: %v", err)
	}
	if hs := c.Begin("REGISTER", uri).Headers(); hs != nil {
		t.Errorf("rejected credentials are offered again: %v", hs)
	}
}
