package expr

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

var errDivideByZero = errors.New("division by zero")

// evaluator computes a parsed expression and collects what was wrong with it.
type evaluator struct {
	plan Functions // may be nil
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
		i, _ := argument.Int(ev.eval(n.left).text())
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
