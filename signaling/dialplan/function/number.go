package function

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

func readMin(_ *dialplan.Call, args string) (string, error) { return smallestBy(args, math.Min) }

func readMax(_ *dialplan.Call, args string) (string, error) { return smallestBy(args, math.Max) }

func smallestBy(args string, choose func(a, b float64) float64) (string, error) {
	var best float64
	some := false
	for _, p := range argument.Split(args, 0) {
		if p == "" {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(p), 64)
		if err != nil {
			return "", fmt.Errorf("%q is no number", p)
		}
		if !some {
			best, some = v, true
		}
		best = choose(best, v)
	}
	if !some {
		return "", nil
	}
	return formatPlain(best), nil
}

func readAbs(_ *dialplan.Call, args string) (string, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(args), 64)
	if err != nil {
		return "", fmt.Errorf("%q is no number", args)
	}
	return formatPlain(math.Abs(v)), nil
}

// formatPlain prints a whole number without a point.
func formatPlain(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.FormatInt(int64(v), 10)
	}
	return strconv.FormatFloat(v, 'f', 6, 64)
}

func readInc(c *dialplan.Call, args string) (string, error) { return count(c, args, 1) }

func readDec(c *dialplan.Call, args string) (string, error) { return count(c, args, -1) }

// count adds to a variable and gives the new value.
func count(c *dialplan.Call, name string, by int64) (string, error) {
	value, err := named(c, name)
	if err != nil {
		return "", err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
	if err != nil {
		return "", fmt.Errorf("%s is %q, no number", name, value)
	}
	if by > 0 && n > math.MaxInt64-by || by < 0 && n < math.MinInt64-by {
		return "", fmt.Errorf("%s is %q, too large to count on", name, value)
	}
	value = strconv.FormatInt(n+by, 10)
	return value, c.SetVar(name, value)
}
