package substitute

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

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
			length = argument.MaxInt
			var ok bool
			if offset, ok = argument.Int(off); !ok {
				return text[:i], 0, length, true
			}
			if n, ok := argument.Int(lens); ok {
				length = n
			}
			return text[:i], offset, length, true
		}
	}
	return text, 0, 0, false
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
