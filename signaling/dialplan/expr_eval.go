package dialplan

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

var errDivideByZero = errors.New("division by zero")

// evaluator computes a parsed expression and collects what was wrong with it.
type evaluator struct {
	env  Env
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
		if c := ev.eval(n.left); c.truth() && c.text() != `""` {
			return ev.eval(n.right)
		}
		return ev.eval(n.third)
	case "unary-":
		if x, ok := ev.number(ev.eval(n.left)); ok {
			return numberValue(newNumber().Neg(x))
		}
		return intValue(0)
	case "unary!":
		i, _ := leadingInt(ev.eval(n.left).text())
		return boolValue(i == 0)
	case "call":
		return ev.call(n)
	}
	a, b := ev.eval(n.left), ev.eval(n.right)
	switch n.op {
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
		return textValue(a.plain() + b.plain())
	}
	return ev.arithmetic(n.op, a, b)
}

func compares(op string, a, b value) bool {
	var c int
	if a.num != nil && b.num != nil {
		c = a.num.Cmp(b.num)
	} else {
		c = strings.Compare(a.text(), b.text())
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
func (ev *evaluator) number(v value) (f *big.Float, ok bool) {
	if v.num != nil {
		return v.num, true
	}
	ev.fail(fmt.Errorf("%s is no number", v.text()))
	return newNumber(), false
}

func (ev *evaluator) arithmetic(op string, a, b value) value {
	x, isNumber := ev.number(a)
	y, _ := ev.number(b)
	switch op {
	case "+":
		return numberValue(newNumber().Add(x, y))
	case "-":
		return numberValue(newNumber().Sub(x, y))
	case "*":
		return numberValue(newNumber().Mul(x, y))
	}
	switch {
	case y.Sign() == 0:
		ev.fail(errDivideByZero)
		if op == "%" || !isNumber {
			return intValue(0)
		}
		return intValue(math.MaxInt32)
	case op == "%":
		return remainder(x, y)
	}
	return numberValue(newNumber().Quo(x, y))
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
	case len(m) > 2 && m[2] >= 0:
		return textValue(s[m[2]:m[3]])
	case m != nil:
		return intValue(int64(m[1] - m[0]))
	case re.NumSubexp() > 0:
		return value{}
	}
	return boolValue(false)
}

// floatValue takes a number that was computed with 53 bits, without the noise that
// more digits would show.
func floatValue(f float64) value {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return value{s: strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(f, 'g', -1, 64), "+"))}
	}
	v, _ := newNumber().SetString(strconv.FormatFloat(f, 'g', -1, 64))
	return numberValue(v)
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
	args := make([]value, len(n.args))
	for i, a := range n.args {
		args[i] = ev.eval(a)
	}
	if name == "SQRT" && len(args) == 1 {
		if x, _ := ev.number(args[0]); x.Sign() >= 0 {
			return numberValue(newNumber().Sqrt(x))
		}
		return value{s: "nan"}
	}
	f, ok := mathFunctions[name]
	if !ok {
		return ev.planFunction(name, args)
	}
	if len(args) != f.args {
		ev.fail(fmt.Errorf("%s takes %d arguments", name, f.args))
		return intValue(0)
	}
	numbers := make([]float64, len(args))
	for i, a := range args {
		x, _ := ev.number(a)
		numbers[i], _ = x.Float64()
	}
	return floatValue(f.run(numbers))
}

// planFunction asks a function of the dialplan, as in $[LEN(abc) + 1].
func (ev *evaluator) planFunction(name string, args []value) value {
	if ev.env == nil {
		ev.fail(fmt.Errorf("no function %s", name))
		return intValue(0)
	}
	texts := make([]string, len(args))
	for i, a := range args {
		texts[i] = a.text()
	}
	s, err := ev.env.ReadFunction(name, strings.Join(texts, ","))
	if err != nil {
		ev.fail(err)
		return intValue(0)
	}
	return textValue(s)
}
