package function

import (
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

func readFieldQty(c *dialplan.Call, args string) (string, error) {
	parts := argument.Split(args, 2)
	value, err := named(c, argument.At(parts, 0))
	if value == "" {
		return "0", err
	}
	if argument.At(parts, 1) == "" {
		return "1", err
	}
	return strconv.Itoa(strings.Count(value, string([]byte{fieldDelimiter(parts[1])})) + 1), err
}

// fieldDelimiter reads a delimiter that stands last, where splitting leaves its
// backslash on.
func fieldDelimiter(text string) byte { return delimiter(text, '-') }

func readFieldNum(c *dialplan.Call, args string) (string, error) {
	parts := argument.Split(args, 3)
	if len(parts) < 3 {
		return "", bad("FIELDNUM", args, "FIELDNUM(variable,delimiter,value)")
	}
	sep := string([]byte{delimiter(parts[1], '-')})
	value, err := named(c, parts[0])
	if value == "" {
		return "0", err
	}
	for i, f := range strings.Split(value, sep) {
		if f == parts[2] {
			return strconv.Itoa(i + 1), err
		}
	}
	return "0", err
}

func readListFilter(c *dialplan.Call, args string) (string, error) {
	parts := argument.Split(args, 3)
	if len(parts) < 3 {
		return "", bad("LISTFILTER", args, "LISTFILTER(variable,delimiter,item)")
	}
	sep := string([]byte{delimiter(parts[1], ',')})
	value, err := named(c, parts[0])
	items := strings.Split(value, sep)
	kept := items[:0]
	for _, f := range items {
		if f != parts[2] {
			kept = append(kept, f)
		}
	}
	return strings.Join(kept, sep), err
}
