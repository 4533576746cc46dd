package dialplan

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Limits of one substitution.
const (
	maxExpansion = 64 << 10 // bytes, text and result
	maxNesting   = 32       // ${ } and $[ ] within one another
)

var (
	errTooLong = fmt.Errorf("substitution is longer than %d bytes", maxExpansion)
	errTooDeep = fmt.Errorf("substitution is nested deeper than %d", maxNesting)
)

// Env is where substitution finds variables and functions.
type Env interface {
	// Var is a variable's value; an unset one expands to nothing.
	Var(name string) (value string, ok bool)
	// ReadFunction is the value of NAME(args).
	ReadFunction(name, args string) (string, error)
}

// Substitute expands ${NAME}, ${NAME:offset:length}, ${FUNCTION(args)} and $[expression]
// in text, the inner ones first. Values are not expanded again. What cannot be
// expanded expands to nothing; the error, which can hold several, says what and
// why, beside a result that is what Asterisk would go on with. The result is at
// most 64 KiB long.
func Substitute(env Env, text string) (string, error) {
	if strings.IndexByte(text, '$') < 0 {
		if len(text) > maxExpansion {
			return text[:maxExpansion], errTooLong
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

func (x *expander) expand(text string, depth int) string {
	if depth > maxNesting {
		x.fail(errTooDeep)
		return ""
	}
	var out strings.Builder
	add := func(s string) bool {
		if out.Len()+len(s) > maxExpansion {
			out.WriteString(s[:maxExpansion-out.Len()])
			x.fail(errTooLong)
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
		inner, rest, closed := splitBracket(text[i+2:], opener)
		if !closed {
			x.fail(fmt.Errorf("no closing %q in %q", opener+2, text[i:]))
		}
		if strings.Contains(inner, "${") || strings.Contains(inner, "$[") {
			inner = x.expand(inner, depth+1)
		}
		var value string
		if opener == '{' {
			value = x.variable(inner)
		} else {
			var err error
			if value, err = Evaluate(x.env, inner); err != nil {
				x.fail(fmt.Errorf("$[%s]: %w", inner, err))
			}
		}
		if !add(value) {
			return out.String()
		}
		text = rest
	}
}

// splitBracket cuts text at the bracket that closes the one before it. opener is
// '{' or '['; in ASCII its closer stands two further.
func splitBracket(text string, opener byte) (inner, rest string, closed bool) {
	depth := 1
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case opener:
			depth++
		case opener + 2:
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
			x.fail(fmt.Errorf("no closing ')' in ${%s}", text))
		}
		var err error
		if value, err = x.env.ReadFunction(strings.TrimSpace(name[:open]), args); err != nil {
			x.fail(fmt.Errorf("${%s}: %w", name, err))
		}
	} else {
		value, _ = x.env.Var(name)
	}
	if cut {
		value = Substring(value, offset, length)
	}
	return value
}

// wholeLength is a length beyond every value.
const wholeLength = 1 << 30

// splitSubstring cuts ":offset:length" off, at the first colon outside parentheses.
func splitSubstring(text string) (name string, offset, length int, cut bool) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '(':
			depth++
		case ')':
			depth--
		case ':':
			if depth > 0 {
				continue
			}
			off, lens, _ := strings.Cut(text[i+1:], ":")
			length = wholeLength
			var ok bool
			if offset, ok = leadingInt(off); !ok {
				return text[:i], 0, length, true
			}
			if n, ok := leadingInt(lens); ok {
				length = n
			}
			return text[:i], offset, length, true
		}
	}
	return text, 0, 0, false
}

// leadingInt reads the number that text begins with, as C's %d does.
func leadingInt(text string) (int, bool) {
	text = strings.TrimLeft(text, " \t")
	end := 0
	if end < len(text) && (text[end] == '-' || text[end] == '+') {
		end++
	}
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(text[:end])
	if err != nil {
		return 0, false
	}
	return max(-wholeLength, min(n, wholeLength)), true
}

// Substring is ${value:offset:length}, in bytes: a negative offset counts from the
// end, a negative length leaves that many off the end.
func Substring(value string, offset, length int) string {
	n := len(value)
	if offset < 0 {
		offset = max(n+offset, 0)
	}
	if offset >= n {
		return ""
	}
	value = value[offset:]
	if length >= 0 {
		return value[:min(length, len(value))]
	}
	return value[:max(len(value)+length, 0)]
}
