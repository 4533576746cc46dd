package function

import (
	"strconv"
	"strings"
)

// delimiter reads a separator argument: a character, or \t, \n, \r, \xHH.
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
		if c, text, ok = unescapeByte(text); !ok {
			return b.String(), false
		}
		b.WriteByte(c)
	}
	return b.String(), true
}

// unescapeByte takes one character, which may be escaped, off a text.
func unescapeByte(text string) (c byte, rest string, ok bool) {
	if text[0] != '\\' {
		return text[0], text[1:], true
	}
	if len(text) < 2 {
		return 0, "", false
	}
	c, rest = text[1], text[2:]
	switch c {
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case '0':
		v, after, err := coded(rest, "01234567", 8)
		return v, after, rest == after || err == nil
	case 'x':
		v, after, err := coded(rest, "0123456789abcdefABCDEF", 16)
		return v, after, err == nil
	}
	return c, rest, true
}

// coded reads a character given by one or two digits.
func coded(text, digits string, base int) (c byte, rest string, err error) {
	n := 0
	for n < 2 && n < len(text) && strings.IndexByte(digits, text[n]) >= 0 {
		n++
	}
	v, err := strconv.ParseUint(text[:n], base, 8)
	return byte(v), text[n:], err
}
