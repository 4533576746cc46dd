package function

import (
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

func readFieldQty(c *dialplan.Call, args string) (string, error) {
	parts := argument.Split(args, 2)
	value := named(c, argument.At(parts, 0))
	if value == "" {
		return "0", nil
	}
	if argument.At(parts, 1) == "" {
		return "1", nil
	}
	return strconv.Itoa(strings.Count(value, string([]byte{fieldDelimiter(parts[1])})) + 1), nil
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
	for i, f := range strings.Split(named(c, parts[0]), sep) {
		if f == parts[2] {
			return strconv.Itoa(i + 1), nil
		}
	}
	return "0", nil
}

func readListFilter(c *dialplan.Call, args string) (string, error) {
	parts := argument.Split(args, 3)
	if len(parts) < 3 {
		return "", bad("LISTFILTER", args, "LISTFILTER(variable,delimiter,item)")
	}
	sep := string([]byte{delimiter(parts[1], ',')})
	items := strings.Split(named(c, parts[0]), sep)
	kept := items[:0]
	for _, f := range items {
		if f != parts[2] {
			kept = append(kept, f)
		}
	}
	return strings.Join(kept, sep), nil
}
