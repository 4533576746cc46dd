// Package digest is HTTP Digest authentication for SIP (RFC 7616, RFC 3261 §22,
// RFC 8760), both ends: an Authenticator challenges and verifies, a Client
// answers challenges of realms it was given credentials for. It knows no
// transport and no message: header values in, header values out.
//
// Only qop=auth is spoken by the server; the client also answers challenges
// without qop (RFC 2069), which old registrars send. Session variants ("-sess")
// and auth-int are never used.
//
// It starts no goroutine.
package digest

import (
	"crypto/md5" //nolint:gosec // the algorithm that phones speak
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"strings"
)

// Algorithm is a digest algorithm (RFC 7616 §3.2, RFC 8760 §2).
type Algorithm uint8

// The algorithms, weakest first.
const (
	MD5 Algorithm = iota
	SHA256
	SHA512256
	algorithms
)

var algorithmNames = [algorithms]string{"MD5", "SHA-256", "SHA-512-256"}

// String is the algorithm's name in a header.
func (a Algorithm) String() string { return algorithmNames[a] }

// ParseAlgorithm knows an algorithm by its name in a header; the empty name is MD5.
func ParseAlgorithm(name string) (Algorithm, bool) {
	if name == "" {
		return MD5, true
	}
	for a, n := range algorithmNames {
		if strings.EqualFold(n, name) {
			return Algorithm(a), true
		}
	}
	return 0, false
}

// hash is the hexadecimal hash of parts joined by colons: KD and H of RFC 7616 §3.3.
func (a Algorithm) hash(parts ...string) string {
	var room [512]byte
	text := room[:0]
	for i, p := range parts {
		if i > 0 {
			text = append(text, ':')
		}
		text = append(text, p...)
	}
	switch a {
	case SHA256:
		sum := sha256.Sum256(text)
		return hexOf(sum[:])
	case SHA512256:
		sum := sha512.Sum512_256(text)
		return hexOf(sum[:])
	default:
		sum := md5.Sum(text) //nolint:gosec // as above
		return hexOf(sum[:])
	}
}

// hexOf is a hash of at most 32 bytes in hexadecimal.
func hexOf(sum []byte) string {
	var text [64]byte
	return string(text[:hex.Encode(text[:], sum)])
}

// HA1 is H(username:realm:password) in lower-case hexadecimal, what may be kept
// in place of a password (RFC 7616 §3.4.2).
func (a Algorithm) HA1(username, realm, password string) string {
	return a.hash(username, realm, password)
}

// Credentials are an account's secrets. Either a password, or HA1 values made
// for the realm they are used in.
type Credentials struct {
	Username string
	Password string
	// HA1 in hexadecimal, by algorithm, for an account whose password is not
	// known (md5_cred, password_digest). Used before Password where set.
	HA1 Hashes
}

// Hashes are HA1 values in hexadecimal, by algorithm; empty where there is none.
type Hashes [algorithms]string

// can tells whether the credentials suffice for an algorithm.
func (c *Credentials) can(a Algorithm) bool { return c.HA1[a] != "" || c.Password != "" }

// ha1 gives the account's HA1. The hash is always made, so that a kept HA1 and a
// password take the same time.
func (c *Credentials) ha1(a Algorithm, realm string) string {
	made := a.HA1(c.Username, realm, c.Password)
	if c.HA1[a] != "" {
		return strings.ToLower(c.HA1[a])
	}
	return made
}

// response is the request-digest of RFC 7616 §3.4.1, or of RFC 2069 without qop.
func (a Algorithm) response(ha1, method, uri, nonce, nc, cnonce, qop string) string {
	ha2 := a.hash(method, uri)
	if qop == "" {
		return a.hash(ha1, nonce, ha2)
	}
	return a.hash(ha1, nonce, nc, cnonce, qop, ha2)
}
