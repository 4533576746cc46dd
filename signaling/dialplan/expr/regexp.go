package expr

import (
	"fmt"
	"regexp"
)

// MaxRegexp bounds a regular expression in bytes.
const MaxRegexp = 1024

// match gives the first group of the pattern, or the number of bytes that matched
// when there is no group; nothing, or 0, when it does not match.
func (ev *evaluator) match(text, pattern value, anchored bool) value {
	p := pattern.plain()
	if len(p) > MaxRegexp {
		ev.fail(fmt.Errorf("regular expression is longer than %d bytes", MaxRegexp))
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
