package function

import (
	"math"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

// mathOperators in the order they are looked for, which is not that of arithmetic:
// the first that is there divides the text in two, each of which counts up to where it
// ceases to be a number. So 1+2*3 is 3.
var mathOperators = []string{"*", "/", "%", "^", "AND", "XOR", "OR", ">=", ">>", ">", "<=", "<<", "<", "==", "+", "-"}

// readMath is MATH(number operator number[,format]); the format is f (default), i, h or c.
func readMath(_ *dialplan.Call, args string) (string, error) {
	const usage = "MATH(number operator number[,f|i|h|c])"
	parts := argument.Split(args, 2)
	left, op, right := splitMath(strings.TrimSpace(argument.At(parts, 0)))
	a, okA := leadingFloat(left)
	b, okB := leadingFloat(right)
	if !okA || !okB || len(parts) == 2 && parts[1] == "" {
		return "", bad("MATH", args, usage)
	}
	switch op {
	case "<", ">", "<=", ">=", "==":
		holds := map[string]bool{"<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b, "==": a == b}[op]
		return strings.ToUpper(strconv.FormatBool(holds)), nil
	}
	return formatMath(calculate(op, a, b), argument.At(parts, 1))
}

func splitMath(text string) (left, op, right string) {
	for _, op := range mathOperators {
		begin := 0
		if op == "-" && text != "" {
			begin = 1 // a sign
		}
		if i := strings.Index(text[begin:], op); i >= 0 {
			return text[:begin+i], op, text[begin+i+len(op):]
		}
	}
	return "", "", ""
}

// maxNumber bounds the text of one number, in bytes: the largest of 64 bits has 309 digits.
const maxNumber = 400

// leadingFloat reads the number that a text begins with, as C's %lf does: decimal with
// a fraction and an exponent, or 0x and hexadecimal digits.
func leadingFloat(text string) (float64, bool) {
	text = strings.TrimLeft(text, " \t")
	sign := len(text) - len(strings.TrimLeft(text, "+-"))
	digits := text[min(sign, 1):]
	if rest, ok := strings.CutPrefix(strings.ToLower(digits), "0x"); ok {
		end := len(rest) - len(strings.TrimLeft(rest, "0123456789abcdef"))
		v, err := strconv.ParseUint(rest[:end], 16, 63)
		if err == nil && strings.HasPrefix(text, "-") {
			return -float64(v), true
		}
		return float64(v), err == nil
	}
	end := min(len(text)-len(strings.TrimLeft(text, "+-0123456789.eE")), maxNumber)
	for ; end > 0; end-- {
		if v, err := strconv.ParseFloat(text[:end], 64); err == nil {
			return v, true
		}
	}
	return 0, false
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
		return strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(v, 'f', 6, 64), "+")), nil
	case "i", "int":
		return strconv.FormatInt(int64(v), 10), nil
	case "h", "hex":
		if n := int64(v); n >= math.MinInt32 && n < 0 {
			return strconv.FormatUint(uint64(uint32(n)), 16), nil
		}
		return strconv.FormatUint(uint64(int64(v)), 16), nil
	case "c", "char":
		return string([]byte{byte(int64(v))}), nil
	}
	return "", fault.New(fault.Invalid, "MATH: unknown format %q", format)
}
