package dialplan

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strings"
)

var errDivideByZero = errors.New("division by zero")

// evaluator computes a parsed expression and collects what was wrong with it.
type evaluator struct {
	errs []error
}

func (ev *evaluator) fail(err error) {
	if len(ev.errs) < 4 {
		ev.errs = append(ev.errs, err)
	}
}

func (ev *evaluator) eval(n *node) value {
	switch n.op {
	case "":
		return n.leaf
	case "?":
		if ev.eval(n.left).truth() {
			return ev.eval(n.right)
		}
		return ev.eval(n.third)
	case "unary-":
		return numberValue(newNumber().Neg(ev.number(ev.eval(n.left))))
	case "unary!":
		return boolValue(!ev.eval(n.left).truth())
	case "call":
		return ev.call(n)
	}
	a, b := ev.eval(n.left), ev.eval(n.right)
	switch n.op {
	case ",":
		return value{s: a.text() + "," + b.text()}
	case "|":
		if a.truth() {
			return a
		}
		return b
	case "&":
		if a.truth() && b.truth() {
			return a
		}
		return boolValue(false)
	case "=", "!=", "<", ">", "<=", ">=":
		return boolValue(compares(n.op, a, b))
	case ":":
		return ev.match(a, b, true)
	case "=~":
		return ev.match(a, b, false)
	case "~~":
		return value{s: a.plain() + b.plain()}
	}
	return ev.arithmetic(n.op, a, b)
}

func compares(op string, a, b value) bool {
	var c int
	if a.isNum && b.isNum {
		c = a.num.Cmp(b.num)
	} else {
		c = strings.Compare(a.plain(), b.plain())
	}
	switch op {
	case "=":
		return c == 0
	case "!=":
		return c != 0
	case "<":
		return c < 0
	case ">":
		return c > 0
	case "<=":
		return c <= 0
	}
	return c >= 0
}

// number is a value's number; what is none counts as zero, with an error.
func (ev *evaluator) number(v value) *big.Float {
	if v.isNum {
		return v.num
	}
	if f, ok := parseNumber(v.plain()); ok {
		return f
	}
	ev.fail(fmt.Errorf("%q is no number", v.text()))
	return newNumber()
}

func (ev *evaluator) arithmetic(op string, a, b value) value {
	x, y := ev.number(a), ev.number(b)
	switch op {
	case "+":
		return numberValue(newNumber().Add(x, y))
	case "-":
		return numberValue(newNumber().Sub(x, y))
	case "*":
		return numberValue(newNumber().Mul(x, y))
	}
	if y.Sign() == 0 {
		ev.fail(errDivideByZero)
		return intValue(math.MaxInt32)
	}
	if op == "/" {
		return numberValue(newNumber().Quo(x, y))
	}
	return remainder(x, y)
}

// remainder has the sign of x, like C's fmod.
func remainder(x, y *big.Float) value {
	xi, xa := x.Int(nil)
	yi, ya := y.Int(nil)
	if xa == big.Exact && ya == big.Exact && yi.Sign() != 0 {
		return numberValue(newNumber().SetInt(xi.Rem(xi, yi)))
	}
	xf, _ := x.Float64()
	yf, _ := y.Float64()
	return floatValue(math.Mod(xf, yf))
}

// maxPattern bounds a regular expression in bytes.
const maxPattern = 1024

// match gives the first group of the pattern, or the number of bytes that matched
// when there is no group; nothing, or 0, when it does not match.
func (ev *evaluator) match(text, pattern value, anchored bool) value {
	p := pattern.plain()
	if len(p) > maxPattern {
		ev.fail(fmt.Errorf("regular expression is longer than %d bytes", maxPattern))
		return boolValue(false)
	}
	expr := p
	if anchored {
		expr = "^(?:" + p + ")"
	}
	re, err := regexp.Compile(expr)
	if err != nil {
		ev.fail(fmt.Errorf("regular expression %q: %w", p, err))
		return boolValue(false)
	}
	re.Longest()
	s := text.plain()
	m := re.FindStringSubmatchIndex(s)
	switch {
	case re.NumSubexp() > 0 && m != nil && m[2] >= 0:
		return textValue(s[m[2]:m[3]])
	case re.NumSubexp() > 0:
		return value{}
	case m != nil:
		return intValue(int64(m[1] - m[0]))
	}
	return boolValue(false)
}

func floatValue(f float64) value {
	if math.IsNaN(f) {
		return value{s: "nan"}
	}
	if math.IsInf(f, 0) {
		return value{s: fmt.Sprintf("%v", map[bool]string{true: "inf", false: "-inf"}[f > 0])}
	}
	return numberValue(newNumber().SetFloat64(f))
}

// mathFunctions are the functions that $[ ] itself knows, with their number of arguments.
var mathFunctions = map[string]struct {
	args int
	run  func(a []float64) float64
}{
	"COS":       {1, func(a []float64) float64 { return math.Cos(a[0]) }},
	"SIN":       {1, func(a []float64) float64 { return math.Sin(a[0]) }},
	"TAN":       {1, func(a []float64) float64 { return math.Tan(a[0]) }},
	"ACOS":      {1, func(a []float64) float64 { return math.Acos(a[0]) }},
	"ASIN":      {1, func(a []float64) float64 { return math.Asin(a[0]) }},
	"ATAN":      {1, func(a []float64) float64 { return math.Atan(a[0]) }},
	"ATAN2":     {2, func(a []float64) float64 { return math.Atan2(a[0], a[1]) }},
	"POW":       {2, func(a []float64) float64 { return math.Pow(a[0], a[1]) }},
	"SQRT":      {1, func(a []float64) float64 { return math.Sqrt(a[0]) }},
	"FLOOR":     {1, func(a []float64) float64 { return math.Floor(a[0]) }},
	"CEIL":      {1, func(a []float64) float64 { return math.Ceil(a[0]) }},
	"ROUND":     {1, func(a []float64) float64 { return math.Round(a[0]) }},
	"RINT":      {1, func(a []float64) float64 { return math.RoundToEven(a[0]) }},
	"TRUNC":     {1, func(a []float64) float64 { return math.Trunc(a[0]) }},
	"EXP":       {1, func(a []float64) float64 { return math.Exp(a[0]) }},
	"EXP2":      {1, func(a []float64) float64 { return math.Exp2(a[0]) }},
	"EXP10":     {1, func(a []float64) float64 { return math.Pow(10, a[0]) }},
	"LOG":       {1, func(a []float64) float64 { return math.Log(a[0]) }},
	"LOG2":      {1, func(a []float64) float64 { return math.Log2(a[0]) }},
	"LOG10":     {1, func(a []float64) float64 { return math.Log10(a[0]) }},
	"REMAINDER": {2, func(a []float64) float64 { return math.Remainder(a[0], a[1]) }},
}

func (ev *evaluator) call(n *node) value {
	name := n.leaf.text()
	f := mathFunctions[name]
	if len(n.args) != f.args {
		ev.fail(fmt.Errorf("%s takes %d arguments", name, f.args))
		return intValue(0)
	}
	args := make([]float64, len(n.args))
	for i, a := range n.args {
		args[i], _ = ev.number(ev.eval(a)).Float64()
	}
	return floatValue(f.run(args))
}
