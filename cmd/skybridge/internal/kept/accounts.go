package kept

import (
	"context"
	"log/slog"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
)

// Accounts are the users and API keys in the database.
type Accounts struct {
	Store *store.Store
	Log   *slog.Logger
}

var (
	_ auth.Accounts = Accounts{}
	_ auth.Keys     = Accounts{}
)

// User implements auth.Accounts. Who was removed is kept out, as who is disabled.
func (a Accounts) User(ctx context.Context, id string) (auth.User, error) {
	row, err := a.Store.Users.ByID(ctx, id)
	if err != nil && fault.Of(err) == fault.NotFound {
		if gone, derr := a.Store.Users.Deleted(ctx, id); derr != nil || gone {
			return auth.User{Disabled: gone}, derr
		}
	}
	if err != nil {
		return auth.User{}, err
	}
	return auth.User{
		Extension: row.Extension, Roles: roles(row.Roles), CallLimit: row.CallLimit, Disabled: !row.Disabled.IsZero(),
	}, nil
}

// Key implements auth.Accounts.
func (a Accounts) Key(ctx context.Context, id string) (auth.Key, error) {
	return keyOf(a.Store.APIKeys.ByID(ctx, id))
}

// APIKey implements auth.Keys: it finds a key of the older format by its hash.
func (a Accounts) APIKey(ctx context.Context, hash string) (auth.Key, error) {
	return keyOf(a.Store.APIKeys.ByHash(ctx, hash))
}

// Used implements auth.Accounts.
func (a Accounts) Used(ctx context.Context, id string, now time.Time) {
	if err := a.Store.APIKeys.Touch(ctx, id, now); err != nil {
		a.Log.Warn("the use of an API key was not noted", "key", id, "err", err)
	}
}

func keyOf(row store.APIKey, err error) (auth.Key, error) {
	if err != nil {
		return auth.Key{}, err
	}
	key := auth.Key{
		ID: row.ID, Hash: row.Hash, User: row.Owner, Roles: roles(row.Roles), Scopes: row.Scopes,
		Expires: row.Expires, Used: row.LastUsed, Revoked: !row.Revoked.IsZero(),
	}
	if key.User == "" {
		key.User = row.Name
	}
	return key, nil
}

func roles(names []string) []auth.Role {
	out := make([]auth.Role, 0, len(names))
	for _, name := range names {
		out = append(out, auth.Role(name))
	}
	return out
}
