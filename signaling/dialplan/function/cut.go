package function

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

// readCut is CUT(variable,delimiter,fields), fields like "2", "2-4", "3-", "1&3".
func readCut(c *dialplan.Call, args string) (string, error) {
	const usage = "CUT(variable,delimiter,fields)"
	parts := argument.Split(args, 3)
	if len(parts) < 3 || parts[2] == "" {
		return "", bad("CUT", args, usage)
	}
	sep := string([]byte{delimiter(parts[1], '-')})
	value, err := named(c, parts[0])
	fields := strings.Split(value, sep)
	var out []string
	done := 0 // fields are taken once and in order
	for _, want := range strings.Split(parts[2], "&") {
		from, to, isRange := strings.Cut(strings.TrimSpace(want), "-")
		lo, okLo := argument.Int(from)
		hi, okHi := argument.Int(to)
		switch {
		case isRange && !okLo && !okHi:
			continue
		case !isRange && !okLo:
			return "", bad("CUT", args, usage)
		case !isRange:
			hi = lo
		case from == "":
			lo = 1
		case to == "":
			hi = len(fields)
		}
		for i := max(lo, done+1, 1); i <= min(hi, len(fields)); i++ {
			out = append(out, fields[i-1])
			done = i
		}
	}
	return strings.Join(out, sep), err
}
