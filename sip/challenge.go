package sip

import (
	"crypto/md5" //nolint:gosec // RFC 3261 peers know nothing else
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
)

// maxChallenges bounds how often one request is sent again with credentials:
// once for a realm, once more for a stale nonce, and the same at a proxy.
const maxChallenges = 4

// challenge is one digest challenge (RFC 7616, RFC 8760).
type challenge struct {
	realm, nonce, opaque, algorithm string
	qop                             bool // offers qop=auth
	stale                           bool
	proxy                           bool
}

func digestHash(algorithm string) func() hash.Hash {
	switch strings.ToUpper(algorithm) {
	case "", "MD5":
		return md5.New
	case "SHA-256":
		return sha256.New
	case "SHA-512-256":
		return sha512.New512_256
	}
	return nil // and no "-sess": it is not asked of a UA by RFC 3261
}

// parseChallenge parses one WWW-Authenticate or Proxy-Authenticate value. It
// reports false for what cannot be answered.
func parseChallenge(value string) (challenge, bool) {
	scheme, rest, _ := strings.Cut(trimSpace(value), " ")
	if !strings.EqualFold(scheme, "Digest") {
		return challenge{}, false
	}
	parts, err := splitList(rest)
	if err != nil {
		return challenge{}, false
	}
	var c challenge
	offered := false
	for _, part := range parts {
		name, v, _ := strings.Cut(part, "=")
		v = trimSpace(v)
		if strings.HasPrefix(v, `"`) {
			if v, _, err = parseQuoted(v); err != nil {
				return challenge{}, false
			}
		}
		switch strings.ToLower(trimSpace(name)) {
		case "realm":
			c.realm = v
		case "nonce":
			c.nonce = v
		case "opaque":
			c.opaque = v
		case "algorithm":
			c.algorithm = v
		case "stale":
			c.stale = strings.EqualFold(v, "true")
		case "qop":
			offered = true
			for q := range strings.SplitSeq(v, ",") {
				c.qop = c.qop || strings.EqualFold(trimSpace(q), "auth")
			}
		}
	}
	if c.nonce == "" || digestHash(c.algorithm) == nil || offered && !c.qop {
		return challenge{}, false
	}
	return c, true
}

// answerChallenge adds the answers to a 401 or 407 to a draft, and reports
// whether it may be sent again. Credentials answer their own realm only.
func (d *draft) answerChallenge(r *Response) bool {
	if r.status != 401 && r.status != 407 || d.challenges >= maxChallenges {
		return false
	}
	header, answer := "WWW-Authenticate", "Authorization"
	if r.status == 407 {
		header, answer = "Proxy-Authenticate", "Proxy-Authorization"
	}
	// The first challenge of a realm that can be answered is the server's
	// preference (RFC 8760 §2.4).
	done := map[string]bool{}
	for _, v := range r.headers.all(header) {
		c, ok := parseChallenge(v)
		if !ok || done[c.realm] {
			continue
		}
		cred, ok := credentialFor(d.creds, c.realm)
		if !ok {
			continue
		}
		done[c.realm] = true
		if d.answered(answer, c.realm) && !c.stale {
			return false // the password is wrong
		}
		d.forget(answer, c.realm)
		d.auth = append(d.auth, Header{answer, c.response(cred, d.method, d.uri.String(), random(8))})
	}
	if len(done) == 0 {
		return false
	}
	d.challenges++
	return true
}

func credentialFor(creds []Credential, realm string) (Credential, bool) {
	for _, c := range creds {
		if c.Realm == realm || c.Realm == "*" {
			return c, true
		}
	}
	return Credential{}, false
}

func (d *draft) answered(header, realm string) bool {
	for _, h := range d.auth {
		if h.Name == header && strings.Contains(h.Value, "realm="+string(appendQuoted(nil, realm))) {
			return true
		}
	}
	return false
}

func (d *draft) forget(header, realm string) {
	var out []Header
	for _, h := range d.auth {
		if h.Name != header || !strings.Contains(h.Value, "realm="+string(appendQuoted(nil, realm))) {
			out = append(out, h)
		}
	}
	d.auth = out
}

// response is the Authorization value (RFC 7616 §3.4).
func (c challenge) response(cred Credential, method, uri, cnonce string) string {
	h := func(parts ...string) string {
		w := digestHash(c.algorithm)()
		w.Write([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(w.Sum(nil))
	}
	ha1 := h(cred.Username, c.realm, cred.Password)
	ha2 := h(method, uri)
	q := func(s string) string { return string(appendQuoted(nil, s)) }
	out := fmt.Sprintf("Digest username=%s, realm=%s, nonce=%s, uri=%s", q(cred.Username), q(c.realm), q(c.nonce), q(uri))
	if c.qop {
		out += fmt.Sprintf(", response=%q, cnonce=%q, nc=00000001, qop=auth",
			h(ha1, c.nonce, "00000001", cnonce, "auth", ha2), cnonce)
	} else {
		out += fmt.Sprintf(", response=%q", h(ha1, c.nonce, ha2))
	}
	if c.algorithm != "" {
		out += ", algorithm=" + c.algorithm
	}
	if c.opaque != "" {
		out += ", opaque=" + q(c.opaque)
	}
	return out
}
