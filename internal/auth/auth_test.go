package auth_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/auth/authtest"
	"github.com/skygenesisenterprise/skybridge/internal/auth/jwks"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

var (
	secret = []byte("0123456789abcdef0123456789abcdef")
	now    = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
)

type keyring map[string]auth.Key

func (k keyring) APIKey(_ context.Context, hash string) (auth.Key, error) {
	if key, ok := k[hash]; ok {
		return key, nil
	}
	return auth.Key{}, fault.New(fault.NotFound, "no key")
}

func sign(t *testing.T, m jwt.SigningMethod, key any, c jwt.MapClaims) string {
	t.Helper()
	s, err := jwt.NewWithClaims(m, c).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestIssuedTokensAreAccepted(t *testing.T) {
	a, err := auth.New(auth.Config{Secret: secret, Now: func() time.Time { return now }}, nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := a.Issue(auth.Principal{User: "alice", Extension: "1001", Roles: []auth.Role{auth.RoleAdmin}}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	p, err := a.Token(token)
	if err != nil || p.User != "alice" || p.Extension != "1001" || !p.SeesAll() {
		t.Fatalf("got %+v, %v", p, err)
	}
}

func TestForgedTokensAreRefused(t *testing.T) {
	signer, err := authtest.NewSigner()
	if err != nil {
		t.Fatal(err)
	}
	public, err := jwks.ParseFile(signer.Public)
	if err != nil {
		t.Fatal(err)
	}
	a, err := auth.New(auth.Config{
		Secret: signer.Secret, PublicKeys: public, Issuer: authtest.Issuer, Audience: authtest.Audience, Now: func() time.Time { return now },
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	good, forged, err := signer.Tokens(now)
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range good {
		if p, err := a.Token(token); err != nil || p.User != authtest.User || !p.Has(auth.RoleUser) || p.SeesAll() {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	forged["empty"], forged["a megabyte of dots"] = "", strings.Repeat(".", 1<<20)
	for name, token := range forged {
		if p, err := a.Token(token); fault.Of(err) != fault.Unauthorized {
			t.Errorf("%s: accepted as %+v, %v", name, p, err)
		}
	}
}

func TestTokensAreIssuedOnlyToThoseWhoCanUseThem(t *testing.T) {
	a, err := auth.New(auth.Config{Secret: secret}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []auth.Principal{{}, {User: "a\x00"}, {User: "\xff"}, {User: "a", Extension: "1 2"}} {
		if token, err := a.Issue(p, time.Hour); err == nil {
			t.Errorf("%+v got %s", p, token)
		}
	}
	for _, name := range []string{"alice@example.org", "José Müller", "用户"} {
		token, err := a.Issue(auth.Principal{User: name}, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := a.Token(token); err != nil || p.User != name {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

func TestRolesComeFromScopeAndRoles(t *testing.T) {
	a, err := auth.New(auth.Config{Secret: secret, Now: func() time.Time { return now }}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := a.Token(sign(t, jwt.SigningMethodHS256, secret, jwt.MapClaims{
		"sub": "x", "exp": now.Add(time.Hour).Unix(), "scope": "auditor root", "roles": []string{"service", "auditor"},
	}))
	if err != nil || len(p.Roles) != 2 || !p.Has(auth.RoleService) || !p.Has(auth.RoleAuditor) {
		t.Fatalf("%+v, %v", p, err)
	}
}

func TestAPIKeys(t *testing.T) {
	key, stored := auth.NewKey("svc", []auth.Role{auth.RoleService}, time.Time{})
	old, expired := auth.NewKey("svc", nil, now.Add(-time.Second))
	gone, revoked := auth.NewKey("svc", nil, time.Time{})
	revoked.Revoked = true
	a, err := auth.New(auth.Config{Secret: secret, Now: func() time.Time { return now }},
		keyring{stored.Hash: stored, expired.Hash: expired, revoked.Hash: revoked})
	if err != nil {
		t.Fatal(err)
	}
	if p, err := a.APIKey(context.Background(), key); err != nil || p.User != "svc" || !p.Has(auth.RoleService) {
		t.Fatalf("%+v, %v", p, err)
	}
	for name, k := range map[string]string{
		"expired": old, "revoked": gone, "cut": key[:len(key)-1], "unknown": "sk_x", "empty": "",
		"long": key + strings.Repeat("x", 1000), "another kind": "token",
	} {
		if _, err := a.APIKey(context.Background(), k); fault.Of(err) != fault.Unauthorized {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestShortSecretsAreRefused(t *testing.T) {
	if _, err := auth.New(auth.Config{Secret: []byte("short")}, nil); err == nil {
		t.Fatal("accepted")
	}
}
