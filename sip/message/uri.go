package message

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// URI is a SIP, SIPS or tel URI in its parts, or any other URI unopened
// (RFC 3261 §19.1, RFC 3966). The zero URI means "none".
type URI struct {
	// Scheme is in lower case: "sip", "sips", "tel", or another.
	Scheme string
	// User is percent-decoded and may hold any byte; printing escapes it again.
	// Of a tel URI it is the number.
	User string
	// Password is percent-decoded. Its use is deprecated; it is only kept.
	Password string
	// Host is a name or an address as written; an IPv6 address has no brackets.
	Host string
	// Port is 0 when the URI names none.
	Port int
	// Params follow the host, percent-decoded.
	Params Params
	// Headers follow "?", percent-decoded: what a request made from the URI carries.
	Headers Params
	// Opaque is what follows the colon of a scheme that is not opened.
	Opaque string
}

// Characters that stay unescaped, beside the unreserved ones (RFC 3261 §25.1).
const (
	userExtra     = "&=+$,;?/"
	passwordExtra = "&=+$,"
	paramExtra    = "[]/:&+$"
	headerExtra   = "[]/?:+$"
)

// ParseURI parses one URI, without angle brackets or space around it.
func ParseURI(s string) (URI, error) {
	colon := strings.IndexByte(s, ':')
	if colon <= 0 || !isScheme(s[:colon]) {
		return URI{}, errors.New("uri without a scheme")
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c == 0x7f || c == '<' || c == '>' || c == '"' {
			return URI{}, fmt.Errorf("uri with character %#02x", c)
		}
	}
	u := URI{Scheme: strings.ToLower(s[:colon])}
	rest := s[colon+1:]
	switch u.Scheme {
	case "sip", "sips":
		return u, u.parseSIP(rest)
	case "tel":
		return u, u.parseTel(rest)
	}
	u.Opaque = rest
	return u, nil
}

func isScheme(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isAlnum(s[i]) && (i == 0 || strings.IndexByte("+-.", s[i]) < 0) {
			return false
		}
	}
	return true
}

func (u *URI) parseSIP(s string) error {
	if at := strings.IndexByte(s, '@'); at >= 0 {
		if err := u.parseUserinfo(s[:at]); err != nil {
			return err
		}
		s = s[at+1:]
	}
	end := 0
	for end < len(s) && s[end] != ';' && s[end] != '?' {
		end++
	}
	var err error
	if u.Host, u.Port, err = parseHostPort(s[:end]); err != nil {
		return err
	}
	if end == len(s) {
		return nil
	}
	params, headers, _ := strings.Cut(s[end:], "?")
	if u.Params, err = parseURIParams(params, ';'); err != nil {
		return err
	}
	u.Headers, err = parseURIParams(headers, '&')
	return err
}

func (u *URI) parseUserinfo(s string) error {
	user, password, _ := strings.Cut(s, ":")
	var err error
	if u.User, err = unescape(user); err != nil {
		return err
	}
	if u.User == "" {
		return errors.New("uri with an empty user")
	}
	u.Password, err = unescape(password)
	return err
}

func (u *URI) parseTel(s string) error {
	number, params, _ := strings.Cut(s, ";")
	var err error
	if u.User, err = unescape(number); err != nil {
		return err
	}
	if u.User == "" {
		return errors.New("tel uri without a number")
	}
	u.Params, err = parseURIParams(params, ';')
	return err
}

// parseHostPort parses "host", "host:port", "[v6]" and "[v6]:port".
func parseHostPort(s string) (string, int, error) {
	host, port := s, ""
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return "", 0, errors.New("ipv6 reference without its bracket")
		}
		host, port = twoColons(s[1:end]), s[end+1:]
		if a, err := netip.ParseAddr(host); err != nil || !a.Is6() || a.Zone() != "" {
			return "", 0, errors.New("bad ipv6 reference")
		}
	} else {
		if i := strings.IndexByte(s, ':'); i >= 0 {
			host, port = s[:i], s[i:]
		}
		if !isHostName(host) {
			return "", 0, errors.New("bad host")
		}
	}
	if port == "" {
		return host, 0, nil
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(port, ":"), 10, 16)
	if port[0] != ':' || err != nil || n == 0 {
		return "", 0, errors.New("bad port")
	}
	return host, int(n), nil
}

// twoColons takes the third colon from an IPv6 address that ends in an IPv4 one: RFC 3261's
// grammar wants it there, and is to be borne with (RFC 5118 §4.10).
func twoColons(s string) string {
	at := strings.Index(s, ":::")
	if at < 0 || strings.Contains(s[at+3:], ":") || !strings.Contains(s[at+3:], ".") {
		return s
	}
	return s[:at] + s[at+1:]
}

// IsHost reports whether s may stand as a URI's host, without brackets: a name or
// an address.
func IsHost(s string) bool {
	if isHostName(s) {
		return true
	}
	_, err := netip.ParseAddr(s)
	return err == nil
}

