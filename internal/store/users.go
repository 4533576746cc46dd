package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// User is a person or service that may sign in.
type User struct {
	ID        string
	Name      string
	Extension string // empty, or unique
	// PasswordHash is in the encoding of whoever makes it; empty refuses
	// signing in by password.
	PasswordHash string
	Roles        []string
	CallLimit    int // calls at once; 0 for the server's limit
	Created      time.Time
	Updated      time.Time // zero: not since created
	Disabled     time.Time // zero while enabled
}

// Users keeps users.
type Users struct{ s *Store }

const userColumns = `id, name, COALESCE(extension, ''), password_hash, roles, call_limit, created, updated, disabled`

const (
	createUser = `INSERT INTO users (id, name, extension, password_hash, roles, call_limit, created, updated, disabled)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
	replaceUser = ` ON CONFLICT (id) DO UPDATE SET name = excluded.name, extension = excluded.extension,
		password_hash = excluded.password_hash, roles = excluded.roles, call_limit = excluded.call_limit,
		updated = excluded.updated, disabled = excluded.disabled`
)

// Create adds a user. It fails with fault.Conflict for a known ID, and when another has the
// extension.
func (u *Users) Create(ctx context.Context, v User) error { return u.put(ctx, v, createUser) }

// Put creates the user, or replaces all but Created of the one with this ID. It fails with
// fault.Conflict when another has the extension.
func (u *Users) Put(ctx context.Context, v User) error { return u.put(ctx, v, createUser+replaceUser) }

func (u *Users) put(ctx context.Context, v User, query string) error {
	roles, err := encode(v.Roles)
	if err != nil {
		return err
	}
	err = u.s.writer.write(ctx, func(t *tx) error {
		err := t.exec(query, v.ID, v.Name, optional(v.Extension), v.PasswordHash, roles, v.CallLimit,
			micros(v.Created), micros(v.Updated), micros(v.Disabled))
		if err != nil {
			return err
		}
		return t.exec(`DELETE FROM deleted_users WHERE id = $1`, v.ID)
	})
	if err != nil {
		return fmt.Errorf("store: writing user %s: %w", v.ID, err)
	}
	return nil
}

// ByID gives a user, or fault.NotFound.
func (u *Users) ByID(ctx context.Context, id string) (User, error) {
	return u.one(ctx, `id = $1`, id)
}

// ByExtension gives the user of an extension, or fault.NotFound.
func (u *Users) ByExtension(ctx context.Context, extension string) (User, error) {
	return u.one(ctx, `extension = $1`, extension)
}

func (u *Users) one(ctx context.Context, where, arg string) (v User, err error) {
	err = scanUser(&v, func(dest ...any) error {
		return u.s.row(ctx, `SELECT `+userColumns+` FROM users WHERE `+where, []any{arg}, dest...)
	})
	if err != nil {
		return User{}, fmt.Errorf("store: user %s: %w", arg, err)
	}
	return v, nil
}

// Deleted reports whether there was a user who has been removed, and not made again.
func (u *Users) Deleted(ctx context.Context, id string) (bool, error) {
	var n int
	if err := u.s.row(ctx, `SELECT COUNT(*) FROM deleted_users WHERE id = $1`, []any{id}, &n); err != nil {
		return false, fmt.Errorf("store: deleted user %s: %w", id, err)
	}
	return n > 0, nil
}

// List gives every user in order of ID, by its bytes.
func (u *Users) List(ctx context.Context) ([]User, error) {
	all, err := collect(ctx, u.s, scanUser, `SELECT `+userColumns+` FROM users`)
	if err != nil {
		return nil, fmt.Errorf("store: reading users: %w", err)
	}
	slices.SortFunc(all, func(a, b User) int { return strings.Compare(a.ID, b.ID) }) // databases sort by their language
	return all, nil
}

// Delete removes a user and revokes the user's API keys, or fails with fault.NotFound. That the
// user was there stays known, see Deleted.
func (u *Users) Delete(ctx context.Context, id string) error {
	err := u.s.writer.write(ctx, func(t *tx) error {
		if err := t.changeOne("user", `DELETE FROM users WHERE id = $1`, id); err != nil {
			return err
		}
		now := micros(time.Now())
		if err := t.exec(`INSERT INTO deleted_users (id, deleted) VALUES ($1, $2)`, id, now); err != nil {
			return err
		}
		return t.exec(`UPDATE api_keys SET revoked = $2 WHERE owner = $1 AND revoked = 0`, id, now)
	})
	if err != nil {
		return fmt.Errorf("store: deleting user %s: %w", id, err)
	}
	return nil
}

func scanUser(v *User, scan func(...any) error) error {
	return scan(&v.ID, &v.Name, &v.Extension, &v.PasswordHash, document{&v.Roles}, &v.CallLimit,
		instant{&v.Created}, instant{&v.Updated}, instant{&v.Disabled})
}
