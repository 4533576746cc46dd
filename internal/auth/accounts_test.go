package auth_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/auth/apikey"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// accounts are users and keys by ID.
type accounts struct {
	users map[string]auth.User
	keys  map[string]auth.Key
	used  []string
	err   error
}

func (a *accounts) User(_ context.Context, id string) (auth.User, error) {
	if u, ok := a.users[id]; ok || a.err != nil {
		return u, a.err
	}
	return auth.User{}, fault.New(fault.NotFound, "no user")
}

func (a *accounts) Key(_ context.Context, id string) (auth.Key, error) {
	if k, ok := a.keys[id]; ok {
		return k, nil
	}
	return auth.Key{}, fault.New(fault.NotFound, "no key")
}

func (a *accounts) Used(_ context.Context, id string, _ time.Time) { a.used = append(a.used, id) }

func withAccounts(t *testing.T, known *accounts, old auth.Keys) *auth.Authenticator {
	t.Helper()
	a, err := auth.New(auth.Config{Secret: secret, Now: func() time.Time { return now }, Accounts: known}, old)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// What a token leaves open is known of its user; what it says counts.
func TestTokensOfKnownUsers(t *testing.T) {
	known := &accounts{users: map[string]auth.User{
		"ana": {Extension: "2001", Roles: []auth.Role{auth.RoleAdmin}, CallLimit: 3},
		"bo":  {},
		"eve": {Extension: "2002", Disabled: true},
	}}
	a := withAccounts(t, known, nil)
	for name, tt := range map[string]struct {
		claims jwt.MapClaims
		want   auth.Principal
	}{
		"only a name":   {jwt.MapClaims{"sub": "ana"}, auth.Principal{User: "ana", Extension: "2001", Roles: []auth.Role{auth.RoleAdmin}, CallLimit: 3}},
		"all said":      {jwt.MapClaims{"sub": "ana", "extension": "1001", "scope": "user"}, auth.Principal{User: "ana", Extension: "1001", Roles: []auth.Role{auth.RoleUser}, CallLimit: 3}},
		"nothing known": {jwt.MapClaims{"sub": "bo"}, auth.Principal{User: "bo", Roles: []auth.Role{auth.RoleUser}}},
		"a stranger":    {jwt.MapClaims{"sub": "cy", "extension": "1002"}, auth.Principal{User: "cy", Extension: "1002", Roles: []auth.Role{auth.RoleUser}}},
	} {
		tt.claims["exp"] = now.Add(time.Hour).Unix()
		p, err := a.Token(sign(t, jwt.SigningMethodHS256, secret, tt.claims))
		if err != nil || p.User != tt.want.User || p.Extension != tt.want.Extension || p.CallLimit != tt.want.CallLimit || !slices.Equal(p.Roles, tt.want.Roles) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	token := sign(t, jwt.SigningMethodHS256, secret, jwt.MapClaims{"sub": "eve", "exp": now.Add(time.Hour).Unix(), "scope": "admin"})
	if p, err := a.Token(token); fault.Of(err) != fault.Unauthorized || fault.CodeOf(err) != "user_disabled" {
		t.Errorf("a disabled user is %+v, %v", p, err)
	}
	known.err = fault.New(fault.Unavailable, "no database")
	if _, err := a.Token(token); fault.Of(err) != fault.Unavailable {
		t.Errorf("without a database: %v", err)
	}
}

// A key counts as its row says now: revoked, expired, made anew.
func TestKeysWithAnID(t *testing.T) {
	made, err := apikey.New(apikey.Parameters{Memory: 64, Time: 1, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	another, err := apikey.New(apikey.Parameters{Memory: 64, Time: 1, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	row := auth.Key{ID: made.ID, Hash: made.Hash, User: "ana", Scopes: []string{"calls:read"}}
	known := &accounts{
		users: map[string]auth.User{"ana": {Extension: "2001", Roles: []auth.Role{auth.RoleService}, CallLimit: 3}},
		keys:  map[string]auth.Key{made.ID: row},
	}
	oldKey, oldRow := auth.NewKey("svc", []auth.Role{auth.RoleAuditor}, time.Time{})
	a := withAccounts(t, known, keyring{oldRow.Hash: oldRow})
	for range 2 { // hashed, and remembered
		p, err := a.APIKey(t.Context(), made.Text)
		if err != nil || p.User != "ana" || p.Extension != "2001" || !p.Has(auth.RoleService) || p.CallLimit != 3 || len(p.Scopes) != 1 {
			t.Fatalf("%+v, %v", p, err)
		}
	}
	if p, err := a.APIKey(t.Context(), oldKey); err != nil || p.User != "svc" || !p.Has(auth.RoleAuditor) {
		t.Errorf("a key of the older format: %+v, %v", p, err)
	}
	if !slices.Equal(known.used[:2], []string{made.ID, made.ID}) {
		t.Errorf("used %v", known.used)
	}
	row.Used = now.Add(-time.Second)
	known.keys[made.ID], known.used = row, nil
	if _, err := a.APIKey(t.Context(), made.Text); err != nil || len(known.used) > 0 {
		t.Errorf("%v, used %v", err, known.used)
	}
	refused := func(name, key string) {
		t.Helper()
		if p, err := a.APIKey(t.Context(), key); fault.Of(err) != fault.Unauthorized {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	refused("unknown", another.Text)
	refused("another's secret", made.Text[:len("sk_")+len(made.ID)+1]+another.Text[len("sk_")+len(another.ID)+1:])
	for name, change := range map[string]func(*auth.Key){
		"revoked":    func(k *auth.Key) { k.Revoked = true },
		"expired":    func(k *auth.Key) { k.Expires = now.Add(-time.Second) },
		"made anew":  func(k *auth.Key) { k.Hash = another.Hash },
		"a disabled": func(k *auth.Key) { k.User = "eve" },
	} {
		known.users["eve"] = auth.User{Disabled: true}
		changed := row
		change(&changed)
		known.keys[made.ID] = changed
		refused(name, made.Text)
	}
	known.keys[made.ID] = auth.Key{ID: made.ID, Hash: "broken"}
	if _, err := a.APIKey(t.Context(), made.Text); err == nil || fault.Of(err) == fault.Unauthorized {
		t.Errorf("a row that cannot be read: %v", err)
	}
	known.keys[made.ID] = row
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.APIKey(gone, made.Text); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("who has gone: %v", err)
	}
}

func TestScopes(t *testing.T) {
	p := auth.Principal{Scopes: []string{"calls:read", "rooms:write", "*:read"}}
	for _, tt := range []struct {
		object string
		write  bool
		want   bool
	}{{"calls", false, true}, {"calls", true, false}, {"rooms", false, true}, {"rooms", true, true}, {"users", false, true}, {"users", true, false}} {
		if got := p.Allows(tt.object, tt.write); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
	if all := (auth.Principal{}); !all.Allows("users", true) {
		t.Error("no scopes allow nothing")
	}
	for text, want := range map[string]bool{
		"calls:read": true, "api-keys:write": true, "*:write": true, "": false, "calls": false, "calls:": false, ":read": false,
		"calls:delete": false, "Calls:read": false, "calls:read:all": false, "ca*s:read": false,
	} {
		if _, err := auth.ParseScope(text); (err == nil) != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}
