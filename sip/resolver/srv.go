package resolver

import (
	"cmp"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// orderSRV puts records in the order in which they are to be tried (RFC 2782): by
// priority, and of one priority by chance in proportion to the weights.
func orderSRV(records []dns.RR, random func(n int) int) []*dns.SRV {
	var all []*dns.SRV
	for _, rr := range records {
		if s, ok := rr.(*dns.SRV); ok {
			all = append(all, s)
		}
	}
	// Those of weight 0 first, so that they are chosen by a 0 only; the rest of the
	// order is for the same chance to choose the same, whatever order the server has.
	slices.SortStableFunc(all, func(a, b *dns.SRV) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(min(a.Weight, 1), min(b.Weight, 1)),
			strings.Compare(a.Target, b.Target), cmp.Compare(a.Port, b.Port))
	})
	out := make([]*dns.SRV, 0, len(all))
	for len(all) > 0 {
		n, sum := 0, 0
		for n < len(all) && all[n].Priority == all[0].Priority {
			sum += int(all[n].Weight)
			n++
		}
		group := slices.Clone(all[:n])
		all = all[n:]
		for len(group) > 0 {
			i := draw(group, random(sum+1))
			sum -= int(group[i].Weight)
			out = append(out, group[i])
			group = slices.Delete(group, i, i+1)
		}
	}
	return out
}

// draw is the first record whose running sum of weights reaches the number.
func draw(group []*dns.SRV, number int) int {
	sum := 0
	for i, s := range group {
		if sum += int(s.Weight); sum >= number {
			return i
		}
	}
	return len(group) - 1
}

// service is where a NAPTR record, or the want of one, says that a domain is served.
type service struct {
	network string
	name    string // to be asked for as SRV
}

// naptrServices are the services of SIP that we speak (RFC 3263 §4.1).
var naptrServices = map[string]string{"sip+d2u": "udp", "sip+d2t": "tcp", "sips+d2t": "tls"}

// orderNAPTR are the services that NAPTR records name, in the order of the domain's
// preference; sips leaves out what is not TLS.
func orderNAPTR(records []dns.RR, secure bool) []service {
	var all []*dns.NAPTR
	for _, rr := range records {
		n, ok := rr.(*dns.NAPTR)
		if !ok || !strings.EqualFold(n.Flags, "s") || n.Regexp != "" || n.Replacement == "." {
			continue // no rule that leads to SRV
		}
		network := naptrServices[strings.ToLower(n.Service)]
		if network == "" || secure && network != "tls" {
			continue
		}
		all = append(all, n)
	}
	slices.SortStableFunc(all, func(a, b *dns.NAPTR) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Preference, b.Preference))
	})
	var out []service
	for _, n := range all {
		out = append(out, service{naptrServices[strings.ToLower(n.Service)], strings.ToLower(n.Replacement)})
	}
	return out
}