// isHostName is lenient about what DNS would say: letters, digits, and "-._".
func isHostName(s string) bool {
	if s == "" || len(s) > 255 {
		return false
	}
	return hostChars.all(s)
}

func parseURIParams(s string, sep byte) (Params, error) {
	var out Params
	for s != "" {
		var one string
		one, s, _ = strings.Cut(strings.TrimPrefix(s, ";"), string(sep))
		if one == "" {
			continue
		}
		name, value, _ := strings.Cut(one, "=")
		n, err := unescape(name)
		if err != nil {
			return nil, err
		}
		v, err := unescape(value)
		if err != nil {
			return nil, err
		}
		if n == "" {
			return nil, errors.New("uri parameter without a name")
		}
		if was, twice := out.Get(n); twice && sep == ';' { // RFC 3261 §19.1.1; a header may stand twice
			if was != v {
				return nil, fmt.Errorf("uri parameter %q with two values", n)
			}
			continue
		}
		out = append(out, Param{Name: n, Value: v})
	}
	return out, nil
}

// IsZero reports whether u is the zero URI.
func (u URI) IsZero() bool { return u.Scheme == "" && u.Host == "" && u.Opaque == "" && u.User == "" }

// Secure reports whether the scheme asks for TLS at every hop.
func (u URI) Secure() bool { return u.Scheme == "sips" }

// String prints the URI as it goes on the wire, escaping what must be escaped.
func (u URI) String() string { return string(u.append(nil)) }

func (u URI) append(b []byte) []byte {
	b = append(b, u.Scheme...)
	b = append(b, ':')
	switch u.Scheme {
	case "sip", "sips":
		if u.User != "" {
			b = appendEscaped(b, u.User, userExtra)
			if u.Password != "" {
				b = append(b, ':')
				b = appendEscaped(b, u.Password, passwordExtra)
			}
			b = append(b, '@')
		}
		b = appendHostPort(b, u.Host, u.Port)
	case "tel":
		b = appendEscaped(b, u.User, "+")
	default:
		return append(b, u.Opaque...)
	}
	b = appendURIParams(b, u.Params, ';', ';', paramExtra)
	return appendURIParams(b, u.Headers, '?', '&', headerExtra)
}

func appendHostPort(b []byte, host string, port int) []byte {
	if strings.IndexByte(host, ':') >= 0 {
		b = append(b, '[')
		b = append(b, host...)
		b = append(b, ']')
	} else {
		b = append(b, host...)
	}
	if port != 0 {
		b = append(b, ':')
		b = strconv.AppendInt(b, int64(port), 10)
	}
	return b
}

func appendURIParams(b []byte, p Params, first, sep byte, extra string) []byte {
	for i, q := range p {
		if i == 0 {
			b = append(b, first)
		} else {
			b = append(b, sep)
		}
		b = appendEscaped(b, q.Name, extra)
		if q.Value != "" {
			b = append(b, '=')
			b = appendEscaped(b, q.Value, extra)
		}
	}
	return b
}

// MarshalText makes a URI a string in JSON and the like.
func (u URI) MarshalText() ([]byte, error) {
	if u.IsZero() {
		return nil, nil
	}
	return u.append(nil), nil
}

// UnmarshalText is the reverse of MarshalText.
func (u *URI) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*u = URI{}
		return nil
	}
	v, err := ParseURI(string(text))
	if err != nil {
		return err
	}
	*u = v
	return nil
}

// Equal compares as RFC 3261 §19.1.4 says: scheme, user, password, host, port
// and the parameters user, ttl, method, maddr and transport must agree; other
// parameters only where both have them; headers must agree as a set.
func (u URI) Equal(v URI) bool {
	if u.Scheme != v.Scheme || u.User != v.User || u.Password != v.Password ||
		!strings.EqualFold(u.Host, v.Host) || u.Port != v.Port || u.Opaque != v.Opaque {
		return false
	}
	for _, p := range u.Params {
		w, ok := v.Params.Get(p.Name)
		if ok && !strings.EqualFold(p.Value, w) || !ok && mustMatch(p.Name) {
			return false
		}
	}
	for _, p := range v.Params {
		if mustMatch(p.Name) && !u.Params.Has(p.Name) {
			return false
		}
	}
	if len(u.Headers) != len(v.Headers) {
		return false
	}
	for _, h := range u.Headers {
		if w, ok := v.Headers.Get(h.Name); !ok || w != h.Value {
			return false
		}
	}
	return true
}

// Identical reports whether two URIs are printed alike, which is more than being Equal.
func (u URI) Identical(v URI) bool {
	return u.Scheme == v.Scheme && u.User == v.User && u.Password == v.Password && u.Host == v.Host && u.Port == v.Port &&
		u.Opaque == v.Opaque && slices.Equal(u.Params, v.Params) && slices.Equal(u.Headers, v.Headers)
}

func mustMatch(param string) bool {
	switch strings.ToLower(param) {
	case "user", "ttl", "method", "maddr", "transport":
		return true
	}
	return false
}
