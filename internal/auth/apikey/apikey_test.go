package apikey

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// cheap is what tests hash with.
var cheap = Parameters{Memory: 64, Time: 1, Threads: 1}

func newKey(t testing.TB, p Parameters) (k Key, secret string) {
	t.Helper()
	k, err := New(p)
	if err != nil {
		t.Fatal(err)
	}
	id, secret, ok := Parse(k.Text)
	if !ok || id != k.ID || strings.Contains(k.Hash, secret) {
		t.Fatalf("%s is parsed as %q, %v", k.Text, id, ok)
	}
	return k, secret
}

func newChecker(t testing.TB) *Checker {
	t.Helper()
	c, err := NewChecker()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCheck(t *testing.T) {
	k, secret := newKey(t, Default())
	other, _ := newKey(t, cheap)
	c := newChecker(t)
	for range 2 { // the second is remembered
		for hash, want := range map[string]bool{k.Hash: true, other.Hash: false} {
			if ok, err := c.Check(t.Context(), hash, secret); ok != want || err != nil {
				t.Errorf("%v, %v", ok, err)
			}
		}
	}
	if !strings.HasPrefix(k.Hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hashed as %s", k.Hash)
	}
}

// A hash made by the reference implementation (argon2 -id -t 2 -m 16 -p 1 of RFC 9106's
// authors) is checked by its own parameters.
func TestKnownHash(t *testing.T) {
	const kept = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	for secret, want := range map[string]bool{"password": true, "passwore": false} {
		if ok, err := verify(kept, secret); ok != want || err != nil {
			t.Errorf("%s: %v, %v", secret, ok, err)
		}
	}
}

func TestHashesThatCannotBeRead(t *testing.T) {
	k, secret := newKey(t, cheap)
	for name, hash := range map[string]string{
		"empty":         "",
		"another kind":  strings.Replace(k.Hash, "argon2id", "argon2i", 1),
		"another one":   strings.Replace(k.Hash, "v=19", "v=16", 1),
		"no passes":     strings.Replace(k.Hash, "t=1", "t=0", 1),
		"much memory":   strings.Replace(k.Hash, "m=64", "m=4294967295", 1),
		"little memory": strings.Replace(k.Hash, "m=64", "m=1", 1),
		"many threads":  strings.Replace(k.Hash, "p=1", "p=200", 1),
		"a part more":   k.Hash + "$",
		"cut":           k.Hash[:len(k.Hash)-4],
		"no salt":       "$argon2id$v=19$m=64,t=1,p=1$$" + k.Hash[strings.LastIndex(k.Hash, "$")+1:],
		"of SHA-256":    strings.Repeat("ab", 32),
	} {
		if ok, err := newChecker(t).Check(t.Context(), hash, secret); ok || err == nil {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
	}
}

func TestParse(t *testing.T) {
	k, secret := newKey(t, cheap)
	for name, text := range map[string]string{
		"empty":            "",
		"of no kind":       k.Text[3:],
		"cut":              k.Text[:len(k.Text)-1],
		"longer":           k.Text + "A",
		"the older format": "sk_" + secret,
		"a capital ID":     "sk_" + strings.ToUpper(k.ID) + "_" + secret,
		"no base64":        k.Text[:len(k.Text)-1] + "=",
		"another sign":     "sk_" + k.ID + "-" + secret,
	} {
		if _, _, ok := Parse(text); ok {
			t.Errorf("%s is taken for a key", name)
		}
	}
}

// What is remembered is bounded, and guesses do not drive out who is known.
func TestMemoryIsBounded(t *testing.T) {
	c := newChecker(t)
	k, secret := newKey(t, cheap)
	for i := range remembered + 100 {
		text := secret
		if i > 0 {
			text = fmt.Sprint(i)
		}
		if ok, err := c.Check(t.Context(), k.Hash, text); ok != (i == 0) || err != nil {
			t.Fatal(ok, err)
		}
	}
	if len(c.known) > remembered {
		t.Errorf("remembers %d", len(c.known))
	}
	for range atOnce { // nobody may hash: it is remembered, or not answered
		c.slots <- struct{}{}
	}
	if ok, err := c.Check(t.Context(), k.Hash, secret); !ok || err != nil {
		t.Errorf("not remembered: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Check(ctx, k.Hash, "new"); !errors.Is(err, context.Canceled) {
		t.Errorf("did not wait for its turn: %v", err)
	}
}

func TestManyAtOnce(t *testing.T) {
	c := newChecker(t)
	k, secret := newKey(t, cheap)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			text, want := secret, true
			if i%3 == 0 {
				text, want = fmt.Sprint(i%2), false
			}
			if ok, err := c.Check(t.Context(), k.Hash, text); ok != want || err != nil {
				t.Error(ok, err)
			}
		})
	}
	wg.Wait()
}

func FuzzParse(f *testing.F) {
	k, _ := newKey(f, cheap)
	f.Add(k.Text)
	f.Add("sk_")
	f.Fuzz(func(t *testing.T, text string) {
		if id, secret, ok := Parse(text); ok && prefix+id+"_"+secret != text {
			t.Errorf("%q is %q and %q", text, id, secret)
		}
	})
}

func FuzzHash(f *testing.F) {
	k, _ := newKey(f, cheap)
	f.Add(k.Hash)
	f.Add("$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAA")
	f.Fuzz(func(t *testing.T, kept string) {
		if len(kept) > 200 || strings.Contains(kept, "m=") && !strings.Contains(kept, "m=64,t=1,") {
			return // those would take a while
		}
		if ok, err := verify(kept, "x"); ok && err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	k, secret := newKey(b, Default())
	for name, c := range map[string]*Checker{"hashed": nil, "remembered": newChecker(b)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				checker := c
				if checker == nil {
					checker = newChecker(b)
				}
				if ok, err := checker.Check(b.Context(), k.Hash, secret); !ok || err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
