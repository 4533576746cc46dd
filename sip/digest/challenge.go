package digest

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Challenge is the value of a WWW-Authenticate or Proxy-Authenticate header
// (RFC 7616 §3.3).
type Challenge struct {
	Realm     string
	Nonce     string
	Opaque    string
	Algorithm string   // as written; empty means MD5
	QOP       []string // lower case; empty for RFC 2069
	Stale     bool
}

// ParseChallenge reads a challenge. Its errors are of kind fault.Invalid.
func ParseChallenge(header string) (Challenge, error) {
	p, err := parseParams(header)
	if err != nil {
		return Challenge{}, err
	}
	c := Challenge{
		Realm:     p.value("realm"),
		Nonce:     p.value("nonce"),
		Opaque:    p.value("opaque"),
		Algorithm: p.value("algorithm"),
		Stale:     strings.EqualFold(p.value("stale"), "true"),
	}
	if _, has := p.get("realm"); !has || c.Nonce == "" {
		return Challenge{}, fault.New(fault.Invalid, "digest: challenge without realm or nonce")
	}
	if c.Algorithm != "" && !isToken(c.Algorithm) {
		return Challenge{}, fault.New(fault.Invalid, "digest: algorithm is not a token")
	}
	for q := range strings.SplitSeq(p.value("qop"), ",") {
		if q = strings.ToLower(strings.Trim(q, " \t")); q != "" {
			c.QOP = append(c.QOP, q)
		}
	}
	return c, nil
}

// String prints the challenge.
func (c Challenge) String() string {
	var b strings.Builder
	b.Grow(256)
	quote(&b, "realm", c.Realm)
	quote(&b, "nonce", c.Nonce)
	if c.Opaque != "" {
		quote(&b, "opaque", c.Opaque)
	}
	if c.Stale {
		plain(&b, "stale", "true")
	}
	if c.Algorithm != "" {
		plain(&b, "algorithm", c.Algorithm)
	}
	if len(c.QOP) > 0 {
		quote(&b, "qop", strings.Join(c.QOP, ","))
	}
	return b.String()
}
