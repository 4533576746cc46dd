// Package expr computes the $[ ] of the dialplan.
package expr

import (
	"errors"
	"fmt"
)

// Functions are the functions of the dialplan.
type Functions interface {
	// ReadFunction is the value of NAME(args).
	ReadFunction(name, args string) (string, error)
}

// Limits of one expression.
const (
	maxTokens    = 2048
	maxExprDepth = 64
)

var errExprTooDeep = fmt.Errorf("expression is nested deeper than %d", maxExprDepth)

// Evaluate computes the inside of $[ ], in which variables are already substituted.
// From low to high: "a ? b :: c" · "|" "||" · "&" "&&" · = == != < > <= >= · + - ·
// * / % · unary - ! · ":" (regular expression, anchored) "=~" (anywhere) · "~~"
// (join). Two numbers are compared as numbers, anything else as text, in which
// quotes count: "1" is not 1. NAME(args) is a function of mathematics, or one of the
// plan, which may be nil. Numbers have 64 bits of mantissa. An error says what is wrong
// with the expression, and stands beside the value that Asterisk goes on with.
func Evaluate(plan Functions, text string) (string, error) {
	tokens, err := lex(text)
	if tokens == nil {
		return "", err
	}
	p := parser{tokens: tokens}
	if !p.startsOperand() {
		return "", fmt.Errorf("unexpected %q", tokens[0].text)
	}
	n, parseErr := p.parse(0)
	if parseErr != nil {
		return "0", parseErr
	}
	ev := evaluator{plan: plan}
	v := ev.eval(n)
	if t := p.peek(); t.kind != tokEnd {
		ev.fail(fmt.Errorf("unexpected %q", t.text))
	}
	return v.text(), errors.Join(append(ev.errs, err)...)
}
