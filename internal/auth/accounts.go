package auth

import (
	"context"
	"crypto/tls"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/auth/apikey"
	"github.com/skygenesisenterprise/skybridge/internal/auth/mutual"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

const (
	// lookup bounds the time of a look at the accounts, for who cannot say how long to wait.
	lookup = 5 * time.Second
	// usedEvery is how often the use of a key is noted.
	usedEvery = time.Minute
)

// Accounts are the users and keys that the store knows.
type Accounts interface {
	// User fails with fault.NotFound for who is not known.
	User(ctx context.Context, id string) (User, error)
	// Key fails with fault.NotFound for a key that does not exist.
	Key(ctx context.Context, id string) (Key, error)
	// Used notes that a key was used.
	Used(ctx context.Context, id string, now time.Time)
}

// User is what is known of a user, besides what a token says.
type User struct {
	Extension string
	Roles     []Role
	CallLimit int
	Disabled  bool
}

// find finds a key's row: that of a key with an ID only if the secret is right.
func (a *Authenticator) find(ctx context.Context, key string) (Key, error) {
	id, secret, ok := apikey.Parse(key)
	switch {
	case ok && a.cfg.Accounts != nil:
		k, err := a.cfg.Accounts.Key(ctx, id)
		if err != nil {
			return Key{}, err
		}
		if right, err := a.check.Check(ctx, k.Hash, secret); err != nil || !right {
			return Key{}, orUnknown(err)
		}
		return k, nil
	case !ok && a.keys != nil:
		return a.keys.APIKey(ctx, HashKey(key))
	}
	return Key{}, orUnknown(nil)
}

// orUnknown is err, or that there is no such key.
func orUnknown(err error) error {
	if err == nil {
		return fault.New(fault.NotFound, "no such key")
	}
	return err
}

// known adds to a principal what is known of the user: roles where none are said, the
// extension where none is. Users that nobody has made are as their tokens say, those that are
// disabled are refused.
func (a *Authenticator) known(ctx context.Context, p Principal) (Principal, error) {
	var u User
	if a.cfg.Accounts != nil {
		var err error
		u, err = a.cfg.Accounts.User(ctx, p.User)
		switch {
		case err != nil && fault.Of(err) != fault.NotFound:
			return Principal{}, err
		case u.Disabled:
			return Principal{}, fault.WithCode(fault.Unauthorized, "user_disabled", "the user is disabled")
		}
	}
	if p.Extension == "" {
		p.Extension = u.Extension
	}
	if p.CallLimit = u.CallLimit; len(p.Roles) == 0 {
		p.Roles = u.Roles
	}
	if len(p.Roles) == 0 {
		p.Roles = []Role{RoleUser}
	}
	return p, nil
}

// MaxScopes bounds the scopes of one key.
const MaxScopes = 32

// ParseScope reads "calls:read", "rooms:write" or, for every kind of object, "*:read". It
// fails with fault.Invalid.
func ParseScope(text string) (string, error) {
	object, action, _ := strings.Cut(text, ":")
	plain := object != "" && strings.Trim(object, "abcdefghijklmnopqrstuvwxyz-") == ""
	if len(text) > 64 || action != "read" && action != "write" || !plain && object != "*" {
		return "", fault.New(fault.Invalid, "%q is no scope: calls:read, rooms:write, *:read", text)
	}
	return text, nil
}

// Allows reports whether the principal's scopes cover an operation: a kind of object, as paths
// name it ("calls"), and whether it is changed. Who may write may read.
func (p Principal) Allows(object string, write bool) bool {
	if len(p.Scopes) == 0 {
		return true
	}
	return slices.ContainsFunc(p.Scopes, func(scope string) bool {
		of, action, _ := strings.Cut(scope, ":")
		return (of == object || of == "*") && (action == "write" || action == "read" && !write)
	})
}

// UseClients replaces who proves themselves by certificates, from now on; nil for nobody.
func (a *Authenticator) UseClients(c *mutual.Clients) { a.clients.Store(c) }

// Certificate is the service that has shown a certificate on a connection. It fails with
// fault.Forbidden (mutual.ErrUnknown) where the certificate is of no service, with
// fault.Unauthorized where none was shown, none is asked for, or it does not count any more.
func (a *Authenticator) Certificate(ctx context.Context, state *tls.ConnectionState) (Principal, error) {
	clients := a.clients.Load()
	if clients == nil {
		return Principal{}, fault.New(fault.Unauthorized, "certificates are not asked for")
	}
	s, until, err := clients.Service(state)
	switch {
	case errors.Is(err, mutual.ErrUnknown):
		return Principal{}, fault.WithCode(fault.Forbidden, "certificate_unknown", "%w", err)
	case err != nil:
		return Principal{}, fault.WithCode(fault.Unauthorized, "certificate_refused", "%w", err)
	}
	return a.known(ctx, Principal{User: s.Name, Roles: []Role{RoleService}, Scopes: s.Scopes, Expires: until})
}

// IsService reports whether a certificate was shown that is a service's, be it one that does not
// count any more.
func (a *Authenticator) IsService(state *tls.ConnectionState) bool {
	clients := a.clients.Load()
	if clients == nil {
		return false
	}
	_, _, err := clients.Service(state)
	return !errors.Is(err, mutual.ErrNotShown) && !errors.Is(err, mutual.ErrUnknown)
}
