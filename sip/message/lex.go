package message

import (
	"errors"
	"fmt"
	"strings"
)

// parseQuoted reads a quoted-string at the start of s and decodes its quoted
// pairs (RFC 3261 §25.1).
func parseQuoted(s string) (text, rest string, err error) {
	if end := strings.IndexByte(s[1:], '"'); end >= 0 && strings.IndexByte(s[1:1+end], '\\') < 0 { // nothing is escaped
		return s[1 : 1+end], s[2+end:], nil
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; c {
		case '"':
			return b.String(), s[i+1:], nil
		case '\\':
			i++
			if i == len(s) {
				return "", "", errors.New("quoted string ends in a backslash")
			}
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", errors.New("quoted string without its end")
}

// withoutQuotedNUL takes quoted pairs of a NUL out of the quoted strings of a line. The grammar
// has them (RFC 4475 §3.1.1.2), but no NUL goes further than this, so that nobody behind it
// takes one for the end of a name. A NUL that is not quoted stays, to be refused.
func withoutQuotedNUL(s string) string {
	if strings.IndexByte(s, 0) < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i, quoted := 0, false; i < len(s); i++ {
		if quoted && s[i] == '\\' && i+1 < len(s) {
			if i++; s[i] != 0 {
				b = append(b, '\\', s[i])
			}
			continue
		}
		quoted = quoted != (s[i] == '"')
		b = append(b, s[i])
	}
	return string(b)
}

// appendQuoted writes a quoted-string; control characters stand in one as quoted pairs only.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		if c := s[i]; c == '"' || c == '\\' || c < ' ' && c != '\t' || c == 0x7f {
			b = append(b, '\\')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}

// unescape decodes percent escapes; a broken one is an error.
func unescape(s string) (string, error) {
	i := strings.IndexByte(s, '%')
	if i < 0 {
		return s, nil
	}
	b := make([]byte, 0, len(s))
	b = append(b, s[:i]...)
	for ; i < len(s); i++ {
		if s[i] != '%' {
			b = append(b, s[i])
			continue
		}
		if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
			return "", fmt.Errorf("broken percent escape at byte %d", i)
		}
		b = append(b, unhex(s[i+1])<<4|unhex(s[i+2]))
		i += 2
	}
	return string(b), nil
}

const upperHex = "0123456789ABCDEF"

// appendEscaped writes s with everything percent-escaped that is neither
// unreserved (RFC 3261 §25.1) nor in extra.
func appendEscaped(b []byte, s, extra string) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if unreserved[c] || strings.IndexByte(extra, c) >= 0 {
			b = append(b, c)
			continue
		}
		b = append(b, '%', upperHex[c>>4], upperHex[c&15])
	}
	return b
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// set is a set of bytes; what is asked for each byte of a message is asked of one.
type set [256]bool

// alnumAnd are the letters, the digits, and some more.
func alnumAnd(more string) (s set) {
	for c := range s {
		s[c] = isAlnum(byte(c)) || strings.IndexByte(more, byte(c)) >= 0
	}
	return s
}

const tokenExtra = "-.!%*_+`'~"

var (
	unreserved  = alnumAnd("-_.!~*'()")
	tokenChars  = alnumAnd(tokenExtra)
	hostChars   = alnumAnd("-._")
	plainValues = alnumAnd(tokenExtra + "[]:")
	paramValues = func() set {
		s := alnumAnd(tokenExtra + "[]:@/?&$#^|{}()=")
		for c := 0x80; c < len(s); c++ {
			s[c] = true
		}
		return s
	}()
)

// all reports whether a string has no bytes but those of the set.
func (in *set) all(s string) bool {
	for i := range len(s) {
		if !in[s[i]] {
			return false
		}
	}
	return true
}

// control is where a CR, LF or NUL stands in a string, or -1.
func control(s string) int {
	if strings.IndexByte(s, '\r') < 0 && strings.IndexByte(s, '\n') < 0 && strings.IndexByte(s, 0) < 0 {
		return -1
	}
	return strings.IndexAny(s, "\r\n\x00")
}

// tokenLen is the length of the token at the start of s.
func tokenLen(s string) int {
	n := 0
	for n < len(s) && tokenChars[s[n]] {
		n++
	}
	return n
}

func isToken(s string) bool { return s != "" && tokenChars.all(s) }

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c >= 'a':
		return c - 'a' + 10
	}
	return c - 'A' + 10
}

// trimLWS trims linear white space of one (already unfolded) line at the left.
func trimLWS(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	return s
}

// trimRight is trimLWS at the right.
func trimRight(s string) string {
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// trimSpace trims linear white space at both ends.
func trimSpace(s string) string { return trimRight(trimLWS(s)) }
