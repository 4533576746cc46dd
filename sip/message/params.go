package message

import (
	"errors"
	"slices"
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
		if sameName(p[i].Name, name) {
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
func (p Params) With(name, value string) Params { return p.with(name, value) }

// with is With for several names, each followed by its value.
func (p Params) with(pairs ...string) Params {
	out := append(make(Params, 0, len(p)+len(pairs)/2), p...)
	for i := 0; i < len(pairs); i += 2 {
		out = out.set(pairs[i], pairs[i+1])
	}
	return out
}

// set changes p: name has that one value.
func (p Params) set(name, value string) Params {
	at := slices.IndexFunc(p, func(q Param) bool { return sameName(q.Name, name) })
	if at < 0 {
		return append(p, Param{Name: name, Value: value})
	}
	p[at].Value = value
	rest := slices.DeleteFunc(p[at+1:], func(q Param) bool { return sameName(q.Name, name) })
	return p[:at+1+len(rest)]
}

// Without is a copy of p without the parameters of that name; p stays as it is.
func (p Params) Without(name string) Params {
	out := make(Params, 0, len(p))
	for _, q := range p {
		if !sameName(q.Name, name) {
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

// parseParamValue reads a value as it is quoted, or a token. As one it also takes what a
// host may hold (IPv6 reference), and the characters that real equipment leaves unquoted in
// tags, which are often base64, and +sip parameters.
func parseParamValue(s string) (value, rest string, err error) {
	if strings.HasPrefix(s, `"`) {
		return parseQuoted(s)
	}
	n := 0
	for n < len(s) && paramValues[s[n]] {
		n++
	}
	if n == 0 {
		return "", "", errors.New("parameter with = and no value")
	}
	return s[:n], s[n:], nil
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
	if plainValues.all(value) {
		return true
	}
	for _, chosen := range [...]string{"tag", "branch", "from-tag", "to-tag"} {
		if sameName(name, chosen) {
			return paramValues.all(value)
		}
	}
	return false
}
