package digest

import (
	"math"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// guessed is what an attacker sends for a name.
func guessed(tb testing.TB, a *Authenticator, name, password string) (Request, Authorization) {
	tb.Helper()
	client := netip.MustParseAddr("192.0.2.1")
	account := Account{Realm: a.Realm(), Credentials: Credentials{Username: name, Password: password}}
	attempt := NewClient(account).Begin("REGISTER", "sip:x")
	if err := attempt.Challenged(401, a.Challenges(Space{}, client, false)); err != nil {
		tb.Fatal(err)
	}
	header := attempt.Headers()[0].Value
	auth, err := ParseAuthorization(header)
	if err != nil {
		tb.Fatal(err)
	}
	return Request{Method: "REGISTER", Source: client, Authorization: []string{header}, Covers: func(string) bool { return true }}, auth
}

// TestB2EnumerationByTiming: an unknown user's response is computed and compared as a
// known one's is, with a secret that nobody has; and that is not believed even where it
// is right. How long either takes BenchmarkB2EnumerationByTiming tells.
func TestB2EnumerationByTiming(t *testing.T) {
	a, err := NewAuthenticator(Default())
	if err != nil {
		t.Fatal(err)
	}
	if len(a.dummy.Password) < 20 {
		t.Fatal("a secret that could be guessed stands in for an unknown user's")
	}
	ha1 := Credentials{}
	ha1.HA1[MD5] = MD5.HA1("other", a.Realm(), "x")
	for name, lookup := range map[string]Lookup{
		"nobody":                               func(string) (Credentials, bool) { return Credentials{}, false },
		"nobody, with somebody's secret":       func(string) (Credentials, bool) { return Credentials{Password: "x"}, false },
		"one without a secret":                 func(string) (Credentials, bool) { return Credentials{}, true },
		"one with a hash of another algorithm": func(string) (Credentials, bool) { return ha1, true },
	} {
		r, right := guessed(t, a, "other", a.dummy.Password)
		alg, _ := ParseAlgorithm(right.Algorithm)
		if same, known := a.compare(&right, alg, "REGISTER", lookup); !same || known {
			t.Errorf("%s: computed %v, known %v", name, same, known)
		}
		if got := a.Check(r, lookup).Verdict; got != Wrong {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// BenchmarkB2EnumerationByTiming is what a wrong password costs for a known and for an
// unknown user, in turn: what could be measured without a network between. |z| is the
// Mann-Whitney statistic of 2,000 each; over 2.6 would be a difference at 1 %.
func BenchmarkB2EnumerationByTiming(b *testing.B) {
	cfg := Default()
	cfg.Backoff.Free, cfg.Backoff.SourceFree = math.MaxInt, math.MaxInt
	a, err := NewAuthenticator(cfg)
	if err != nil {
		b.Fatal(err)
	}
	lookup := func(name string) (Credentials, bool) {
		return Credentials{Password: "secret"}, name == "known"
	}
	known, _ := guessed(b, a, "known", "guess")
	other, _ := guessed(b, a, "other", "guess")
	const most = 2000
	samples := [2][]float64{make([]float64, 0, most), make([]float64, 0, most)}
	b.ReportAllocs()
	for b.Loop() {
		for i, r := range []Request{known, other} {
			start := time.Now()
			a.Check(r, lookup)
			if d := time.Since(start); len(samples[i]) < most {
				samples[i] = append(samples[i], float64(d))
			}
		}
	}
	z := mannWhitney(samples[0], samples[1])
	b.ReportMetric(median(samples[0]), "known-ns")
	b.ReportMetric(median(samples[1]), "unknown-ns")
	b.ReportMetric(math.Abs(z), "|z|")
}

func median(s []float64) float64 {
	s = slices.Sorted(slices.Values(s))
	return s[len(s)/2]
}

// mannWhitney is the standard score of the rank sum of a among both.
func mannWhitney(a, b []float64) float64 {
	all := slices.Sorted(slices.Values(slices.Concat(a, b)))
	rank := func(v float64) float64 { // the mean of its equals
		low, _ := slices.BinarySearch(all, v)
		high, _ := slices.BinarySearchFunc(all, v, func(e, v float64) int {
			if e <= v {
				return -1
			}
			return 1
		})
		return float64(low+high+1) / 2
	}
	sum := 0.0
	for _, v := range a {
		sum += rank(v)
	}
	n, m := float64(len(a)), float64(len(b))
	return (sum - n*(n+1)/2 - n*m/2) / math.Sqrt(n*m*(n+m+1)/12)
}
