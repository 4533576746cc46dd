package traffic

import "bytes"

// status is the code of a response, 0 of a request.
func status(m []byte) int {
	if len(m) < 12 || !bytes.HasPrefix(m, []byte("SIP/2.0 ")) {
		return 0
	}
	code := 0
	for _, c := range m[8:11] {
		if c < '0' || c > '9' {
			return 0
		}
		code = 10*code + int(c-'0')
	}
	return code
}

// line is the first header of a name, the whole line with its end; nil if there is none.
// Servers that are measured do not fold lines.
func line(m []byte, name string) []byte {
	for rest := m; ; {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			return nil
		}
		rest = rest[i+1:]
		if len(rest) > len(name) && rest[len(name)] == ':' && bytes.EqualFold(rest[:len(name)], []byte(name)) {
			if end := bytes.IndexByte(rest, '\n'); end > 0 {
				return rest[:end+1]
			}
			return nil
		}
		if len(rest) == 0 || rest[0] == '\r' {
			return nil // the head's end
		}
	}
}

// between is what stands between two strings; nil if they are not there.
func between(b []byte, from, to string) []byte {
	i := bytes.Index(b, []byte(from))
	if i < 0 {
		return nil
	}
	b = b[i+len(from):]
	if i = bytes.Index(b, []byte(to)); i < 0 {
		return nil
	}
	return b[:i]
}

// appendNumber appends a number with leading zeros.
func appendNumber(b []byte, n uint64, digits int) []byte {
	at := len(b)
	for range digits {
		b = append(b, '0')
	}
	for i := at + digits - 1; i >= at; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return b
}

func number(b []byte) (n uint64, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + uint64(c-'0')
	}
	return n, len(b) > 0
}

// mark is what is in the branch of each request: which phone sent it, for the how
// manieth time around, and at which step. RFC 3261 §8.1.1.7 wants the cookie.
type mark struct {
	phone uint64
	round uint64
	step  uint64
}

const (
	cookie      = "z9hG4bK-"
	phoneDigits = 6
	roundDigits = 9
	stepDigits  = 2
	markDigits  = phoneDigits + roundDigits + stepDigits
)

func (k mark) append(b []byte) []byte {
	b = append(b, cookie...)
	b = appendNumber(b, k.phone, phoneDigits)
	b = appendNumber(b, k.round, roundDigits)
	return appendNumber(b, k.step, stepDigits)
}

// markOf is that of the request which a response answers.
func markOf(m []byte) (k mark, ok bool) {
	i := bytes.Index(m, []byte(cookie))
	if i < 0 || len(m) < i+len(cookie)+markDigits {
		return k, false
	}
	digits := m[i+len(cookie):][:markDigits]
	var ok1, ok2, ok3 bool
	k.phone, ok1 = number(digits[:phoneDigits])
	k.round, ok2 = number(digits[phoneDigits:][:roundDigits])
	k.step, ok3 = number(digits[phoneDigits+roundDigits:])
	return k, ok1 && ok2 && ok3
}
