package store

import (
	"context"
	"fmt"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// APIKey is a key for the REST API. The key itself is never kept.
type APIKey struct {
	ID       string
	Name     string
	Hash     string // of the key, unique; its encoding is the maker's
	Owner    string // user ID; empty for a key of no user
	Roles    []string
	Scopes   []string // what of the roles' operations; none for all of them
	Created  time.Time
	Expires  time.Time // zero: never
	LastUsed time.Time // zero: never; as of the last Touch
	Revoked  time.Time // zero: valid
}

// Valid tells whether the key may be used at a time.
func (k *APIKey) Valid(now time.Time) bool {
	return k.Revoked.IsZero() && (k.Expires.IsZero() || now.Before(k.Expires))
}

// APIKeys keeps API keys.
type APIKeys struct{ s *Store }

const apiKeyColumns = `id, name, hash, owner, roles, scopes, created, expires, last_used, revoked`

// Create adds a key. It fails with fault.Conflict for a known ID or hash.
func (k *APIKeys) Create(ctx context.Context, v APIKey) error {
	roles, err := encode(v.Roles)
	if err != nil {
		return err
	}
	scopes, err := encode(v.Scopes)
	if err != nil {
		return err
	}
	err = k.s.writer.write(ctx, func(t *tx) error {
		return t.exec(`INSERT INTO api_keys (`+apiKeyColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			v.ID, v.Name, v.Hash, v.Owner, roles, scopes, micros(v.Created), micros(v.Expires), micros(v.LastUsed), micros(v.Revoked))
	})
	if err != nil {
		return fmt.Errorf("store: creating API key %s: %w", v.ID, err)
	}
	return nil
}

// ByHash gives the key with a hash, revoked or not, or fault.NotFound.
func (k *APIKeys) ByHash(ctx context.Context, hash string) (APIKey, error) {
	return k.one(ctx, `hash = $1`, hash)
}

// ByID gives a key, revoked or not, or fault.NotFound.
func (k *APIKeys) ByID(ctx context.Context, id string) (APIKey, error) {
	return k.one(ctx, `id = $1`, id)
}

func (k *APIKeys) one(ctx context.Context, where, arg string) (v APIKey, err error) {
	err = scanAPIKey(&v, func(dest ...any) error {
		return k.s.row(ctx, `SELECT `+apiKeyColumns+` FROM api_keys WHERE `+where, []any{arg}, dest...)
	})
	if err != nil {
		return APIKey{}, fmt.Errorf("store: API key: %w", err)
	}
	return v, nil
}

// List gives every key in order of creation.
func (k *APIKeys) List(ctx context.Context) ([]APIKey, error) {
	all, err := collect(ctx, k.s, scanAPIKey, `SELECT `+apiKeyColumns+` FROM api_keys ORDER BY created, id`)
	if err != nil {
		return nil, fmt.Errorf("store: reading API keys: %w", err)
	}
	return all, nil
}

// Touch notes that a key was used.
func (k *APIKeys) Touch(ctx context.Context, id string, now time.Time) error {
	return k.update(ctx, id, `UPDATE api_keys SET last_used = $2 WHERE id = $1`, now)
}

// Revoke ends a key. Revoking it again keeps the first time.
func (k *APIKeys) Revoke(ctx context.Context, id string, now time.Time) error {
	return k.update(ctx, id, `UPDATE api_keys SET revoked = CASE WHEN revoked = 0 THEN $2 ELSE revoked END WHERE id = $1`, now)
}

func (k *APIKeys) update(ctx context.Context, id, query string, now time.Time) error {
	err := k.s.writer.write(ctx, func(t *tx) error {
		n, err := t.change(query, id, micros(now))
		if err == nil && n == 0 {
			return fault.New(fault.NotFound, "no such key")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("store: API key %s: %w", id, err)
	}
	return nil
}

func scanAPIKey(v *APIKey, scan func(...any) error) error {
	return scan(&v.ID, &v.Name, &v.Hash, &v.Owner, document{&v.Roles}, document{&v.Scopes},
		instant{&v.Created}, instant{&v.Expires}, instant{&v.LastUsed}, instant{&v.Revoked})
}
