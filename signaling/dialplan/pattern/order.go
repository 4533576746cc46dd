package pattern

import (
	"cmp"
	"strings"
)

// Compare orders patterns as Asterisk searches them: plain names first, by text;
// then patterns, position by position, the one with fewer choices first, among as
// many the one with the lower characters; "." after every set, "!" after ".", the
// end of a pattern after all of them. It is a total order up to Same.
func Compare(a, b Pattern) int {
	switch {
	case !a.wild && !b.wild:
		return strings.Compare(a.literal, b.literal)
	case !a.wild:
		return -1
	case !b.wild:
		return 1
	}
	for i := 0; ; i++ {
		ea, ra := a.rank(i)
		eb, rb := b.rank(i)
		if ra != rb {
			return cmp.Compare(ra, rb)
		}
		if ra >= rankEnd {
			if ra == rankBroken {
				return strings.Compare(a.source, b.source)
			}
			return 0
		}
		if c := compareSets(&ea.set, &eb.set); c != 0 {
			return c
		}
	}
}

// Same reports whether two names are one extension: equal but for hyphens and for
// the way a set is written.
func Same(a, b Pattern) bool { return a.wild == b.wild && Compare(a, b) == 0 }

// The ranks of what is no set; a set ranks by its size, then its lowest character.
const (
	rankOneOrMore  = 0x18000
	rankNoneOrMore = 0x28000
	rankEnd        = 0x30000
	rankBroken     = 0x40000
)

func (p Pattern) rank(i int) (element, int) {
	if i >= len(p.elements) {
		if p.broken {
			return element{}, rankBroken
		}
		return element{}, rankEnd
	}
	e := p.elements[i]
	switch e.kind {
	case oneOrMore:
		return e, rankOneOrMore
	case noneOrMore:
		return e, rankNoneOrMore
	}
	n := e.set.count()
	if n == 0 {
		return e, rankEnd - 1 // an empty set: matches nothing, so last but the end
	}
	return e, n<<8 | e.set.lowest()
}

// compareSets puts first the set that has the lowest character the other lacks.
func compareSets(a, b *charSet) int {
	for i := range a {
		if d := a[i] ^ b[i]; d != 0 {
			if a[i]&(d&-d) != 0 {
				return -1
			}
			return 1
		}
	}
	return 0
}
