package digest

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var (
	here  = netip.MustParseAddr("192.0.2.1")
	there = netip.MustParseAddr("192.0.2.2")
)

const uri = "sip:pbx.example"

// users has one of each kind of account.
func users(name string) (Credentials, bool) {
	switch name {
	case "1001":
		return Credentials{Password: "secret"}, true
	case "md5only":
		return Credentials{HA1: [algorithms]string{MD5: strings.ToUpper(MD5.HA1("md5only", "asterisk", "secret"))}}, true
	case "sha": // the password is for what has no HA1
		return Credentials{Password: "other", HA1: [algorithms]string{SHA256: SHA256.HA1("sha", "asterisk", "secret")}}, true
	case "empty":
		return Credentials{}, true
	}
	return Credentials{}, false
}

func authenticator(t testing.TB, change ...func(*Config)) *Authenticator {
	t.Helper()
	cfg := Default()
	for _, f := range change {
		f(&cfg)
	}
	a, err := NewAuthenticator(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// answer makes the credentials of a well-behaved phone for a fresh challenge.
func answer(t testing.TB, a *Authenticator, source netip.Addr, user, password string, alg Algorithm) Authorization {
	t.Helper()
	for _, text := range a.Challenges(Space{}, source, false) {
		c, err := ParseChallenge(text)
		if err != nil {
			t.Fatal(err)
		}
		if c.Algorithm == alg.String() {
			auth := Authorization{
				Username: user, Realm: c.Realm, Nonce: c.Nonce, Opaque: c.Opaque, URI: uri,
				Algorithm: c.Algorithm, QOP: "auth", NC: 1, Cnonce: "x",
			}
			auth.sign(password, "REGISTER")
			return auth
		}
	}
	t.Fatalf("%v is not offered", alg)
	return Authorization{}
}

func (a *Authorization) sign(password, method string) {
	alg, _ := ParseAlgorithm(a.Algorithm)
	a.Response = alg.response(alg.HA1(a.Username, a.Realm, password), method, a.URI, a.Nonce, formatNC(a.NC), a.Cnonce, a.QOP)
}

func register(source netip.Addr, auth ...string) Request {
	return Request{Method: "REGISTER", Covers: covers, Authorization: auth, Source: source}
}

func covers(u string) bool { return u == uri }

func check(t *testing.T, a *Authenticator, r Request, want Verdict) {
	t.Helper()
	if got := a.Check(r, users); got.Verdict != want {
		t.Errorf("got %v (%v), want %v", got.Verdict, got.Err, want)
	}
}

// TestVectors holds the examples of RFC 7616 §3.9.1 and RFC 2617 §3.5.
func TestVectors(t *testing.T) {
	const nonce, cnonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
	for _, tt := range []struct {
		alg                                   Algorithm
		password, realm, nonce, cnonce, wants string
	}{
		{MD5, "Circle of Life", "http-auth@example.org", nonce, cnonce, "8ca523f5e9506fed4657c9700eebdbec"},
		{SHA256, "Circle of Life", "http-auth@example.org", nonce, cnonce, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
		{MD5, "Circle Of Life", "testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", "0a4f113b", "6629fae49393a05397450978507c4ef1"},
	} {
		ha1 := tt.alg.HA1("Mufasa", tt.realm, tt.password)
		if got := tt.alg.response(ha1, "GET", "/dir/index.html", tt.nonce, "00000001", tt.cnonce, "auth"); got != tt.wants {
			t.Errorf("%v: %s, want %s", tt.alg, got, tt.wants)
		}
	}
}

func TestAccepts(t *testing.T) {
	for _, tt := range []struct {
		user, password string
		alg            Algorithm
		want           Verdict
	}{
		{"1001", "secret", MD5, Accepted},
		{"1001", "secret", SHA256, Accepted},
		{"1001", "secret", SHA512256, Accepted},
		{"1001", "Secret", SHA256, Wrong},
		{"1001", "", MD5, Wrong},
		{"md5only", "secret", MD5, Accepted},
		{"md5only", "secret", SHA256, Wrong},
		{"sha", "secret", SHA256, Accepted},
		{"sha", "secret", MD5, Wrong},
		{"sha", "other", MD5, Accepted},
		{"empty", "", MD5, Wrong},
		{"nobody", "secret", MD5, Wrong},
		{"", "", MD5, Wrong},
	} {
		t.Run(fmt.Sprint(tt.user, tt.password, tt.alg), func(t *testing.T) {
			a := authenticator(t, func(c *Config) { c.Algorithms = []Algorithm{SHA512256, SHA256, MD5} })
			auth := answer(t, a, here, tt.user, tt.password, tt.alg)
			check(t, a, register(here, "Basic dTpw", auth.String()), tt.want)
		})
	}
}

// TestRefuses changes one thing of good credentials at a time.
func TestRefuses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Authorization, *Request)
		want   Verdict
	}{
		{"nothing", func(*Authorization, *Request) {}, Accepted},
		{"upper-case response", func(a *Authorization, _ *Request) { a.Response = strings.ToUpper(a.Response) }, Accepted},
		{"no opaque", func(a *Authorization, _ *Request) { a.Opaque = "" }, Accepted},
		{"other method", func(_ *Authorization, r *Request) { r.Method = "INVITE" }, Wrong},
		{"other target", func(a *Authorization, _ *Request) { a.URI = "sip:else.example"; a.sign("secret", "REGISTER") }, Unfit},
		{"other client address", func(_ *Authorization, r *Request) { r.Source = there }, Unproven},
		{"other realm", func(a *Authorization, _ *Request) { a.Realm = "else" }, Unfit},
		{"other opaque", func(a *Authorization, _ *Request) { a.Opaque = "else" }, Unfit},
		{"other nonce", func(a *Authorization, _ *Request) { a.Nonce = strings.Repeat("A", 64) }, Unproven},
		{"foreign nonce", func(a *Authorization, _ *Request) { a.Nonce = "0123" }, Unproven},
		{"nonce with a changed bit", func(a *Authorization, _ *Request) {
			b := []byte(a.Nonce)
			b[0] ^= 1
			a.Nonce = string(b)
		}, Unproven},
		{"nonce that is not base64", func(a *Authorization, _ *Request) { a.Nonce = strings.Repeat("!", 64) }, Unproven},
		{"other count", func(a *Authorization, _ *Request) { a.NC = 2 }, Wrong},
		{"count zero", func(a *Authorization, _ *Request) { a.NC = 0; a.sign("secret", "REGISTER") }, Stale},
		{"other cnonce", func(a *Authorization, _ *Request) { a.Cnonce = "y" }, Wrong},
		{"no qop", func(a *Authorization, _ *Request) { a.QOP = ""; a.sign("secret", "REGISTER") }, Unfit},
		{"auth-int", func(a *Authorization, _ *Request) { a.QOP = "auth-int"; a.sign("secret", "REGISTER") }, Unfit},
		{"session variant", func(a *Authorization, _ *Request) { a.Algorithm = "MD5-sess" }, Unfit},
		{"algorithm not offered", func(a *Authorization, _ *Request) { a.Algorithm = "SHA-512-256" }, Unfit},
		{"no response", func(a *Authorization, _ *Request) { a.Response = "" }, Wrong},
		{"long response", func(a *Authorization, _ *Request) { a.Response += "0" }, Wrong},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := authenticator(t)
			auth := answer(t, a, here, "1001", "secret", MD5)
			r := register(here)
			tt.change(&auth, &r)
			r.Authorization = []string{auth.String()}
			check(t, a, r, tt.want)
		})
	}
	check(t, authenticator(t), register(here), Unproven)
}

