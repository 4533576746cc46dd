package sdp

import (
	"slices"
	"strings"
)

// Binding is what a payload type means in a session; it may not change while the
// session lives (RFC 3264 §8.3.2).
type Binding struct {
	PayloadType uint8
	Encoding    Encoding
}

// bindings remembers payload types, our own and those the peer chose.
type bindings []Binding

// typeOf is the payload type of an encoding; a new one is chosen for an encoding
// that has none: the static one, the customary one, a free one. ok is false when
// all are taken.
func (b *bindings) typeOf(e Encoding, fixed uint8) (pt uint8, ok bool) {
	for _, k := range *b {
		if k.Encoding.same(e) {
			return k.PayloadType, true
		}
	}
	if fixed < firstDynamic && !b.taken(fixed) {
		return fixed, true
	}
	if pt, ok = b.choose(e); !ok {
		return 0, false
	}
	*b = append(*b, Binding{pt, e})
	return pt, true
}

// set records what a description said, which counts from then on and before what
// was recorded earlier.
func (b *bindings) set(pt uint8, e Encoding) {
	rest := slices.DeleteFunc(*b, func(k Binding) bool { return k.PayloadType == pt })
	*b = slices.Insert(rest, 0, Binding{pt, e})
}

func (b *bindings) taken(pt uint8) bool {
	for _, k := range *b {
		if k.PayloadType == pt {
			return true
		}
	}
	return false
}

// customary are the payload types that most devices expect to see.
var customary = [...]struct {
	pt       uint8
	encoding string
}{
	{101, "telephone-event/8000"},
	{107, "opus/48000/2"},
	{110, "telephone-event/48000"},
}

// choose takes the customary payload type, or a free one that is customary for
// nothing, or any that is free.
func (b *bindings) choose(e Encoding) (pt uint8, ok bool) {
	var reserved [128]bool
	for _, c := range customary {
		if strings.EqualFold(c.encoding, e.String()) && !b.taken(c.pt) {
			return c.pt, true
		}
		reserved[c.pt] = true
	}
	for _, last := range [...]bool{false, true} {
		for pt := uint8(firstDynamic); pt < 128; pt++ {
			if (last || !reserved[pt]) && !b.taken(pt) {
				return pt, true
			}
		}
	}
	return 0, false
}
