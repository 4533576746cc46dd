package message

import (
	"errors"
	"strings"
)

// Param is one parameter of a URI or of a header value. Value is decoded: no
// percent escapes, no quotes. An empty Value is a parameter without "=".
type Param struct {
	Name  string
	Value string
}

// Params is a parameter list in the order of the wire. Names compare without
// regard to case (RFC 3261 §7.3.1).
type Params []Param

// Get is the value of the first parameter of that name, and whether there is one.
func (p Params) Get(name string) (string, bool) {
	for i := range p {
		if strings.EqualFold(p[i].Name, name) {
			return p[i].Value, true
		}
	}
	return "", false
}

// Value is the value of the first parameter of that name, or "".
func (p Params) Value(name string) string {
	v, _ := p.Get(name)
	return v
}

// Has reports whether a parameter of that name is there.
func (p Params) Has(name string) bool {
	_, ok := p.Get(name)
	return ok
}

// With is a copy of p in which name has that one value; p stays as it is.
func (p Params) With(name, value string) Params {
	out := make(Params, 0, len(p)+1)
	found := false
	for _, q := range p {
		if !strings.EqualFold(q.Name, name) {
			out = append(out, q)
			continue
		}
		if !found {
			out = append(out, Param{Name: q.Name, Value: value})
			found = true
		}
	}
	if !found {
		out = append(out, Param{Name: name, Value: value})
	}
	return out
}

// Without is a copy of p without the parameters of that name; p stays as it is.
func (p Params) Without(name string) Params {
	out := make(Params, 0, len(p))
	for _, q := range p {
		if !strings.EqualFold(q.Name, name) {
			out = append(out, q)
		}
	}
	return out
}

// parseHeaderParams parses ";a=b;c" as it follows a header value: tokens and
// quoted strings (RFC 3261 §25.1, generic-param).
func parseHeaderParams(s string) (Params, error) {
	var out Params
	for {
		s = trimLWS(s)
		if s == "" {
			return out, nil
		}
		if s[0] != ';' {
			return nil, errors.New("text where a parameter was expected")
		}
		s = trimLWS(s[1:])
		n := tokenLen(s)
		if n == 0 {
			return nil, errors.New("parameter without a name")
		}
		p := Param{Name: s[:n]}
		s = trimLWS(s[n:])
		if strings.HasPrefix(s, "=") {
			var err error
			if p.Value, s, err = parseParamValue(trimLWS(s[1:])); err != nil {
				return nil, err
			}
		}
		out = append(out, p)
	}
}

func parseParamValue(s string) (value, rest string, err error) {
	if strings.HasPrefix(s, `"`) {
		return parseQuoted(s)
	}
	n := 0
	for n < len(s) && isParamValueChar(s[n]) {
		n++
	}
	if n == 0 {
		return "", "", errors.New("parameter with = and no value")
	}
	return s[:n], s[n:], nil
}

// isParamValueChar also takes what a host may hold (IPv6 reference), and the
// characters that real equipment leaves unquoted in tags, which are often base64,
// and +sip parameters.
func isParamValueChar(c byte) bool {
	return isTokenChar(c) || strings.IndexByte("[]:@/?&$#^|{}()=", c) >= 0 || c >= 0x80
}

func appendHeaderParams(b []byte, p Params) []byte {
	for _, q := range p {
		b = append(b, ';')
		b = append(b, q.Name...)
		if q.Value == "" {
			continue
		}
		b = append(b, '=')
		if plainParamValue(q.Name, q.Value) {
			b = append(b, q.Value...)
		} else {
			b = appendQuoted(b, q.Value)
		}
	}
	return b
}

// plainParamValue reports whether a value goes without quotes. Tags and branches
// are tokens by the grammar, and who chose one compares it as it was written: what
// was read without quotes must not get them.
func plainParamValue(name, value string) bool {
	plain := func(c byte) bool { return isTokenChar(c) || c == '[' || c == ']' || c == ':' }
	switch strings.ToLower(name) {
	case "tag", "branch", "from-tag", "to-tag":
		plain = isParamValueChar
	}
	for i := 0; i < len(value); i++ {
		if !plain(value[i]) {
			return false
		}
	}
	return true
}
