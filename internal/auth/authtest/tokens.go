// Package authtest makes the tokens that every way into the server is tried with. It starts no
// goroutine.
package authtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// What the tokens are made for.
const (
	Issuer   = "me"
	Audience = "voip"
	User     = "bob"
)

// Signer signs tokens with a shared secret and with a key of its own.
type Signer struct {
	Secret []byte
	Public []byte // of its key, in PEM
	key    *ecdsa.PrivateKey
}

// NewSigner makes one with keys that nobody else has.
func NewSigner() (*Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	return &Signer{
		Secret: []byte(rand.Text()), key: key, Public: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}),
	}, nil
}

// Tokens are those that must be taken, for User, and those that must be refused, by their names.
func (s *Signer) Tokens(now time.Time) (good, forged map[string]string, err error) {
	var errs []error
	sign := func(m jwt.SigningMethod, key any, c jwt.MapClaims) string {
		token, err := jwt.NewWithClaims(m, c).SignedString(key)
		errs = append(errs, err)
		return token
	}
	with := func(key string, value any) jwt.MapClaims {
		c := jwt.MapClaims{"sub": User, "iss": Issuer, "aud": Audience, "exp": now.Add(time.Hour).Unix()}
		if c[key] = value; value == nil {
			delete(c, key)
		}
		return c
	}
	fine := with("sub", User)
	hs := func(c jwt.MapClaims) string { return sign(jwt.SigningMethodHS256, s.Secret, c) }
	good = map[string]string{
		"shared secret": hs(fine),
		"public key":    sign(jwt.SigningMethodES256, s.key, fine),
		"within leeway": hs(with("exp", now.Add(-30*time.Second).Unix())),
	}
	forged = map[string]string{
		"alg none":                sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, fine),
		"public key as secret":    sign(jwt.SigningMethodHS256, s.Public, fine),
		"other algorithm":         sign(jwt.SigningMethodHS512, s.Secret, fine),
		"wrong secret":            sign(jwt.SigningMethodHS256, []byte("another secret of 32 bytes......"), fine),
		"expired":                 hs(with("exp", now.Add(-2*time.Minute).Unix())),
		"no expiry":               hs(with("exp", nil)),
		"not yet valid":           hs(with("nbf", now.Add(5*time.Minute).Unix())),
		"wrong issuer":            hs(with("iss", "you")),
		"no issuer":               hs(with("iss", nil)),
		"wrong audience":          hs(with("aud", "mail")),
		"no subject":              hs(with("sub", nil)),
		"subject of another type": hs(with("sub", 7)),
		"a line break in it":      hs(with("sub", "bob\r\nX: y")),
		"a long subject":          hs(with("sub", strings.Repeat("b", 129))),
		"a second target":         hs(with("extension", "1001&PJSIP/1002")),
		"a long extension":        hs(with("extension", strings.Repeat("1", 65))),
		"nothing but dots":        strings.Repeat(".", 9<<10),
		"two parts":               "a.b",
		"one part":                "a",
		"cut":                     hs(fine)[:40],
	}
	return good, forged, errors.Join(errs...)
}
