package peers

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// dictionary and list are bencode's (BEP 3); what is in them is one of these, or a
// string. Numbers are read as strings.
type (
	dictionary map[string]any
	list       []any
)

// bencode prints a string, a list or a dictionary.
func bencode(v any) string {
	var b strings.Builder
	switch v := v.(type) {
	case string:
		fmt.Fprintf(&b, "%d:%s", len(v), v)
	case list:
		b.WriteByte('l')
		for _, x := range v {
			b.WriteString(bencode(x))
		}
		b.WriteByte('e')
	case dictionary:
		b.WriteByte('d')
		for _, key := range slices.Sorted(maps.Keys(v)) {
			b.WriteString(bencode(key) + bencode(v[key]))
		}
		b.WriteByte('e')
	}
	return b.String()
}

// deepest is how far values may lie within each other.
const deepest = 16

var errBencode = errors.New("bencode: not a value")

// readBencode reads a value and gives what follows it.
func readBencode(s string, depth int) (v any, rest string, err error) {
	if s == "" || depth > deepest {
		return nil, "", errBencode
	}
	switch s[0] {
	case 'i':
		number, rest, ok := strings.Cut(s[1:], "e")
		if !ok {
			return nil, "", errBencode
		}
		return number, rest, nil
	case 'l', 'd':
		var all list
		for rest = s[1:]; !strings.HasPrefix(rest, "e"); {
			if v, rest, err = readBencode(rest, depth+1); err != nil {
				return nil, "", err
			}
			all = append(all, v)
		}
		if s[0] == 'l' {
			return all, rest[1:], nil
		}
		d := dictionary{}
		for i := 0; i+1 < len(all); i += 2 {
			key, ok := all[i].(string)
			if !ok {
				return nil, "", errBencode
			}
			d[key] = all[i+1]
		}
		return d, rest[1:], nil
	default:
		length, text, ok := strings.Cut(s, ":")
		n, err := strconv.ParseUint(length, 10, 31)
		if !ok || err != nil || int(n) > len(text) {
			return nil, "", errBencode
		}
		return text[:n], text[n:], nil
	}
}
