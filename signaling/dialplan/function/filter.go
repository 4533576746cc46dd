package function

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

func readFilter(_ *dialplan.Call, args string) (string, error) {
	parts := argument.SplitRaw(args, 2)
	if len(parts) < 2 {
		return "", bad("FILTER", args, "FILTER(allowed,text)")
	}
	set := parseSetText(parts[0], true)
	var b strings.Builder
	for _, c := range []byte(parts[1]) {
		if set[c] {
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

func readReplace(c *dialplan.Call, args string) (string, error) {
	parts := argument.SplitRaw(args, 3)
	if len(parts) < 2 {
		return "", bad("REPLACE", args, "REPLACE(variable,characters[,replacement])")
	}
	set := parseSetText(parts[1], false)
	with := argument.At(parts, 2)
	value, err := named(c, parts[0])
	var b strings.Builder
	for _, x := range []byte(value) {
		switch {
		case !set[x]:
			b.WriteByte(x)
		case with != "":
			b.WriteByte(with[0])
		}
	}
	return b.String(), err
}

// byteSet is a set of characters.
type byteSet [256]bool

func (s *byteSet) addRange(from, to byte) {
	for c := int(from); c <= int(to); c++ {
		s[c] = true
	}
}

// parseSetText reads a set of characters: a backslash takes the next character as it
// is; with ranges, a-z is one.
func parseSetText(text string, ranges bool) byteSet {
	var s byteSet
	for text != "" {
		from, _, rest, ok := unescapeByte(text)
		if !ok {
			break
		}
		text = rest
		s[from] = true
		if !ranges || text == "" || text[0] != '-' {
			continue
		}
		if len(text) == 1 {
			break // a range without an end
		}
		to, _, rest, ok := unescapeByte(text[1:])
		if !ok {
			break
		}
		s.addRange(from, to)
		text = rest
	}
	return s
}
