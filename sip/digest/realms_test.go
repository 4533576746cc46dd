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

// Each server that an account is for teaches its own realm, and no more servers than are remembered.
func TestRealmsOfServers(t *testing.T) {
	r := NewRealms(slog.New(slog.DiscardHandler))
	asks := func(by Origin, server, method, realm string) error {
		account := Account{Credentials: Credentials{Username: "us", Password: "secret"}, Name: "carrier", Server: server, Realms: r}
		return NewClient(account).Begin(method, uri).ChallengedBy(by, 401, []string{fmt.Sprintf(`Digest realm=%q, nonce="n"`, realm)})
	}
	for i, s := range []struct {
		by                    Origin
		server, method, realm string
		want                  error
	}{
		{Asked, "a.example", "REGISTER", "a.example", nil},
		{Elsewhere, "b.example", "REGISTER", "b.example", ErrElsewhere},
		{InDialog, "b.example", "BYE", "b.example", ErrRealm},
		{Asked, "b.example", "REGISTER", "b.example", nil},
		{Asked, "b.example", "INVITE", "a.example", ErrRealm},
		{Asked, "a.example", "INVITE", "b.example", ErrRealm},
		{Asked, "A.Example.", "INVITE", "evil", ErrRealm},
		{Asked, "A.Example.", "INVITE", "a.example", nil},
		{Asked, "", "INVITE", "c.example", nil},
		{Asked, "", "INVITE", "a.example", ErrRealm},
	} {
		if err := asks(s.by, s.server, s.method, s.realm); !errors.Is(err, s.want) {
			t.Errorf("step %d, %+v: %v", i+1, s, err)
		}
	}
	for i := range maxServers {
		want := error(nil)
		if i >= maxServers-3 { // three are known from above
			want = ErrRealm
		}
		if err := asks(Asked, fmt.Sprint(i), "INVITE", "r"); !errors.Is(err, want) {
			t.Errorf("server %d: %v", i, err)
		}
	}
	if err := asks(Asked, "b.example", "INVITE", "b.example"); err != nil {
		t.Errorf("with no room for others: %v", err)
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
