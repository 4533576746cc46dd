package function

import (
	"encoding/base64"
	"strings"
)

func base64Encode(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// base64Decode skips what is not of the alphabet, takes text without padding, and ends
// at the first padding.
func base64Decode(s string) string {
	var b strings.Builder
	s, _, _ = strings.Cut(s, "=")
	for _, c := range []byte(s) {
		if c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/' {
			b.WriteByte(c)
		}
	}
	text := b.String()
	if len(text)%4 == 1 {
		text = text[:len(text)-1]
	}
	out, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return ""
	}
	return string(out)
}
