package digest

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := authenticator(t)
		try := func(source netip.Addr, user, password string) Result {
			auth := answer(t, a, source, user, password, MD5)
			return a.Check(register(source, auth.String()), users)
		}
		want := func(r Result, v Verdict, after time.Duration) {
			t.Helper()
			if r.Verdict != v || r.RetryAfter != after {
				t.Errorf("got %v after %v, want %v after %v", r.Verdict, r.RetryAfter, v, after)
			}
		}
		for range 5 {
			want(try(here, "1001", "guess"), Wrong, 0)
		}
		// Doubling from one second to one minute; the right password is not looked at.
		for _, pause := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
			want(try(here, "1001", "secret"), Throttled, pause*time.Second)
			want(try(there, "1001", "secret"), Accepted, 0) // the owner, elsewhere
			want(try(here, "md5only", "secret"), Accepted, 0)
			time.Sleep(pause * time.Second)
			want(try(here, "1001", "guess"), Wrong, 0)
		}
		time.Sleep(time.Minute)
		want(try(here, "1001", "secret"), Accepted, 0)
		want(try(here, "1001", "guess"), Wrong, 0) // and the count began anew

		// A source that tries many names is slowed as a whole; others are not.
		for i := range 50 {
			try(there, fmt.Sprint("scan", i), "guess")
		}
		want(try(there, "md5only", "secret"), Throttled, time.Second)
		want(try(there, "1001", "secret"), Accepted, 0) // has shown its password there
		want(try(here, "1001", "secret"), Accepted, 0)
		time.Sleep(30 * time.Minute)
		for i := range 49 { // forgotten by halves
			want(try(there, fmt.Sprint("scan", i), "guess"), Wrong, 0)
		}
	})
}

// A phone with an old password tries for ever. Its neighbours at the same address,
// whether they were there before or come later, do not wait for it.
func TestOneBadPhone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := authenticator(t)
		for range 500 {
			a.Check(register(here, answer(t, a, here, "1001", "old", MD5).String()), users)
			time.Sleep(30 * time.Second)
		}
		check(t, a, register(here, answer(t, a, here, "md5only", "secret", MD5).String()), Accepted)
	})
}

// Who guesses behind the owner's address, without end, neither locks the owner out nor
// profits from the owner's coming and going.
func TestGuessingBesideTheOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := authenticator(t)
		try := func(port uint16, password string) Result {
			r := register(here, answer(t, a, here, "1001", password, MD5).String())
			r.Port = port
			return a.Check(r, users)
		}
		const owner, guesser = 5060, 40000
		if r := try(owner, "secret"); r.Verdict != Accepted {
			t.Fatal(r.Verdict)
		}
		looked := 0
		for range 3600 { // an hour, at each second a guess and the owner
			if try(guesser, "guess").Verdict == Wrong {
				looked++
			}
			if r := try(owner, "secret"); r.Verdict != Accepted {
				t.Fatalf("the owner is %v for %v", r.Verdict, r.RetryAfter)
			}
			time.Sleep(time.Second)
		}
		if looked > 80 {
			t.Errorf("%d guesses were looked at", looked)
		}
		// The port alone is no licence to guess.
		for range 4 {
			try(owner, "guess")
		}
		if r := try(owner, "secret"); r.Verdict != Accepted {
			t.Errorf("after four failures of its own: %v", r.Verdict)
		}
		for range 5 {
			try(owner, "guess")
		}
		if r := try(owner, "secret"); r.Verdict != Throttled {
			t.Errorf("after five more: %v", r.Verdict)
		}
	})
}

// TestForgedSource: without a nonce for the address, nobody counts against it.
func TestForgedSource(t *testing.T) {
	a := authenticator(t)
	auth := answer(t, a, there, "1001", "guess", MD5) // issued elsewhere
	for range 100 {
		check(t, a, register(here, auth.String()), Unproven)
	}
	good := answer(t, a, here, "1001", "secret", MD5)
	check(t, a, register(here, good.String()), Accepted)
}

func TestGuardIsBounded(t *testing.T) {
	a := authenticator(t, func(c *Config) { c.Backoff.Tracked = 100 })
	for i := range 10000 {
		source := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		a.guard.failed(netip.AddrPortFrom(source, 1), strings.Repeat("x", i%100))
		a.guard.passed(netip.AddrPortFrom(source, 1), strings.Repeat("y", i%100))
	}
	if n := len(a.guard.welcome.young) + len(a.guard.welcome.old); n > 100 {
		t.Errorf("table of those who passed holds %d", n)
	}
	if n := len(a.guard.homes.young) + len(a.guard.homes.old); n > 100 {
		t.Errorf("%d ports are remembered", n)
	}
	if n := len(a.guard.seen.young) + len(a.guard.seen.old); n > 100 {
		t.Errorf("table holds %d", n)
	}

}
