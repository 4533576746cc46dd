// Package jwks holds the public keys that tokens are checked with: those of a file, and those
// that an identity provider publishes (RFC 7517) and changes.
//
// Goroutines: one for each Remote, which fetches its set; ended by Close.
package jwks

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"github.com/MicahParks/jwkset"
)

// Key is a public key and the one algorithm that it is for: a token of another one is never
// checked with it, whatever the token says.
type Key struct {
	ID        string // "kid"; empty for a key that any token may be of
	Algorithm string // RS256, ES256 or EdDSA
	Public    any
}

const (
	// MaxFile is the size of a key file, and of what a provider answers, in bytes.
	MaxFile = 256 << 10
	// maxKeys bounds what a token without a "kid" costs: each key is tried.
	maxKeys = 32
	maxID   = 256
)

// New is the key for a public key: RSA of 2048 to 8192 bits is for RS256, P-256 for ES256,
// Ed25519 for EdDSA; others are for nothing.
func New(id string, public any) (Key, error) {
	k := Key{ID: id, Public: public}
	if len(id) > maxID {
		return Key{}, fmt.Errorf("a kid of %d bytes, at most %d", len(id), maxID)
	}
	switch p := public.(type) {
	case *rsa.PublicKey:
		if n := p.N.BitLen(); n < 2048 || n > 8192 {
			return Key{}, fmt.Errorf("an RSA key of %d bits, want 2048 to 8192", n)
		}
		if p.E < 3 || p.E > 1<<31-1 || p.E%2 == 0 {
			return Key{}, fmt.Errorf("an RSA key with the exponent %d", p.E)
		}
		k.Algorithm = "RS256"
	case *ecdsa.PublicKey:
		if p.Curve != elliptic.P256() {
			return Key{}, fmt.Errorf("a key on the curve %s, want P-256", p.Curve.Params().Name)
		}
		if _, err := p.ECDH(); err != nil {
			return Key{}, errors.New("a key that is no point of P-256")
		}
		k.Algorithm = "ES256"
	case ed25519.PublicKey:
		k.Algorithm = "EdDSA"
	default:
		return Key{}, fmt.Errorf("a key of type %T, want RSA, P-256 or Ed25519", public)
	}
	return k, nil
}

// ParseFile reads the keys of a file: a JWK Set, or one or several public keys or certificates in
// PEM, which have no "kid". Every key must be one that tokens can be checked with.
func ParseFile(text []byte) ([]Key, error) {
	if len(text) > MaxFile {
		return nil, fmt.Errorf("%d bytes, at most %d", len(text), MaxFile)
	}
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		keys, skipped, err := Parse(text)
		return keys, errors.Join(append([]error{err}, skipped...)...)
	}
	var keys []Key
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		public, err := publicOf(block)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", len(keys)+1, err)
		}
		k, err := New("", public)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", len(keys)+1, err)
		}
		keys = append(keys, k)
	}
	switch {
	case len(keys) == 0:
		return nil, errors.New("neither a PEM block nor a JWK Set in the key file")
	case len(keys) > maxKeys:
		return nil, fmt.Errorf("%d keys, at most %d", len(keys), maxKeys)
	}
	return keys, nil
}

func publicOf(block *pem.Block) (any, error) {
	switch block.Type {
	case "PUBLIC KEY":
		return x509.ParsePKIXPublicKey(block.Bytes)
	case "CERTIFICATE":
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		return c.PublicKey, nil
	default:
		return nil, fmt.Errorf("a PEM block %q, want PUBLIC KEY or CERTIFICATE", block.Type)
	}
}

// Parse reads a JWK Set. Keys that are for something else (encryption, other algorithms, shared
// secrets) are skipped, with the reason; a set that leaves none, or has a "kid" twice for an
// algorithm, fails.
func Parse(text []byte) (keys []Key, skipped []error, err error) {
	var set struct {
		Keys []jwkset.JWKMarshal `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, nil, fmt.Errorf("no JWK Set: %w", err)
	}
	if len(set.Keys) > maxKeys {
		return nil, nil, fmt.Errorf("a JWK Set of %d keys, at most %d", len(set.Keys), maxKeys)
	}
	for i := range set.Keys {
		k, err := ofJWK(&set.Keys[i])
		if err != nil {
			skipped = append(skipped, fmt.Errorf("key %d of the JWK Set: %w", i+1, err))
			continue
		}
		if k.ID != "" && slices.ContainsFunc(keys, func(o Key) bool { return o.ID == k.ID && o.Algorithm == k.Algorithm }) {
			return nil, nil, fmt.Errorf("a JWK Set with the kid %q twice", k.ID)
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, skipped, errors.New("a JWK Set without a key for RS256, ES256 or EdDSA")
	}
	return keys, skipped, nil
}

func ofJWK(m *jwkset.JWKMarshal) (Key, error) {
	switch {
	case m.KTY == jwkset.KtyOct: // whoever can read the set could sign
		return Key{}, errors.New("a shared secret")
	case m.D != "":
		return Key{}, errors.New("a private key")
	case m.USE != "" && m.USE != jwkset.UseSig:
		return Key{}, fmt.Errorf("a key for %q, not for signatures", m.USE)
	case len(m.KEYOPS) > 0 && !slices.Contains(m.KEYOPS, jwkset.KeyOpsVerify):
		return Key{}, errors.New("a key that is not for verifying")
	}
	// The key alone: neither a certificate's address nor anything else in it is followed.
	bare := jwkset.JWKMarshal{KTY: m.KTY, CRV: m.CRV, X: m.X, Y: m.Y, N: m.N, E: m.E}
	parsed, err := jwkset.NewJWKFromMarshal(bare, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{SkipAll: true})
	if err != nil {
		return Key{}, err
	}
	k, err := New(m.KID, parsed.Key())
	if err != nil {
		return Key{}, err
	}
	if m.ALG != "" && string(m.ALG) != k.Algorithm {
		return Key{}, fmt.Errorf("a key for %s, which is not taken", m.ALG)
	}
	return k, nil
}

// Match are the keys that a token of an algorithm and a "kid" may be signed with: the one of that
// name, or else those without one; all of the algorithm for a token that names none. named tells
// whether a name was found.
func Match(keys []Key, algorithm, id string) (found []any, named bool) {
	var unnamed []any
	for _, k := range keys {
		switch {
		case k.Algorithm != algorithm:
		case id != "" && k.ID == id:
			return []any{k.Public}, true
		case k.ID == "" || id == "":
			unnamed = append(unnamed, k.Public)
		}
	}
	return unnamed, false
}
