// Package substitute expands the ${ } and $[ ] of the dialplan.
package substitute

import (
	"errors"
	"fmt"
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/expr"
)

// Limits of one substitution.
const (
	MaxBytes   = 64 << 10 // text and result
	MaxNesting = 32       // ${ } and $[ ] within one another
)

// The errors of what is beyond the limits.
var (
	ErrTooLong = fmt.Errorf("substitution is longer than %d bytes", MaxBytes)
	ErrTooDeep = fmt.Errorf("substitution is nested deeper than %d", MaxNesting)
)

// Env is where substitution finds variables and functions.
type Env interface {
	// Var is a variable's value; an unset one expands to nothing.
	Var(name string) (value string, ok bool)
	expr.Functions
}

// Text expands ${NAME}, ${NAME:offset:length}, ${FUNCTION(args)} and $[expression]
// in text, the inner ones first. Values are not expanded again. What cannot be
// expanded expands to nothing; the error, which can hold several, says what and
// why, beside a result that is what Asterisk would go on with. The result is at
// most 64 KiB long.
func Text(env Env, text string) (string, error) {
	if strings.IndexByte(text, '$') < 0 {
		if len(text) > MaxBytes {
			return text[:MaxBytes], ErrTooLong
		}
		return text, nil
	}
	x := expander{env: env}
	out := x.expand(text, 0)
	return out, errors.Join(x.errs...)
}

type expander struct {
	env  Env
	errs []error
}

func (x *expander) fail(err error) {
	if len(x.errs) < 8 {
		x.errs = append(x.errs, err)
	}
}

// Of a text, an error says the beginning; of an error inside, as much as a log can bear.
const (
	maxExcerpt = 80
	maxReason  = 400
)

func excerpt(text string) string {
	if len(text) > maxExcerpt {
		return text[:maxExcerpt] + "..."
	}
	return text
}

func short(err error) error {
	if text := err.Error(); len(text) > maxReason {
		return errors.New(text[:maxReason] + "...")
	}
	return err
}

func (x *expander) expand(text string, depth int) string {
	if depth > MaxNesting {
		x.fail(ErrTooDeep)
		return ""
	}
	var out strings.Builder
	add := func(s string) bool {
		if out.Len()+len(s) > MaxBytes {
			out.WriteString(s[:MaxBytes-out.Len()])
			x.fail(ErrTooLong)
			return false
		}
		out.WriteString(s)
		return true
	}
	for {
		i := strings.IndexByte(text, '$')
		if i < 0 || i == len(text)-1 {
			add(text)
			return out.String()
		}
		opener := text[i+1]
		if opener != '{' && opener != '[' {
			if !add(text[:i+1]) {
				return out.String()
			}
			text = text[i+1:]
			continue
		}
		if !add(text[:i]) {
			return out.String()
		}
		inner, rest, closed := Bracket(text[i+2:], opener)
		if !closed {
			x.fail(fmt.Errorf("no closing %q in %q", opener+2, excerpt(text[i:])))
		}
		if strings.Contains(inner, "${") || strings.Contains(inner, "$[") {
			inner = x.expand(inner, depth+1)
		}
		var value string
		if opener == '{' {
			value = x.variable(inner)
		} else {
			var err error
			if value, err = expr.Evaluate(x.env, inner); err != nil {
				x.fail(fmt.Errorf("$[%s]: %w", excerpt(inner), short(err)))
			}
		}
		if !add(value) {
			return out.String()
		}
		text = rest
	}
}

// Bracket cuts text at the bracket that closes the one that stood before it. opener is
// '{' or '['. Without a closing one all of the text is inner.
func Bracket(text string, opener byte) (inner, rest string, closed bool) {
	depth := 1
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case opener:
			depth++
		case opener + 2: // its closer, in ASCII
			if depth--; depth == 0 {
				return text[:i], text[i+1:], true
			}
		}
	}
	return text, "", false
}

// variable is the value of what stands between ${ and }.
func (x *expander) variable(text string) string {
	name, offset, length, cut := splitSubstring(text)
	var value string
	if open := strings.IndexByte(name, '('); open >= 0 {
		args := name[open+1:]
		if end := strings.LastIndexByte(args, ')'); end >= 0 {
			args = args[:end]
		} else {
			x.fail(fmt.Errorf("no closing ')' in ${%s}", excerpt(text)))
		}
		var err error
		if value, err = x.env.ReadFunction(strings.TrimSpace(name[:open]), args); err != nil {
			x.fail(fmt.Errorf("${%s}: %w", excerpt(name), short(err)))
		}
	} else {
		value, _ = x.env.Var(name)
	}
	if cut {
		value = Substring(value, offset, length)
	}
	return value
}
