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

// params are the parameters of a challenge or of credentials, by lower-case name.
type params map[string]string

// scheme splits a header value into its scheme and the rest.
func scheme(header string) (name, rest string) {
	header = strings.TrimLeft(header, " \t")
	if end := strings.IndexAny(header, " \t"); end >= 0 {
		return header[:end], header[end:]
	}
	return header, ""
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
	out := make(params, 12)
	for {
		s = strings.TrimLeft(s, " \t,") // empty elements are allowed (RFC 7230 §7)
		if s == "" {
			return out, nil
		}
		name, value, rest, err := nextParam(s)
		if err != nil {
			return nil, err
		}
		if _, twice := out[name]; twice {
			return nil, fault.New(fault.Invalid, "digest: parameter %q twice", name)
		}
		if len(out) == maxParams || len(value) > maxValueBytes {
			return nil, fault.New(fault.Invalid, "digest: more than %d parameters or %d bytes in %q", maxParams, maxValueBytes, name)
		}
		out[name] = value
		s = rest
	}
}

// nextParam reads one name=value and what must follow it: a comma or the end.
func nextParam(s string) (name, value, rest string, err error) {
	n := 0
	for n < len(s) && isTokenChar(s[n]) {
		n++
	}
	name, rest = strings.ToLower(s[:n]), strings.TrimLeft(s[n:], " \t")
	if name == "" || !strings.HasPrefix(rest, "=") {
		return "", "", "", fault.New(fault.Invalid, "digest: no name=value at %q", clip(s))
	}
	rest = strings.TrimLeft(rest[1:], " \t")
	if strings.HasPrefix(rest, `"`) {
		if value, rest, err = unquote(rest); err != nil {
			return "", "", "", err
		}
	} else {
		end := strings.IndexAny(rest, ", \t\"")
		if end < 0 {
			end = len(rest)
		}
		value, rest = rest[:end], rest[end:]
	}
	rest = strings.TrimLeft(rest, " \t")
	if rest != "" && rest[0] != ',' {
		return "", "", "", fault.New(fault.Invalid, "digest: no comma after %q", name)
	}
	return name, value, rest, nil
}

// unquote reads a quoted-string from the start of s.
func unquote(s string) (value, rest string, err error) {
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
		if !isTokenChar(s[i]) {
			return false
		}
	}
	return s != ""
}

func isTokenChar(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// clip bounds foreign text in an error.
func clip(s string) string { return s[:min(len(s), 16)] }
