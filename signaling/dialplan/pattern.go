package dialplan

import (
	"cmp"
	"errors"
	"fmt"
	"math/bits"
	"strings"
)

// Mode says which question a match answers.
type Mode uint8

const (
	// Match asks whether the dialled digits are this extension.
	Match Mode = iota
	// CanMatch asks whether they are, or could be with more digits.
	CanMatch
	// MatchMore asks whether more digits could still match. It decides whether
	// to wait for another digit.
	MatchMore
)

// Result is how a pattern answers. Early is a match by "!", which ends the wait
// for further digits.
type Result uint8

// The results of a match.
const (
	No Result = iota
	Yes
	Early
)

var errOpenSet = errors.New("no closing ] in pattern")

// Pattern is a compiled extension name. A name that begins with an underscore
// is a pattern: X is 0-9, Z 1-9, N 2-9 (without case), [15-7] one of a set,
// "." one or more of anything, "!" none or more, all else itself. A hyphen is
// ignored everywhere except inside a set, also in what was dialled; so is a space
// in a pattern. Any other name matches only itself.
type Pattern struct {
	source   string
	literal  string // canonical form of a plain name; unused for patterns
	wild     bool
	broken   bool
	elements []element
}

type element struct {
	kind elementKind
	set  charSet
}

type elementKind uint8

const (
	oneOf elementKind = iota
	oneOrMore
	noneOrMore
)

// charSet holds the bytes that an element accepts.
type charSet [4]uint64

func (s *charSet) add(c byte)      { s[c>>6] |= 1 << (c & 63) }
func (s *charSet) has(c byte) bool { return s[c>>6]&(1<<(c&63)) != 0 }

func (s *charSet) addRange(lo, hi byte) {
	for c := int(lo); c <= int(hi); c++ {
		s.add(byte(c))
	}
}

func (s *charSet) count() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

func (s *charSet) lowest() int {
	for i, w := range s {
		if w != 0 {
			return i*64 + bits.TrailingZeros64(w)
		}
	}
	return 256
}

// Compile makes a Pattern of an extension name. A pattern with an unclosed set
// gives an error, and a Pattern that sorts last and matches nothing, as in Asterisk.
func Compile(name string) (Pattern, error) {
	p := Pattern{source: name}
	if !strings.HasPrefix(name, "_") {
		p.literal = withoutHyphens(name)
		return p, nil
	}
	p.wild = true
	for rest := name[1:]; rest != ""; {
		c := rest[0]
		rest = rest[1:]
		var e element
		switch c {
		case '-', ' ':
			continue
		case 'X', 'x':
			e.set.addRange('0', '9')
		case 'Z', 'z':
			e.set.addRange('1', '9')
		case 'N', 'n':
			e.set.addRange('2', '9')
		case '.':
			e.kind = oneOrMore
		case '!':
			e.kind = noneOrMore
		case '[':
			end := strings.IndexByte(rest, ']')
			if end < 0 {
				p.broken = true
				return p, fmt.Errorf("extension %q: %w", name, errOpenSet)
			}
			e.set = parseSet(rest[:end])
			rest = rest[end+1:]
		default:
			e.set.add(c)
		}
		p.elements = append(p.elements, e)
	}
	return p, nil
}

// MustCompile is Compile for names known to be right.
func MustCompile(name string) Pattern {
	p, err := Compile(name)
	if err != nil {
		panic(err)
	}
	return p
}

func parseSet(body string) charSet {
	var s charSet
	for i := 0; i < len(body); i++ {
		if i+2 < len(body) && body[i+1] == '-' {
			s.addRange(body[i], body[i+2])
			i += 2
			continue
		}
		s.add(body[i])
	}
	return s
}

func withoutHyphens(s string) string {
	if strings.IndexByte(s, '-') < 0 {
		return s
	}
	return strings.ReplaceAll(s, "-", "")
}

// String is the name as it was written.
func (p Pattern) String() string { return p.source }

// IsPattern reports whether the name begins with an underscore.
func (p Pattern) IsPattern() bool { return p.wild }

// Match answers whether the dialled text matches. It allocates nothing for text
// without hyphens.
func (p Pattern) Match(dialled string, mode Mode) Result {
	if p.broken {
		return No
	}
	if p.wild && mode == Match && dialled == p.source {
		return Yes // a pattern asked for by its own name
	}
	dialled = withoutHyphens(dialled)
	if !p.wild {
		return p.matchLiteral(dialled, mode)
	}
	for i, e := range p.elements {
		if len(dialled) == i {
			// The digits end before the pattern does.
			if e.kind == noneOrMore {
				return Early
			}
			return when(mode != Match)
		}
		switch e.kind {
		case oneOrMore:
			return Yes
		case noneOrMore:
			return Early
		}
		if !e.set.has(dialled[i]) {
			return No
		}
	}
	return when(len(dialled) == len(p.elements) && mode != MatchMore)
}

func (p Pattern) matchLiteral(dialled string, mode Mode) Result {
	switch mode {
	case Match:
		return when(dialled == p.literal)
	case MatchMore:
		return when(len(dialled) < len(p.literal) && strings.HasPrefix(p.literal, dialled))
	default:
		return when(strings.HasPrefix(p.literal, dialled))
	}
}

func when(b bool) Result {
	if b {
		return Yes
	}
	return No
}

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

// MatchCallerID matches a caller's number against the part of an extension after
// the slash. An empty pattern matches only a caller without a number.
func MatchCallerID(p Pattern, number string) bool {
	if number == "" || p.source == "" {
		return number == p.source
	}
	return p.Match(number, Match) != No
}
