package expr

import (
	"fmt"
	"math"
	"strings"
)

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
	if ev.plan == nil {
		ev.fail(fmt.Errorf("no function %s", name))
		return intValue(0)
	}
	texts := make([]string, len(args))
	for i, a := range args {
		texts[i] = a.text()
	}
	s, err := ev.plan.ReadFunction(name, strings.Join(texts, ","))
	if err != nil {
		ev.fail(err)
		return intValue(0)
	}
	return textValue(s)
}
