package function

import (
	"strconv"
	"strings"
)

// delimiter reads a separator argument: a character, or \t, \n, \xHH.
func delimiter(text string, fallback byte) byte {
	if set, ok := unescape(text); ok && len(set) > 0 {
		return set[0]
	}
	return fallback
}

// unescape reads backslash sequences; ok is false for one cut short.
func unescape(text string) (string, bool) {
	if strings.IndexByte(text, '\\') < 0 {
		return text, true
	}
	var b strings.Builder
	for text != "" {
		var c byte
		var ok bool
		if c, _, text, ok = unescapeByte(text); !ok {
			return b.String(), false
		}
		b.WriteByte(c)
	}
	return b.String(), true
}

// unescapeByte takes one character, which may be escaped, off a text.
func unescapeByte(text string) (c byte, escaped bool, rest string, ok bool) {
	if text[0] != '\\' {
		return text[0], false, text[1:], true
	}
	if len(text) < 2 {
		return 0, true, "", false
	}
	switch text[1] {
	case 'n':
		return '\n', true, text[2:], true
	case 'r':
		return '\r', true, text[2:], true
	case 't':
		return '\t', true, text[2:], true
	case 'x':
		if len(text) >= 4 {
			if v, err := strconv.ParseUint(text[2:4], 16, 8); err == nil {
				return byte(v), true, text[4:], true
			}
		}
	}
	return text[1], true, text[2:], true
}
