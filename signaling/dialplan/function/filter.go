package function

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

// readFilter is FILTER(allowed,text), allowed with ranges as a-z.
func readFilter(_ *dialplan.Call, args string) (string, error) {
	const usage = "FILTER(allowed,text)"
	parts := argument.SplitRaw(args, 2)
	if len(parts) < 2 {
		return "", bad("FILTER", args, usage)
	}
	set, ok := allowed(parts[0])
	if !ok {
		return "", bad("FILTER", args, usage)
	}
	var b strings.Builder
	for _, c := range []byte(parts[1]) {
		if set[c] {
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

// readReplace is REPLACE(variable,characters[,replacement]), the replacement one
// character, which may be escaped.
func readReplace(c *dialplan.Call, args string) (string, error) {
	const usage = "REPLACE(variable,characters[,replacement])"
	parts := argument.Split(args, 3)
	find, okFind := unescape(argument.At(parts, 1))
	with, okWith := unescape(argument.At(parts, 2))
	if find == "" || !okFind || !okWith {
		return "", bad("REPLACE", args, usage)
	}
	value, err := named(c, parts[0])
	var b strings.Builder
	for _, x := range []byte(value) {
		switch {
		case strings.IndexByte(find, x) < 0:
			b.WriteByte(x)
		case with != "":
			b.WriteByte(with[0])
		}
	}
	return b.String(), err
}

// byteSet is a set of characters.
type byteSet [256]bool

// add adds a range. One that ends before it begins goes round over the last
// character to the first.
func (s *byteSet) add(from, to byte) {
	for c := from; ; c++ {
		s[c] = true
		if c == to {
			return
		}
	}
}

// allowed reads the set of FILTER; ok is false for an escape that is none.
func allowed(text string) (s byteSet, ok bool) {
	for text != "" {
		from, rest, ok := unescapeByte(text)
		if !ok {
			return s, false
		}
		text = rest
		if text == "" || text[0] != '-' {
			s.add(from, from)
			continue
		}
		if len(text) == 1 {
			s.add(from, from) // a range without an end
			break
		}
		to, rest, ok := unescapeByte(text[1:])
		if !ok {
			return s, false
		}
		s.add(from, to)
		text = rest
	}
	return s, true
}
