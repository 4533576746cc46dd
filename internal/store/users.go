package store

import (
	"context"
	"fmt"
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
	Created      time.Time
	Disabled     time.Time // zero while enabled
}

// Users keeps users.
type Users struct{ s *Store }

const userColumns = `id, name, COALESCE(extension, ''), password_hash, roles, created, disabled`

// Put creates the user, or replaces the one with this ID. It fails with
// fault.Conflict when another has the extension.
func (u *Users) Put(ctx context.Context, v User) error {
	roles, err := encode(v.Roles)
	if err != nil {
		return err
	}
	err = u.s.writer.write(ctx, func(t *tx) error {
		return t.exec(`INSERT INTO users (id, name, extension, password_hash, roles, created, disabled)
			VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, extension = excluded.extension,
				password_hash = excluded.password_hash, roles = excluded.roles, disabled = excluded.disabled`,
			v.ID, v.Name, optional(v.Extension), v.PasswordHash, roles, micros(v.Created), micros(v.Disabled))
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

// List gives every user in order of ID.
func (u *Users) List(ctx context.Context) ([]User, error) {
	all, err := collect(ctx, u.s, scanUser, `SELECT `+userColumns+` FROM users ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("store: reading users: %w", err)
	}
	return all, nil
}

// Delete removes a user, or fails with fault.NotFound.
func (u *Users) Delete(ctx context.Context, id string) error {
	return u.s.deleteOne(ctx, "user", `DELETE FROM users WHERE id = $1`, id)
}

func scanUser(v *User, scan func(...any) error) error {
	return scan(&v.ID, &v.Name, &v.Extension, &v.PasswordHash, document{&v.Roles}, instant{&v.Created}, instant{&v.Disabled})
}
