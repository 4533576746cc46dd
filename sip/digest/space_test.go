package digest

import (
	"fmt"
	"testing"
)

// An account of which only a hash is known is asked for the realm and the algorithm that the
// hash was made of, and proves itself there and nowhere else.
func TestSpace(t *testing.T) {
	a := authenticator(t)
	accounts := func(name string) (Credentials, bool) {
		var c Credentials
		switch name {
		case "md5":
			c.HA1[MD5] = MD5.HA1("md5", "pbx", "secret")
		case "sha":
			c.HA1[SHA512256] = SHA512256.HA1("sha", "pbx", "secret")
		case "plain":
			c.Password = "secret"
		default:
			return c, false
		}
		return c, true
	}
	pbx := Space{Realm: "pbx", Algorithms: []Algorithm{MD5}}
	sha := Space{Realm: "pbx", Algorithms: []Algorithm{SHA512256}}
	for _, tc := range []struct {
		user, password string
		asked, checked Space
		want           Verdict
	}{
		{"md5", "secret", pbx, pbx, Accepted},
		{"sha", "secret", sha, sha, Accepted},
		{"plain", "secret", pbx, pbx, Accepted},
		{"plain", "secret", Space{}, Space{}, Accepted},
		{"md5", "guess", pbx, pbx, Wrong},
		{"nobody", "secret", pbx, pbx, Wrong},
		{"md5", "secret", Space{}, Space{}, Wrong}, // by a hash that is another's here
		{"md5", "secret", pbx, Space{}, Unfit},     // what was asked elsewhere counts for nothing
		{"md5", "secret", Space{}, pbx, Unfit},
		{"plain", "secret", pbx, Space{Realm: "pbx", Algorithms: []Algorithm{SHA256}}, Unfit},
	} {
		attempt := NewClient(Account{Credentials: Credentials{Username: tc.user, Password: tc.password}, Realm: AnyRealm}).Begin("REGISTER", uri)
		if err := attempt.Challenged(401, a.Challenges(tc.asked, here, false)); err != nil {
			t.Fatal(err)
		}
		r := register(here, attempt.Headers()[0].Value)
		r.Space = tc.checked
		if got := a.Check(r, accounts).Verdict; got != tc.want {
			t.Errorf("%+v: %v", tc, got)
		}
		other := r
		other.Source = there
		if got := a.Challenged(r); got != (tc.want != Accepted) || a.Challenged(other) { // its count is used then
			t.Errorf("%+v: whether we have challenged", tc)
		}
	}
}

// Who is not known is challenged as somebody is who is, and always in the same way.
func TestDisguise(t *testing.T) {
	a := authenticator(t)
	among := []Space{{}, {Realm: "pbx"}, {Realm: "shop", Algorithms: []Algorithm{SHA256}}}
	seen := make(map[string]int)
	for i := range 300 {
		name := fmt.Sprint("scan", i)
		s := a.Disguise(name, among)
		if again := a.Disguise("SCAN"+name[4:], among); again.Realm != s.Realm {
			t.Errorf("%s: %q, then %q", name, s.Realm, again.Realm)
		}
		seen[s.Realm]++
	}
	for _, s := range among {
		if seen[s.Realm] < 50 {
			t.Errorf("%q for %d of 300", s.Realm, seen[s.Realm])
		}
	}
	if s := a.Disguise("x", nil); s.Realm != "" {
		t.Error(s)
	}
}
