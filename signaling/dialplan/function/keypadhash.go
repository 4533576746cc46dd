package function

import "strings"

// keypad has the key for each letter from a to z.
const keypad = "22233344455566677778889999"

func keypadHash(s string) string {
	var b strings.Builder
	for _, c := range []byte(lower(s)) {
		switch {
		case c >= 'a' && c <= 'z':
			b.WriteByte(keypad[c-'a'])
		case c >= '0' && c <= '9':
			b.WriteByte(c)
		}
	}
	return b.String()
}
