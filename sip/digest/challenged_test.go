package digest

import (
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestChallenged: who writes credentials without having our challenge has none, nor who has
// one and writes what cannot be its answer.
func TestChallenged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := authenticator(t)
		auth := answer(t, a, here, "nobody", "guess", SHA256)
		but := func(change func(*Authorization)) string {
			made := auth
			change(&made)
			return made.String()
		}
		challenged := func(source netip.Addr, headers ...string) bool { return a.Challenged(register(source, headers...)) }
		for name, c := range map[string]struct {
			header string
			source netip.Addr
			want   bool
		}{
			"ours":                 {auth.String(), here, true},
			"of somebody else":     {auth.String(), there, false},
			"made up":              {but(func(a *Authorization) { a.Nonce = strings.Repeat("A", len(a.Nonce)) }), here, false},
			"of another realm":     {but(func(a *Authorization) { a.Realm = "elsewhere" }), here, true}, // that of an account may be
			"for another target":   {but(func(a *Authorization) { a.URI = "sip:else.example" }), here, false},
			"of another opaque":    {but(func(a *Authorization) { a.Opaque = "else" }), here, false},
			"of another algorithm": {but(func(a *Authorization) { a.Algorithm = "MD5-sess" }), here, false},
			"of another quality":   {but(func(a *Authorization) { a.QOP = "auth-int" }), here, false},
			"without a quality":    {but(func(a *Authorization) { a.QOP = "" }), here, false},
			"with a count of 0":    {but(func(a *Authorization) { a.NC = 0 }), here, false},
			"no digest":            {"Basic eDp5", here, false},
			"not to be parsed":     {`Digest username="x`, here, false},
			"without any nonce":    {`Digest username="x", realm="asterisk"`, here, false},
		} {
			if got := challenged(c.source, c.header); got != c.want {
				t.Errorf("%s: %v", name, got)
			}
		}
		time.Sleep(32 * time.Second) // virtual
		if !challenged(here, auth.String()) {
			t.Error("too old before its time")
		}
		if challenged(here, auth.String()) {
			t.Error("shown for ever without a proof")
		}

		auth = answer(t, a, here, "1001", "secret", MD5)
		for range maxShown + 1 {
			check(t, a, register(here, auth.String()), Accepted)
			if challenged(here, auth.String()) {
				t.Error("shown again with a count that was used")
			}
			auth.NC++
			auth.sign("secret", "REGISTER")
			for range maxShown + 1 {
				if !challenged(here, auth.String()) {
					t.Error("proven, and of no worth")
				}
			}
		}
		time.Sleep(32*time.Second + time.Nanosecond)
		if challenged(here, auth.String()) {
			t.Error("too old, and taken")
		}
	})
}

// TestUnfit: what is made of our challenge and fits no request is told from what knows none of
// it, in whatever place it stands.
func TestUnfit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := authenticator(t)
		auth := answer(t, a, here, "1001", "secret", MD5)
		other := auth
		other.Realm = "else"
		foreign := other
		foreign.Nonce = "x"
		check(t, a, register(here, foreign.String()), Unproven)
		check(t, a, register(here, foreign.String(), other.String()), Unfit)
		check(t, a, register(there, other.String()), Unproven)
		if got := a.Check(register(here, other.String()), users); got.Username != "1001" {
			t.Errorf("it is %q's", got.Username)
		}
		check(t, a, register(here, other.String(), auth.String()), Accepted)
		time.Sleep(32*time.Second + time.Nanosecond) // virtual: phones show what they know from long ago
		check(t, a, register(here, other.String()), Unproven)
	})
}

// TestShownNoncesAreForgotten: however many are shown, the table is bounded.
func TestShownNoncesAreForgotten(t *testing.T) {
	a := authenticator(t, func(c *Config) { c.MaxNonces = 8 })
	for range 50 {
		auth := answer(t, a, here, "1001", "guess", MD5)
		for i := range maxShown + 1 {
			if got := a.Challenged(register(here, auth.String())); got != (i < maxShown) {
				t.Errorf("shown %d times: %v", i, got)
			}
		}
		if n := len(a.nonces.shown.young) + len(a.nonces.shown.old); n > 8 {
			t.Fatalf("table holds %d", n)
		}
	}
}
