package digest

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Limits of one header value.
const (
	maxHeaderBytes = 4096
	maxParams      = 32
	maxValueBytes  = 1024
)

// params are the parameters of a challenge or of credentials, their names in lower case.
type params []param

type param struct{ name, value string }

// get is the value of a parameter, and whether it is there.
func (p params) get(name string) (string, bool) {
	for i := range p {
		if p[i].name == name {
			return p[i].value, true
		}
	}
	return "", false
}

// value is get without telling.
func (p params) value(name string) string {
	v, _ := p.get(name)
	return v
}

// scheme splits a header value into its scheme and the rest.
func scheme(header string) (name, rest string) {
	header = trimLeft(header)
	end := 0
	for end < len(header) && !blank(header[end]) {
		end++
	}
	return header[:end], header[end:]
}

func blank(c byte) bool { return c == ' ' || c == '\t' }

// trimLeft is s without the white space at its start.
func trimLeft(s string) string {
	for s != "" && blank(s[0]) {
		s = s[1:]
	}
	return s
}

// IsDigest tells whether a header value is of the Digest scheme.
func IsDigest(header string) bool {
	name, _ := scheme(header)
	return strings.EqualFold(name, "Digest")
}

// parseParams reads `Digest name=value, name="value"` (RFC 7235 §2.1). Its
// errors are of kind fault.Invalid.
func parseParams(header string) (params, error) {
	if len(header) > maxHeaderBytes {
		return nil, fault.New(fault.Invalid, "digest: header of %d bytes, at most %d", len(header), maxHeaderBytes)
	}
	for i := range len(header) {
		if c := header[i]; c < ' ' && c != '\t' || c == 0x7f {
			return nil, fault.New(fault.Invalid, "digest: control character at byte %d", i)
		}
	}
	if !IsDigest(header) {
		return nil, fault.New(fault.Invalid, "digest: not the Digest scheme")
	}
	_, s := scheme(header)
	out := make(params, 0, 12)
	for {
		for s != "" && (blank(s[0]) || s[0] == ',') { // empty elements are allowed (RFC 7230 §7)
			s = s[1:]
		}
		if s == "" {
			return out, nil
		}
		name, value, rest, err := nextParam(s)
		if err != nil {
			return nil, err
		}
		if _, twice := out.get(name); twice {
			return nil, fault.New(fault.Invalid, "digest: parameter %q twice", name)
		}
		if len(out) == maxParams || len(value) > maxValueBytes {
			return nil, fault.New(fault.Invalid, "digest: more than %d parameters or %d bytes in %q", maxParams, maxValueBytes, name)
		}
		out = append(out, param{name, value})
		s = rest
	}
}

// nextParam reads one name=value and what must follow it: a comma or the end.
func nextParam(s string) (name, value, rest string, err error) {
	n := 0
	for n < len(s) && tokenChars[s[n]] {
		n++
	}
	name, rest = strings.ToLower(s[:n]), trimLeft(s[n:])
	if name == "" || !strings.HasPrefix(rest, "=") {
		return "", "", "", fault.New(fault.Invalid, "digest: no name=value at %q", clip(s))
	}
	rest = trimLeft(rest[1:])
	if strings.HasPrefix(rest, `"`) {
		if value, rest, err = unquote(rest); err != nil {
			return "", "", "", err
		}
	} else {
		end := 0
		for end < len(rest) && !blank(rest[end]) && rest[end] != ',' && rest[end] != '"' {
			end++
		}
		value, rest = rest[:end], rest[end:]
	}
	rest = trimLeft(rest)
	if rest != "" && rest[0] != ',' {
		return "", "", "", fault.New(fault.Invalid, "digest: no comma after %q", name)
	}
	return name, value, rest, nil
}

// unquote reads a quoted-string from the start of s.
func unquote(s string) (value, rest string, err error) {
	if end := strings.IndexByte(s[1:], '"'); end >= 0 && strings.IndexByte(s[1:1+end], '\\') < 0 { // nothing is escaped
		return s[1 : 1+end], s[2+end:], nil
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:], nil
		case '\\':
			i++
			if i == len(s) {
				return "", "", fault.New(fault.Invalid, "digest: string ends in an escape")
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", fault.New(fault.Invalid, "digest: string without end")
}

// quote appends name="value".
func quote(b *strings.Builder, name, value string) {
	separate(b)
	b.WriteString(name)
	b.WriteString(`="`)
	if strings.IndexByte(value, '"') < 0 && strings.IndexByte(value, '\\') < 0 {
		b.WriteString(value)
		b.WriteByte('"')
		return
	}
	for i := range len(value) {
		if value[i] == '"' || value[i] == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(value[i])
	}
	b.WriteByte('"')
}

// plain appends name=value, for values that are tokens.
func plain(b *strings.Builder, name, value string) {
	separate(b)
	b.WriteString(name)
	b.WriteByte('=')
	b.WriteString(value)
}

func separate(b *strings.Builder) {
	if b.Len() == 0 {
		b.WriteString("Digest ")
	} else {
		b.WriteString(", ")
	}
}

func isToken(s string) bool {
	for i := range len(s) {
		if !tokenChars[s[i]] {
			return false
		}
	}
	return s != ""
}

// tokenChars are the bytes of a token (RFC 7230 §3.2.6).
var tokenChars = func() (in [256]bool) {
	for c := range len(in) {
		b := byte(c)
		in[c] = 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", b) >= 0
	}
	return in
}()

// clip bounds foreign text in an error.
func clip(s string) string { return s[:min(len(s), 16)] }
