package function

import (
	"math"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

// mathOperators in the order they are looked for.
var mathOperators = []string{"<<", ">>", "<=", ">=", "==", "AND", "XOR", "OR", "+", "-", "*", "/", "%", "^", "<", ">"}

// readMath is MATH(number operator number[,format]); the format is f (default), i, h or c.
func readMath(_ *dialplan.Call, args string) (string, error) {
	const usage = "MATH(number operator number[,f|i|h|c])"
	parts := argument.Split(args, 2)
	text := strings.TrimSpace(argument.At(parts, 0))
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
	return formatMath(calculate(op, a, b), argument.At(parts, 1))
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
