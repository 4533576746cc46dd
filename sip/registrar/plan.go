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
	put     []put     // those of the request that are new or refreshed
	removed []Binding
}

// put is a binding that a REGISTER makes or makes anew.
type put struct {
	Binding
	added bool           // it is new
	same  bool           // all of it but when and by which request is as it was
	was   message.FlowID // the flow that it had
}

// decide applies a REGISTER to the bindings that are there: all of it or nothing
// (RFC 3261 §10.3 steps 6 to 8).
func decide(current []Binding, reg *registration, aor *AOR, now time.Time) (*plan, *refusal) {
	p := &plan{next: make([]Binding, 0, len(current)+len(reg.contacts))}
	for i := range current {
		if current[i].Alive(now) { // the rest is about to be removed as expired
			p.next = append(p.next, current[i])
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
	i := 0
	for i < len(p.next) && !p.next[i].same(w, reg, rewritten) {
		i++
	}
	if i == len(p.next) {
		i = -1
	}
	touched := -1 // the one of put that is the same contact
	if i >= 0 {
		touched = slices.IndexFunc(p.put, func(b put) bool { return b.Key == p.next[i].Key })
	}
	if i >= 0 && touched < 0 && late(&p.next[i], reg) {
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
		p.next = append(p.next, b)
		p.put = append(p.put, put{Binding: b, added: true})
		return nil
	}
	old := &p.next[i]
	again := put{was: old.Flow}
	b.Key, b.Registered = old.Key, old.Registered
	b.Status, b.RTT, b.Qualified, b.Trouble = old.Status, old.RTT, old.Qualified, old.Trouble
	again.Binding, again.same = b, b.keeps(old)
	*old = b
	if touched >= 0 { // the same contact twice: the last one counts
		first := &p.put[touched]
		again.added, again.was, again.same = first.added, first.was, false
		p.put = slices.Delete(p.put, touched, touched+1)
	}
	p.put = append(p.put, again)
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
	for i := range p.next {
		b := &p.next[i]
		if b.Static {
			continue
		}
		excess++
		if !slices.ContainsFunc(p.put, func(q put) bool { return q.Key == b.Key }) {
			others = append(others, *b)
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
