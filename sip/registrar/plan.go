package registrar

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/qualify"
)

// plan is what a REGISTER makes of an AOR's bindings; nothing has changed yet.
type plan struct {
	next    []Binding // all that are then there, in order
	put     []Binding // those of the request that are new or refreshed
	added   map[string]bool
	removed []Binding
}

// decide applies a REGISTER to the bindings that are there: all of it or nothing
// (RFC 3261 §10.3 steps 6 to 8).
func decide(current []Binding, reg *registration, aor *AOR, now time.Time) (*plan, *refusal) {
	p := &plan{added: make(map[string]bool)}
	for _, b := range current {
		if b.Alive(now) { // the rest is about to be removed as expired
			p.next = append(p.next, b)
		}
	}
	if reg.removeAll {
		return p, p.removeAll(reg)
	}
	for i := range reg.contacts {
		if no := p.apply(reg, &reg.contacts[i], aor, now); no != nil {
			return nil, no
		}
	}
	if no := p.fit(aor); no != nil {
		return nil, no
	}
	order(p.next)
	return p, nil
}

func (p *plan) removeAll(reg *registration) *refusal {
	var kept []Binding
	for _, b := range p.next {
		if b.Static {
			kept = append(kept, b)
			continue
		}
		if late(&b, reg) {
			return outOfOrder
		}
		p.removed = append(p.removed, b)
	}
	p.next = kept
	return nil
}

var outOfOrder = refuse(500, "CSeq Out Of Order")

// late tells whether a REGISTER is older than what made the binding.
func late(b *Binding, reg *registration) bool {
	return b.CallID == reg.callID && reg.cseq <= b.CSeq
}

// apply adds, refreshes or removes one contact.
func (p *plan) apply(reg *registration, w *wanted, aor *AOR, now time.Time) *refusal {
	if w.expires > 0 && w.expires < aor.MinExpiration {
		least := int((aor.MinExpiration + time.Second - 1) / time.Second)
		return &refusal{423, "", []message.Header{{Name: "Min-Expires", Value: strconv.Itoa(least)}}}
	}
	rewritten := reg.rewritten(w, aor)
	i := slices.IndexFunc(p.next, func(b Binding) bool { return b.same(w, reg, rewritten) })
	touched := i >= 0 && slices.ContainsFunc(p.put, func(b Binding) bool { return b.Key == p.next[i].Key })
	if i >= 0 && !touched && late(&p.next[i], reg) {
		return outOfOrder
	}
	if w.expires == 0 {
		if i >= 0 {
			p.removed = append(p.removed, p.next[i])
			p.next = slices.Delete(p.next, i, i+1)
		}
		return nil
	}
	b := reg.binding(w, aor, now)
	if i < 0 {
		b.Key = p.free(b.Key)
		b.Status = initialStatus(aor)
		p.added[b.Key] = true
		p.next = append(p.next, b)
		p.put = append(p.put, b)
		return nil
	}
	old := &p.next[i]
	b.Key, b.Registered = old.Key, old.Registered
	b.Status, b.RTT, b.Qualified = old.Status, old.RTT, old.Qualified
	*old = b
	if touched { // the same contact twice: the last one counts
		p.put = slices.DeleteFunc(p.put, func(q Binding) bool { return q.Key == b.Key })
	}
	p.put = append(p.put, b)
	return nil
}

// free is a key that no binding has: itself, or with a number, which "#" keeps from
// being a URI.
func (p *plan) free(key string) string {
	out := key
	for n := 2; slices.ContainsFunc(p.next, func(b Binding) bool { return !b.Static && b.Key == out }); n++ {
		out = key + "#" + strconv.Itoa(n)
	}
	return out
}

// fit holds max_contacts, removing others where the AOR says so.
func (p *plan) fit(aor *AOR) *refusal {
	excess := -aor.MaxContacts
	var others []Binding
	for _, b := range p.next {
		if b.Static {
			continue
		}
		excess++
		if !slices.ContainsFunc(p.put, func(q Binding) bool { return q.Key == b.Key }) {
			others = append(others, b)
		}
	}
	if len(p.put) == 0 || excess <= 0 { // without a new contact nothing is refused
		return nil
	}
	gone := func(b *Binding) bool { return aor.RemoveUnavailable && b.Status == qualify.Unavail }
	if !aor.RemoveExisting {
		others = slices.DeleteFunc(others, func(b Binding) bool { return !gone(&b) })
	}
	if excess > len(others) {
		return refuse(403, "Too Many Contacts")
	}
	slices.SortStableFunc(others, func(a, b Binding) int {
		if gone(&a) != gone(&b) {
			if gone(&a) {
				return -1
			}
			return 1
		}
		return cmp.Or(a.Expires.Compare(b.Expires), a.Registered.Compare(b.Registered))
	})
	for _, b := range others[:excess] {
		p.removed = append(p.removed, b)
		p.next = slices.DeleteFunc(p.next, func(q Binding) bool { return q.Key == b.Key && !q.Static })
	}
	return nil
}

func initialStatus(aor *AOR) qualify.Status {
	if aor.QualifyFrequency > 0 {
		return qualify.Unknown
	}
	return qualify.NonQual
}
