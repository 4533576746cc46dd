package digest

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Authorization is the value of an Authorization or Proxy-Authorization header
// (RFC 7616 §3.4).
type Authorization struct {
	Username  string
	Realm     string
	Nonce     string
	URI       string
	Response  string
	Opaque    string
	Algorithm string // as written; empty means MD5
	QOP       string // as written; empty for RFC 2069, and then NC and Cnonce are too
	NC        uint32
	Cnonce    string
}

// ParseAuthorization reads credentials. Its errors are of kind fault.Invalid.
func ParseAuthorization(header string) (Authorization, error) {
	p, err := parseParams(header)
	if err != nil {
		return Authorization{}, err
	}
	for _, name := range [...]string{"username", "realm", "nonce", "uri", "response"} {
		if _, has := p.get(name); !has {
			return Authorization{}, fault.New(fault.Invalid, "digest: credentials without %s", name)
		}
	}
	a := Authorization{
		Username:  p.value("username"),
		Realm:     p.value("realm"),
		Nonce:     p.value("nonce"),
		URI:       p.value("uri"),
		Response:  p.value("response"),
		Opaque:    p.value("opaque"),
		Algorithm: p.value("algorithm"),
		QOP:       p.value("qop"),
	}
	if a.Algorithm != "" && !isToken(a.Algorithm) || a.QOP != "" && !isToken(a.QOP) {
		return Authorization{}, fault.New(fault.Invalid, "digest: algorithm or qop is not a token")
	}
	if a.QOP == "" {
		return a, nil
	}
	count := p.value("nc")
	nc, err := strconv.ParseUint(count, 16, 32)
	if err != nil || len(count) != 8 {
		return Authorization{}, fault.New(fault.Invalid, "digest: nc is not 8 hexadecimal digits")
	}
	if a.NC, a.Cnonce = uint32(nc), p.value("cnonce"); a.Cnonce == "" {
		return Authorization{}, fault.New(fault.Invalid, "digest: qop without cnonce")
	}
	return a, nil
}

// String prints the credentials.
func (a Authorization) String() string {
	var b strings.Builder
	b.Grow(256)
	quote(&b, "username", a.Username)
	quote(&b, "realm", a.Realm)
	quote(&b, "nonce", a.Nonce)
	quote(&b, "uri", a.URI)
	quote(&b, "response", a.Response)
	if a.Opaque != "" {
		quote(&b, "opaque", a.Opaque)
	}
	if a.Algorithm != "" {
		plain(&b, "algorithm", a.Algorithm)
	}
	if a.QOP != "" {
		plain(&b, "qop", a.QOP)
		plain(&b, "nc", formatNC(a.NC))
		quote(&b, "cnonce", a.Cnonce)
	}
	return b.String()
}

func formatNC(nc uint32) string { return hexOf(binary.BigEndian.AppendUint32(make([]byte, 0, 4), nc)) }
