package resolver

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/miekg/dns"
)

// Of one priority each record comes first as often as its weight says (RFC 2782).
func TestWeights(t *testing.T) {
	var records []dns.RR
	for i, w := range []uint16{0, 10, 30, 60} {
		records = append(records, &dns.SRV{Priority: 1, Weight: w, Port: 5060, Target: fmt.Sprintf("%c.test.", 'a'+i)})
	}
	records = append(records, &dns.SRV{Priority: 0, Weight: 0, Target: "first.test."}, &dns.SRV{Priority: 2, Target: "last.test."})
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same each time
	const rounds = 20000
	first := map[string]int{}
	for range rounds {
		out := orderSRV(records, random.IntN)
		if len(out) != 6 || out[0].Target != "first.test." || out[5].Target != "last.test." {
			t.Fatalf("order %v", out)
		}
		first[out[1].Target]++
	}
	for target, want := range map[string]float64{"a.test.": 0.01, "b.test.": 0.1, "c.test.": 0.3, "d.test.": 0.6} {
		if got := float64(first[target]) / rounds; got < want-0.02 || got > want+0.02 {
			t.Errorf("%s first in %.3f of all, want about %.2f", target, got, want)
		}
	}
}

// The same chance chooses the same, in whatever order the server has the records.
func TestOrderOfEqualWeights(t *testing.T) {
	a, b := &dns.SRV{Target: "a.test.", Port: 1}, &dns.SRV{Target: "b.test.", Port: 1}
	for _, list := range [][]dns.RR{{a, b}, {b, a}} {
		if out := orderSRV(list, func(int) int { return 0 }); out[0] != a {
			t.Errorf("%v first", out[0])
		}
	}
}