// TestMalformedVariants cuts, doubles and damages a good header in hundreds of
// ways: the answer is 400 or a challenge, and the next good request is served.
func TestMalformedVariants(t *testing.T) {
	a := authenticator(t, func(c *Config) { c.Backoff.Free, c.Backoff.SourceFree = 1e6, 1e6 })
	auth := answer(t, a, here, "1001", "secret", MD5)
	good := auth.String()
	variants := slices.Clone(malformed)
	for i := range len(good) {
		variants = append(variants, good[:i], good[:i]+"\x00"+good[i:], good[:i]+good[i+1:], good[:i]+`"`+good[i:])
	}
	for _, p := range strings.Split(strings.TrimPrefix(good, "Digest "), ", ") {
		name, _, _ := strings.Cut(p, "=")
		variants = append(variants, good+", "+p, strings.Replace(good, p, name, 1), strings.Replace(good, p, name+"=", 1),
			strings.Replace(good, p, name+`=""`, 1), strings.Replace(good, p, name+"="+strings.Repeat("9", 2000), 1))
	}
	seen := map[Verdict]int{}
	for _, text := range variants {
		r := a.Check(register(here, text), users)
		seen[r.Verdict]++
		switch r.Verdict {
		case Unproven, Unfit, Wrong, Malformed:
		case Accepted, Stale: // dropped opaque, or an odd but equal writing
			if p, err := ParseAuthorization(text); err != nil || p.Response != auth.Response {
				t.Errorf("%q: %v", text, r.Verdict)
			}
		default:
			t.Errorf("%q: %v", text, r.Verdict)
		}
	}
	if len(variants) < 200 || seen[Malformed] < 200 || seen[Wrong] < 10 {
		t.Errorf("%d variants gave %v", len(variants), seen)
	}
	after := answer(t, a, here, "1001", "secret", MD5)
	check(t, a, register(here, after.String()), Accepted)
}

func TestReplayAndStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := authenticator(t)
		time.Sleep(time.Second) // virtual: a nonce as old as the server is stale
		auth := answer(t, a, here, "1001", "secret", SHA256)
		next := func(nc uint32) Request {
			auth.NC = nc
			auth.sign("secret", "REGISTER")
			return register(here, auth.String())
		}
		check(t, a, next(1), Accepted)
		check(t, a, next(1), Stale)
		check(t, a, next(7), Accepted)
		check(t, a, next(6), Stale)
		check(t, a, next(7), Stale)
		auth.sign("guess", "REGISTER")
		check(t, a, register(here, auth.String()), Wrong) // stale tells nothing without the password
		time.Sleep(32 * time.Second)
		check(t, a, next(8), Accepted)
		time.Sleep(time.Nanosecond)
		check(t, a, next(9), Stale)
		check(t, a, register(here, a.Challenges(Space{}, here, true)[0]), Malformed)
		if c, err := ParseChallenge(a.Challenges(Space{}, here, true)[0]); err != nil || !c.Stale {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

// TestNonceTableForgets uses more nonces than the table holds: none that was
// forgotten can be used again.
func TestNonceTableForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := authenticator(t, func(c *Config) { c.MaxNonces = 8 })
		var used []Request
		for range 50 {
			time.Sleep(time.Millisecond)
			auth := answer(t, a, here, "1001", "secret", MD5)
			r := register(here, auth.String())
			check(t, a, r, Accepted)
			used = append(used, r)
			if n := len(a.nonces.counts.young) + len(a.nonces.counts.old); n > 8 {
				t.Fatalf("table holds %d", n)
			}
		}
		for _, r := range used {
			check(t, a, r, Stale)
		}
	})
}

// TestRestart: with a kept secret a nonce from before is known and stale, and
// cannot be replayed.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := func(c *Config) { c.Secret = []byte(strings.Repeat("k", 32)) }
		before := authenticator(t, kept)
		time.Sleep(time.Second)
		auth := answer(t, before, here, "1001", "secret", MD5)
		r := register(here, auth.String())
		check(t, before, r, Accepted)
		time.Sleep(time.Millisecond)
		check(t, authenticator(t, kept), r, Stale)
		check(t, authenticator(t), r, Unproven)
	})
}

// TestSameAnswerForAll: nothing in the verdict, the challenge or the back-off
// tells a user that exists from one that does not.
func TestSameAnswerForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := authenticator(t)
		known, unknown := guesses(t, a, "1001", 20), guesses(t, a, "nobody", 20)
		if !slices.Equal(known, unknown) {
			t.Errorf("known user %v\nunknown user %v", known, unknown)
		}
		x, y := a.Challenges(Space{}, here, false)[0], a.Challenges(Space{}, there, false)[0]
		if len(x) != len(y) {
			t.Errorf("challenges differ in length: %s, %s", x, y)
		}
	})
}

// guesses is what n wrong passwords, one each 250 ms, are told.
func guesses(t *testing.T, a *Authenticator, user string, n int) (out []string) {
	for range n {
		auth := answer(t, a, here, user, "guess", MD5)
		r := a.Check(register(here, auth.String()), users)
		out = append(out, fmt.Sprint(r.Verdict, " ", r.RetryAfter))
		<-time.After(250 * time.Millisecond)
	}
	return out
}

func TestConfigValidate(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"no realm":        func(c *Config) { c.Realm = "" },
		"no algorithm":    func(c *Config) { c.Algorithms = nil },
		"unknown":         func(c *Config) { c.Algorithms = []Algorithm{algorithms} },
		"twice":           func(c *Config) { c.Algorithms = []Algorithm{MD5, MD5} },
		"short life":      func(c *Config) { c.NonceLife = 0 },
		"short secret":    func(c *Config) { c.Secret = []byte("secret") },
		"no free guesses": func(c *Config) { c.Backoff.Free = 0 },
	} {
		cfg := Default()
		change(&cfg)
		if _, err := NewAuthenticator(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	for _, user := range []string{"1001", "nobody"} {
		for _, alg := range []Algorithm{MD5, SHA256} {
			b.Run(fmt.Sprintf("user=%s/%v", user, alg), func(b *testing.B) {
				a := authenticator(b, func(c *Config) { c.Backoff.Free, c.Backoff.SourceFree = 1e9, 1e9 })
				auth := answer(b, a, here, user, "guess", alg)
				r := register(here, auth.String())
				b.ReportAllocs()
				for b.Loop() {
					a.Check(r, users)
				}
			})
		}
	}
}
