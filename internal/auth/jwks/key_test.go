package jwks_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/auth/jwks"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// jwk is a public key as providers publish it, and members besides.
func jwk(t testing.TB, id string, public any, more ...string) map[string]any {
	t.Helper()
	m := map[string]any{"kid": id, "use": "sig"}
	switch p := public.(type) {
	case *rsa.PublicKey:
		m["kty"], m["n"], m["e"] = "RSA", b64(p.N.Bytes()), b64(big.NewInt(int64(p.E)).Bytes())
	case *ecdsa.PublicKey:
		point, err := p.Bytes()
		must(t, err)
		size := (len(point) - 1) / 2
		m["kty"], m["crv"], m["x"], m["y"] = "EC", p.Curve.Params().Name, b64(point[1:1+size]), b64(point[1+size:])
	case ed25519.PublicKey:
		m["kty"], m["crv"], m["x"] = "OKP", "Ed25519", b64(p)
	default:
		t.Fatalf("%T", public)
	}
	for i := 0; i < len(more); i += 2 {
		m[more[i]] = more[i+1]
	}
	return m
}

func set(t testing.TB, keys ...map[string]any) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{"keys": keys})
	must(t, err)
	return text
}

func newEC(t testing.TB, c elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(c, rand.Reader)
	must(t, err)
	return k
}

func newRSA(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	return k
}

func newEd(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, k, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	return k
}

// Each key is for one algorithm, whatever else the set says of it; what is for none is skipped.
func TestParse(t *testing.T) {
	r, e, d := &newRSA(t).PublicKey, &newEC(t, elliptic.P256()).PublicKey, newEd(t).Public()
	off := jwk(t, "off", e)
	off["y"] = off["x"]
	short := jwk(t, "short", r)
	short["n"] = b64(r.N.Bytes()[:64])
	even := jwk(t, "even", r)
	even["e"] = "Ag"
	many := make([]map[string]any, 33)
	for i := range many {
		many[i] = jwk(t, fmt.Sprint(i), e)
	}
	for _, tc := range []struct {
		name string
		text []byte
		want string // kid and algorithm of each; "" fails
		skip int
	}{
		{"one of each kind", set(t, jwk(t, "r", r), jwk(t, "e", e), jwk(t, "d", d)), "r RS256, e ES256, d EdDSA", 0},
		{"with their algorithms", set(t, jwk(t, "r", r, "alg", "RS256"), jwk(t, "e", e, "alg", "ES256")), "r RS256, e ES256", 0},
		{"no kid", set(t, jwk(t, "", r), jwk(t, "", e)), " RS256,  ES256", 0},
		{
			"what is for something else",
			set(t, jwk(t, "enc", r, "use", "enc"), jwk(t, "pss", r, "alg", "PS256"), jwk(t, "confused", e, "alg", "RS256"), jwk(t, "hs", e, "alg", "HS256"),
				map[string]any{"kty": "oct", "kid": "secret", "k": b64(make([]byte, 32))}, jwk(t, "private", d, "d", b64(make([]byte, 32))),
				jwk(t, "curve", &newEC(t, elliptic.P384()).PublicKey), off, short, even, map[string]any{"kty": "new"},
				jwk(t, strings.Repeat("k", 257), e), jwk(t, "e", e)),
			"e ES256", 12,
		},
		{"an address that is not followed", set(t, jwk(t, "e", e, "x5u", "https://127.0.0.1:1/x")), "e ES256", 0},
		{"a kid twice", set(t, jwk(t, "a", e), jwk(t, "a", e)), "", 0},
		{"a kid of two algorithms", set(t, jwk(t, "a", e), jwk(t, "a", r)), "a ES256, a RS256", 0},
		{"too many", set(t, many...), "", 0},
		{"none", set(t), "", 0},
		{"no set", []byte(`{"issuer":"x"}`), "", 0},
		{"a page", []byte("<html>"), "", 0},
		{"nothing", nil, "", 0},
		{"a kid that is a number", []byte(`{"keys":[{"kty":"EC","kid":1}]}`), "", 0},
	} {
		keys, skipped, err := jwks.Parse(tc.text)
		var got []string
		for _, k := range keys {
			got = append(got, k.ID+" "+k.Algorithm)
		}
		if strings.Join(got, ", ") != tc.want || (err == nil) != (tc.want != "") || err == nil && len(skipped) != tc.skip {
			t.Errorf("%s: %q, skipped %v, %v", tc.name, got, skipped, err)
		}
	}
}

func TestParseFile(t *testing.T) {
	block := func(kind string, public any) string {
		der, err := x509.MarshalPKIXPublicKey(public)
		must(t, err)
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	r, e := &newRSA(t).PublicKey, &newEC(t, elliptic.P256()).PublicKey
	for _, tc := range []struct {
		name, text string
		keys       int // 0 fails
	}{
		{"one", block("PUBLIC KEY", r), 1},
		{"two", block("PUBLIC KEY", r) + "# the old one\n" + block("PUBLIC KEY", e), 2},
		{"a set", " \n" + string(set(t, jwk(t, "a", r), jwk(t, "b", e))), 2},
		{"a set with what is for nothing", string(set(t, jwk(t, "a", r), jwk(t, "b", e, "use", "enc"))), 0},
		{"a curve that is for nothing", block("PUBLIC KEY", &newEC(t, elliptic.P521()).PublicKey), 0},
		{"a private key", block("PRIVATE KEY", r), 0},
		{"broken", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", 0},
		{"too many", strings.Repeat(block("PUBLIC KEY", e), 33), 0},
		{"too long", strings.Repeat("#", jwks.MaxFile+1), 0},
		{"nothing", "", 0},
	} {
		if keys, err := jwks.ParseFile([]byte(tc.text)); (err == nil) != (tc.keys > 0) || err == nil && len(keys) != tc.keys {
			t.Errorf("%s: %d keys, %v", tc.name, len(keys), err)
		}
	}
}

func FuzzParseFile(f *testing.F) {
	e := &newEC(f, elliptic.P256()).PublicKey
	f.Add(set(f, jwk(f, "e", e)))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"},{"kty":"OKP","crv":"Ed25519","x":"AA"}]}`))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := jwks.ParseFile(text)
		if err == nil && len(keys) == 0 {
			t.Error("no key and no error")
		}
		for _, k := range keys {
			if again, err := jwks.New(k.ID, k.Public); err != nil || again.Algorithm != k.Algorithm {
				t.Errorf("%+v: %+v, %v", k, again, err)
			}
		}
	})
}
