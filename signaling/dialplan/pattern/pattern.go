// Package pattern is the names of extensions: plain ones, and patterns such as _NXX.,
// what they match, and the order in which Asterisk searches them.
package pattern

import (
	"errors"
	"fmt"
	"strings"
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

// Compile makes a Pattern of an extension name. A pattern with an unclosed set
// gives an error, and a Pattern that sorts last and matches nothing, as in Asterisk.
func Compile(name string) (Pattern, error) {
	p := Pattern{source: name}
	if !strings.HasPrefix(name, "_") {
		p.literal = Plain(name)
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

// String is the name as it was written.
func (p Pattern) String() string { return p.source }

// IsPattern reports whether the name begins with an underscore.
func (p Pattern) IsPattern() bool { return p.wild }

// Plain is a number without its hyphens: the Key of the plain name that it matches.
func Plain(s string) string {
	if strings.IndexByte(s, '-') < 0 {
		return s
	}
	return strings.ReplaceAll(s, "-", "")
}

// Key is one text for all spellings of a name: names that are the Same have one Key.
func (p Pattern) Key() string {
	if !p.wild {
		return p.literal
	}
	var b strings.Builder
	b.WriteByte('_')
	for _, e := range p.elements {
		b.WriteByte(byte(e.kind))
		for _, w := range e.set {
			for i := range 8 {
				b.WriteByte(byte(w >> (8 * i)))
			}
		}
	}
	return b.String()
}
