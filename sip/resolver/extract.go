package resolver

import (
	"strings"
	"time"

	"github.com/miekg/dns"
)

const (
	// maxAliases bounds a chain of CNAMEs.
	maxAliases = 8
	// maxRecords bounds what is taken of one answer.
	maxRecords = 64
	// noSOA is how long it is remembered that there is no record where the zone does
	// not say.
	noSOA = time.Minute
)

// extracted is what of a response answers the question.
type extracted struct {
	records []dns.RR
	ttl     time.Duration
	next    string // the alias that the answer ends at without its records
}

// extract takes the records of the question's kind whose owner is the name that was
// asked for, or what it is an alias of (RFC 1034 §3.6.2).
func extract(m *dns.Msg, q question) extracted {
	x := extracted{ttl: time.Duration(1<<63 - 1)}
	name := q.name
	for range maxAliases {
		alias := ""
		for _, rr := range m.Answer {
			h := rr.Header()
			if h.Class != dns.ClassINET || !strings.EqualFold(h.Name, name) {
				continue
			}
			switch c, isAlias := rr.(*dns.CNAME); {
			case h.Rrtype == q.kind && len(x.records) < maxRecords:
				x.records = append(x.records, rr)
				x.ttl = min(x.ttl, seconds(h.Ttl))
			case isAlias && alias == "":
				alias = strings.ToLower(c.Target)
				x.ttl = min(x.ttl, seconds(h.Ttl))
			}
		}
		if len(x.records) > 0 {
			return x
		}
		if alias == "" {
			break
		}
		name = alias
	}
	if name != q.name && m.Rcode == dns.RcodeSuccess && soa(m) == nil {
		x.next = name
		return x
	}
	x.ttl = min(x.ttl, negativeTTL(m))
	return x
}

// soa is the SOA that comes with the answer that there is none (RFC 2308 §3).
func soa(m *dns.Msg) *dns.SOA {
	for _, rr := range m.Ns {
		if s, ok := rr.(*dns.SOA); ok {
			return s
		}
	}
	return nil
}

// negativeTTL is how long it may be remembered that there is none (RFC 2308 §5).
func negativeTTL(m *dns.Msg) time.Duration {
	if s := soa(m); s != nil {
		return min(seconds(s.Minttl), seconds(s.Hdr.Ttl))
	}
	return noSOA
}

// seconds is a TTL; one with its highest bit set is 0 (RFC 2181 §8).
func seconds(ttl uint32) time.Duration {
	if ttl > 1<<31-1 {
		return 0
	}
	return time.Duration(ttl) * time.Second
}
