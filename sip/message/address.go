package message

import (
	"errors"
	"slices"
	"strings"
)

// Address is a name-addr or addr-spec with the parameters that follow it: the
// value of From, To, Contact, Route and their like (RFC 3261 §20.10).
type Address struct {
	// Display is the display name, without quotes and escapes; "" for none.
	Display string
	URI     URI
	// Params are the header's parameters (tag, expires, q, +sip.instance), not the URI's.
	Params Params
	// Wildcard is "Contact: *" (RFC 3261 §10.2.2); nothing else is then set.
	Wildcard bool
}

// ParseAddress parses one address.
func ParseAddress(s string) (Address, error) {
	s = trimSpace(s)
	if s == "" {
		return Address{}, errors.New("empty address")
	}
	var a Address
	if s[0] == '"' {
		var err error
		if a.Display, s, err = parseQuoted(s); err != nil {
			return Address{}, err
		}
		s = trimLWS(s)
		if !strings.HasPrefix(s, "<") {
			return Address{}, errors.New("display name without <uri>")
		}
		return a, a.parseBracketed(s)
	}
	if open := strings.IndexByte(s, '<'); open >= 0 {
		a.Display = trimSpace(s[:open])
		if !isDisplayTokens(a.Display) {
			return Address{}, errors.New("display name needs quotes")
		}
		return a, a.parseBracketed(s[open:])
	}
	return a, a.parseBare(s)
}

// parseBracketed parses "<uri>;params".
func (a *Address) parseBracketed(s string) error {
	end := strings.IndexByte(s, '>')
	if end < 0 {
		return errors.New("uri without its >")
	}
	var err error
	if a.URI, err = ParseURI(s[1:end]); err != nil {
		return err
	}
	a.Params, err = parseHeaderParams(s[end+1:])
	return err
}

// parseBare parses "uri;params": without brackets every parameter is the
// header's, and the URI may hold neither "?" nor "," (RFC 3261 §20).
func (a *Address) parseBare(s string) error {
	end := strings.IndexByte(s, ';')
	if end < 0 {
		end = len(s)
	}
	uri := trimSpace(s[:end])
	if strings.ContainsAny(uri, "?,") {
		return errors.New("uri with ? or , needs angle brackets")
	}
	var err error
	if a.URI, err = ParseURI(uri); err != nil {
		return err
	}
	a.Params, err = parseHeaderParams(s[end:])
	return err
}

// isDisplayTokens says whether s may stand unquoted before "<": tokens by the
// grammar, and what real phones leave unquoted as well.
func isDisplayTokens(s string) bool { return !strings.ContainsAny(s, "\",;\\") }

// Identical reports whether two addresses are printed alike.
func (a Address) Identical(b Address) bool {
	return a.Display == b.Display && a.Wildcard == b.Wildcard && a.URI.Identical(b.URI) && slices.Equal(a.Params, b.Params)
}

// Tag is the tag parameter of a From or To, or "".
func (a Address) Tag() string { return a.Params.Value("tag") }

// WithTag is a copy with that tag; "" takes the tag away.
func (a Address) WithTag(tag string) Address {
	if tag == "" {
		a.Params = a.Params.Without("tag")
	} else {
		a.Params = a.Params.With("tag", tag)
	}
	return a
}

// String prints the address as it goes on the wire, always with angle brackets.
func (a Address) String() string {
	if a.Wildcard {
		return "*"
	}
	b := make([]byte, 0, 96)
	if a.Display != "" {
		b = appendQuoted(b, a.Display)
		b = append(b, ' ')
	}
	b = append(b, '<')
	b = a.URI.append(b)
	b = append(b, '>')
	return string(appendHeaderParams(b, a.Params))
}

// MarshalText makes an address a string in JSON and the like.
func (a Address) MarshalText() ([]byte, error) {
	if a.URI.IsZero() && !a.Wildcard {
		return nil, nil
	}
	return []byte(a.String()), nil
}

// UnmarshalText is the reverse of MarshalText.
func (a *Address) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*a = Address{}
		return nil
	}
	if string(text) == "*" {
		*a = Address{Wildcard: true}
		return nil
	}
	v, err := ParseAddress(string(text))
	if err != nil {
		return err
	}
	*a = v
	return nil
}

// ParseAddressList parses a comma-separated list, as in one Contact or Route
// line. "*" alone is the wildcard.
func ParseAddressList(s string) ([]Address, error) {
	if trimSpace(s) == "*" {
		return []Address{{Wildcard: true}}, nil
	}
	parts, err := splitList(s)
	if err != nil {
		return nil, err
	}
	out := make([]Address, 0, len(parts))
	for _, part := range parts {
		a, err := ParseAddress(part)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

// splitList splits at commas that stand outside quotes and angle brackets.
func splitList(s string) ([]string, error) {
	if strings.IndexByte(s, ',') < 0 && strings.IndexByte(s, '"') < 0 {
		return []string{s}, nil
	}
	var out []string
	start, quoted, angle := 0, false, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted:
			if c == '\\' {
				i++
			} else if c == '"' {
				quoted = false
			}
		case c == '"' && !angle:
			quoted = true
		case c == '<':
			angle = true
		case c == '>':
			angle = false
		case c == ',' && !angle:
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	if quoted {
		return nil, errors.New("quoted string without its end")
	}
	return append(out, s[start:]), nil
}

// firstOf is the first element of a list.
func firstOf(s string) (string, error) {
	if strings.IndexByte(s, ',') < 0 && strings.IndexByte(s, '"') < 0 {
		return s, nil
	}
	parts, err := splitList(s)
	if err != nil {
		return "", err
	}
	return parts[0], nil
}
