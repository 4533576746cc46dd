package dialplan

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// mathOperators in the order they are looked for.
var mathOperators = []string{"<<", ">>", "<=", ">=", "==", "AND", "XOR", "OR", "+", "-", "*", "/", "%", "^", "<", ">"}

// readMath is MATH(number operator number[,format]); the format is f (default), i, h or c.
func readMath(_ *Call, args string) (string, error) {
	const usage = "MATH(number operator number[,f|i|h|c])"
	parts := SplitArgs(args, 2)
	text := strings.TrimSpace(arg(parts, 0))
	if text == "" {
		return "", bad("MATH", args, usage)
	}
	at, op := -1, ""
	for i := 1; i < len(text) && op == ""; i++ {
		for _, o := range mathOperators {
			if strings.HasPrefix(text[i:], o) {
				at, op = i, o
				break
			}
		}
	}
	if op == "" {
		return "", bad("MATH", args, usage)
	}
	a, errA := strconv.ParseFloat(strings.TrimSpace(text[:at]), 64)
	b, errB := strconv.ParseFloat(strings.TrimSpace(text[at+len(op):]), 64)
	if errA != nil || errB != nil || strings.HasPrefix(text, "+") {
		return "", bad("MATH", args, usage)
	}
	switch op {
	case "<", ">", "<=", ">=", "==":
		holds := map[string]bool{"<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b, "==": a == b}[op]
		return strings.ToUpper(strconv.FormatBool(holds)), nil
	}
	return formatMath(calculate(op, a, b), arg(parts, 1))
}

func calculate(op string, a, b float64) float64 {
	ia, ib := int64(a), int64(b)
	switch op {
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	case "/":
		if b == 0 {
			return 0
		}
		return a / b
	case "%":
		if ib == 0 {
			return 0
		}
		return float64(ia % ib)
	case "^":
		return math.Pow(a, b)
	case "AND":
		return float64(ia & ib)
	case "OR":
		return float64(ia | ib)
	case "XOR":
		return float64(ia ^ ib)
	case "<<":
		return float64(ia << uint(ib&63))
	}
	return float64(ia >> uint(ib&63))
}

func formatMath(v float64, format string) (string, error) {
	switch strings.ToLower(strings.TrimSpace(format)) {
	case "", "f", "float":
		return strconv.FormatFloat(v, 'f', 6, 64), nil
	case "i", "int":
		return strconv.FormatInt(int64(v), 10), nil
	case "h", "hex":
		return strconv.FormatInt(int64(v), 16), nil
	case "c", "char":
		return string([]byte{byte(int64(v))}), nil
	}
	return "", fault.New(fault.Invalid, "MATH: unknown format %q", format)
}

// formatPlain prints a whole number without a point.
func formatPlain(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.FormatInt(int64(v), 10)
	}
	return strconv.FormatFloat(v, 'f', 6, 64)
}

func readMin(_ *Call, args string) (string, error) { return smallestBy(args, math.Min) }
func readMax(_ *Call, args string) (string, error) { return smallestBy(args, math.Max) }

func smallestBy(args string, choose func(a, b float64) float64) (string, error) {
	parts := SplitArgs(args, 0)
	var best float64
	for i, p := range parts {
		v, err := strconv.ParseFloat(strings.TrimSpace(p), 64)
		if err != nil {
			return "", fmt.Errorf("%q is no number", p)
		}
		if i == 0 {
			best = v
		}
		best = choose(best, v)
	}
	if len(parts) == 0 {
		return "", nil
	}
	return formatPlain(best), nil
}

func readAbs(_ *Call, args string) (string, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(args), 64)
	if err != nil {
		return "", fmt.Errorf("%q is no number", args)
	}
	return formatPlain(math.Abs(v)), nil
}

func readInc(c *Call, args string) (string, error) { return c.count(args, 1) }
func readDec(c *Call, args string) (string, error) { return c.count(args, -1) }

// count adds to a variable and gives the new value.
func (c *Call) count(name string, by int64) (string, error) {
	value := c.named(name)
	n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
	if err != nil {
		return "", fmt.Errorf("%s is %q, no number", name, value)
	}
	value = strconv.FormatInt(n+by, 10)
	return value, c.SetVar(name, value)
}

// readRand is RAND([min[,max]]), both included.
func readRand(_ *Call, args string) (string, error) {
	parts := SplitArgs(args, 2)
	lo, _ := leadingInt(arg(parts, 0))
	hi, ok := leadingInt(arg(parts, 1))
	if !ok {
		hi = math.MaxInt32
	}
	if lo > hi {
		lo, hi = hi, lo
	}
	return strconv.Itoa(lo + rand.IntN(hi-lo+1)), nil
}
