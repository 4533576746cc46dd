package digest

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

// The realm that a peer asks for first is the one that is answered.
func TestRealms(t *testing.T) {
	type step struct {
		by     Origin
		method string
		status int
		realm  string
		want   error
	}
	for name, steps := range map[string][]step{
		"the first counts": {
			{Asked, "INVITE", 401, "carrier", nil}, {Asked, "INVITE", 401, "evil", ErrRealm}, {Asked, "REGISTER", 401, "carrier", nil},
			{Asked, "INVITE", 401, "Carrier", ErrRealm}, {Asked, "INVITE", 401, "", ErrRealm}, {Asked, "INVITE", 401, "carrier", nil},
		},
		"a proxy has its own": {
			{Asked, "INVITE", 407, "proxy", nil}, {Asked, "INVITE", 401, "carrier", nil}, {Asked, "INVITE", 407, "carrier", ErrRealm},
			{Asked, "INVITE", 407, "next proxy", ErrRealm}, {Asked, "INVITE", 407, "proxy", nil}, {Asked, "INVITE", 401, "proxy", ErrRealm},
		},
		"a registrar's word goes before a call's": {
			{Asked, "INVITE", 401, "evil", nil}, {Asked, "REGISTER", 401, "carrier", nil}, {Asked, "INVITE", 401, "evil", ErrRealm},
			{Asked, "REGISTER", 401, "another", ErrRealm}, {Asked, "INVITE", 401, "carrier", nil},
		},
		"a registrar's word to what is known": {
			{Asked, "INVITE", 401, "carrier", nil}, {Asked, "REGISTER", 401, "carrier", nil}, {Asked, "REGISTER", 401, "another", ErrRealm},
		},
		"a dialog teaches nothing": {
			{InDialog, "BYE", 401, "evil", ErrRealm}, {Asked, "INVITE", 401, "carrier", nil}, {InDialog, "BYE", 401, "carrier", nil},
			{InDialog, "BYE", 401, "evil", ErrRealm}, {InDialog, "REGISTER", 401, "evil", ErrRealm},
		},
		"another host is not heard": {
			{Elsewhere, "INVITE", 401, "evil", ErrElsewhere}, {Asked, "INVITE", 401, "carrier", nil}, {Elsewhere, "INVITE", 401, "carrier", ErrElsewhere},
		},
		"a realm without end": {
			{Asked, "INVITE", 401, strings.Repeat("x", maxRealm+1), ErrRealm}, {Asked, "INVITE", 401, strings.Repeat("x", maxRealm), nil},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := NewRealms(slog.New(slog.DiscardHandler))
			secret := Credentials{Username: "us", Password: "secret"}
			other := NewClient(Account{Credentials: secret, Name: "other", Realms: r})
			if err := other.Begin("INVITE", uri).Challenged(401, []string{`Digest realm="other", nonce="n"`}); err != nil {
				t.Fatalf("another account: %v", err)
			}
			for i, s := range steps {
				a := NewClient(Account{Credentials: secret, Name: "carrier", Realms: r}).Begin(s.method, uri)
				err := a.ChallengedBy(s.by, s.status, []string{fmt.Sprintf(`Digest realm=%q, nonce="n"`, s.realm)})
				if !errors.Is(err, s.want) || (len(a.Headers()) == 1) != (s.want == nil) {
					t.Errorf("step %d, %+v: %v, and sent is %v", i+1, s, err, a.Headers())
				}
			}
			r.Forget()
			again := NewClient(Account{Credentials: secret, Name: "carrier", Realms: r}).Begin("INVITE", uri)
			if err := again.Challenged(401, []string{`Digest realm="new", nonce="n"`}); err != nil {
				t.Errorf("after a reload: %v", err)
			}
		})
	}
}

// Of several realms in one answer the known one is taken, whatever else would be stronger.
func TestRealmsInOneAnswer(t *testing.T) {
	r := NewRealms(slog.New(slog.DiscardHandler))
	account := Account{Credentials: Credentials{Username: "us", Password: "secret"}, Name: "carrier", Realms: r}
	if err := NewClient(account).Begin("INVITE", uri).Challenged(401, []string{`Digest realm="carrier", nonce="n"`}); err != nil {
		t.Fatal(err)
	}
	a := NewClient(account).Begin("INVITE", uri)
	err := a.Challenged(401, []string{`Digest realm="evil", nonce="n", algorithm=SHA-256, qop="auth"`, `Digest realm="carrier", nonce="n"`})
	if hs := a.Headers(); err != nil || len(hs) != 1 || !strings.Contains(hs[0].Value, `realm="carrier"`) {
		t.Errorf("%v, %v", err, hs)
	}
}

// Requests at once that meet different realms learn one of them.
func TestRealmsAtOnce(t *testing.T) {
	r := NewRealms(slog.New(slog.DiscardHandler))
	var wg sync.WaitGroup
	answered := make(chan string, 50)
	for i := range cap(answered) {
		wg.Go(func() { // ended below
			realm := fmt.Sprint("realm", i%5)
			a := NewClient(Account{Credentials: Credentials{Username: "us"}, Name: "carrier", Realms: r}).Begin("INVITE", uri)
			if a.Challenged(401, []string{fmt.Sprintf(`Digest realm=%q, nonce="n"`, realm)}) == nil {
				answered <- realm
			}
		})
	}
	wg.Wait()
	close(answered)
	first := <-answered
	for realm := range answered {
		if realm != first {
			t.Errorf("both %s and %s were answered", first, realm)
		}
	}
}
