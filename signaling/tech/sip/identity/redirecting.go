package identity

import (
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/party"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// maxCount bounds what one hop says of how often the call was sent on.
const maxCount = 255

// Redirecting is how the call of a request was sent on before it came here, nil if it was
// not. Of an endpoint that is not trusted only how often is believed: to say more would
// harm nobody but itself.
func (r *Rules) Redirecting(m *message.Parsed) *party.Redirecting {
	hops := diversions(m)
	history := histories(m)
	known := hops
	if len(known) == 0 {
		known = history
	}
	n := max(count(hops), count(history))
	if n == 0 {
		return nil
	}
	if !r.TrustInbound {
		return &party.Redirecting{Hops: []party.Hop{{By: party.ID{}.Present(party.Unavailable), Count: n}}}
	}
	known[0].Count += n - count(known)
	return &party.Redirecting{Hops: known}
}

func count(hops []party.Hop) (n int) {
	for _, h := range hops {
		n += h.Count
	}
	return n
}

// diversions are the hops that Diversion tells, of which the topmost is the last (RFC 5806
// §4).
func diversions(m *message.Parsed) []party.Hop {
	list := addresses(m, "Diversion")
	hops := make([]party.Hop, 0, len(list))
	for i := len(list) - 1; i >= 0; i-- {
		a := list[i]
		h := party.Hop{By: idOf(a), Reason: party.ReasonOfDiversion(a.Params.Value("reason")), Count: 1}
		if n, err := strconv.Atoi(a.Params.Value("counter")); err == nil && n > 1 {
			h.Count = min(n, maxCount)
		}
		pres := party.Allowed
		if strings.EqualFold(a.Params.Value("screen"), "yes") {
			pres = party.AllowedPassed
		}
		h.By = h.By.Present(pres)
		switch strings.ToLower(a.Params.Value("privacy")) {
		case "full":
			h.By = h.By.Present(pres.Hidden())
		case "name":
			h.By.NamePres = pres.Hidden()
		case "uri":
			h.By.NumberPres = pres.Hidden()
		}
		hops = append(hops, h)
	}
	return hops
}

// histories are the hops that History-Info tells: each entry whose URI has a cause was
// reached because the one before it sent the call on (RFC 7044 §5, RFC 4458).
func histories(m *message.Parsed) (hops []party.Hop) {
	var before message.Address
	for i, a := range addresses(m, "History-Info") {
		if cause, err := strconv.Atoi(a.URI.Params.Value("cause")); err == nil && i > 0 {
			h := party.Hop{By: idOf(before), Reason: party.ReasonOfCause(cause), Count: 1}
			if hidesHistory(m, before) {
				h.By = h.By.Present(party.Private)
			}
			hops = append(hops, h)
		}
		before = a
	}
	return hops
}

// hidesHistory reports whether an entry of History-Info is private, by its own Privacy or
// that of the message (RFC 7044 §10.1).
func hidesHistory(m *message.Parsed, a message.Address) bool {
	if strings.Contains(strings.ToLower(a.URI.Headers.Value("Privacy")), "history") {
		return true
	}
	for _, w := range privacy(m) {
		if w == "history" || w == "header" || w == "session" {
			return true
		}
	}
	return false
}

// RedirectHeaders tell an endpoint how a call was sent on, before it comes to the address
// to.
func (r *Rules) RedirectHeaders(way *party.Redirecting, to message.URI, host string) (out []message.Header) {
	if way == nil || len(way.Hops) == 0 {
		return nil
	}
	if r.SendDiversion {
		for i := len(way.Hops) - 1; i >= 0; i-- {
			out = append(out, message.Header{Name: "Diversion", Value: r.diversion(&way.Hops[i], host)})
		}
	}
	if r.SendHistory {
		out = append(out, message.Header{Name: "History-Info", Value: r.history(way.Hops, to, host)})
	}
	return out
}

func (r *Rules) diversion(h *party.Hop, host string) string {
	a := r.hop(h, host)
	a.Params = message.Params{{Name: "reason", Value: h.Reason.Diversion()}, {Name: "counter", Value: strconv.Itoa(max(h.Count, 1))}}
	if p := remotePrivacy(h.By); p != "off" {
		a.Params = append(a.Params, message.Param{Name: "privacy", Value: p})
	}
	return a.String()
}

// history is one line of entries, each below the one before it.
func (r *Rules) history(hops []party.Hop, to message.URI, host string) string {
	var b strings.Builder
	index := "1"
	for i := range hops {
		a := r.hop(&hops[i], host)
		a.Display = ""
		if !hops[i].By.NumberPres.Shown() && r.TrustOutbound {
			a.URI.Headers = message.Params{{Name: "Privacy", Value: "history"}}
		}
		r.entry(&b, a, hops, i, index)
		index += ".1"
	}
	to.Headers, to.Password = nil, ""
	r.entry(&b, message.Address{URI: to}, hops, len(hops), index)
	return b.String()
}

// entry writes the entry that hop i-1 led to.
func (r *Rules) entry(b *strings.Builder, a message.Address, hops []party.Hop, i int, index string) {
	a.Params = message.Params{{Name: "index", Value: index}}
	if i > 0 {
		b.WriteString(", ")
		a.URI.Params = a.URI.Params.With("cause", strconv.Itoa(hops[i-1].Reason.Cause()))
		a.Params = append(a.Params, message.Param{Name: "mp", Value: strings.TrimSuffix(index, ".1")})
	}
	b.WriteString(a.String())
}

// hop is the address of one that sent the call on, as the endpoint may know it.
func (r *Rules) hop(h *party.Hop, host string) message.Address {
	by := h.By
	if !r.TrustOutbound {
		by = by.Public()
	}
	if by.Number == "" {
		return message.Address{URI: message.URI{Scheme: "sip", User: anonymousUser, Host: anonymousHost}}
	}
	if r.FromDomain != "" {
		host = r.FromDomain
	}
	return message.Address{Display: Clean(by.Name), URI: r.uri(by.Number, host)}
}
