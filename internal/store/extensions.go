package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Extension is a phone's account that the API has made.
type Extension struct {
	Number string // what it registers as, and is dialled by
	// Realm is what the hashes of the password are good for (RFC 7616 §3.4.2, HA1, in
	// hexadecimal); the password itself is not kept.
	Realm       string
	MD5, SHA256 string
	CallerID    string   // `"Name" <number>`; empty for its number
	Codecs      []string // in order of preference; none for the server's
	Context     string   // of the dialplan; empty for the server's
	MaxContacts int      // phones at once
	Created     time.Time
	Updated     time.Time
	// User is whose it is, by users.extension; Put does not write it.
	User string
}

// Extensions keeps the extensions that the API has made. Those of configuration files are
// not among them.
type Extensions struct{ s *Store }

const (
	selectExtension = `SELECT number, realm, ha1_md5, ha1_sha256, caller_id, codecs, context, max_contacts, extensions.created,
		extensions.updated, COALESCE(users.id, '') FROM extensions LEFT JOIN users ON users.extension = extensions.number`
	extensionColumns = `number, realm, ha1_md5, ha1_sha256, caller_id, codecs, context, max_contacts, created, updated`
)

// Create adds an extension. It fails with fault.Conflict for a number that is there.
func (e *Extensions) Create(ctx context.Context, v Extension) error {
	return e.write(ctx, v, `INSERT INTO extensions (`+extensionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		micros(v.Created), micros(v.Updated))
}

// Update writes all of an extension but when it was created, or fails with fault.NotFound.
func (e *Extensions) Update(ctx context.Context, v Extension) error {
	return e.write(ctx, v, `UPDATE extensions SET realm = $2, ha1_md5 = $3, ha1_sha256 = $4, caller_id = $5, codecs = $6,
		context = $7, max_contacts = $8, updated = $9 WHERE number = $1`, micros(v.Updated))
}

func (e *Extensions) write(ctx context.Context, v Extension, query string, times ...any) error {
	codecs, err := encode(v.Codecs)
	if err != nil {
		return err
	}
	args := append([]any{v.Number, v.Realm, v.MD5, v.SHA256, v.CallerID, codecs, v.Context, v.MaxContacts}, times...)
	return e.s.changeOne(ctx, "extension", v.Number, query, args...)
}

// ByNumber gives an extension, or fault.NotFound.
func (e *Extensions) ByNumber(ctx context.Context, number string) (v Extension, err error) {
	err = scanExtension(&v, func(dest ...any) error {
		return e.s.row(ctx, selectExtension+` WHERE number = $1`, []any{number}, dest...)
	})
	if err != nil {
		return Extension{}, fmt.Errorf("store: extension %s: %w", number, err)
	}
	return v, nil
}

// List gives every extension by number.
func (e *Extensions) List(ctx context.Context) ([]Extension, error) {
	all, err := collect(ctx, e.s, scanExtension, selectExtension)
	if err != nil {
		return nil, fmt.Errorf("store: reading extensions: %w", err)
	}
	slices.SortFunc(all, func(a, b Extension) int { return strings.Compare(a.Number, b.Number) }) // as users are
	return all, nil
}

// Delete removes an extension, its services and its user's link to it, or fails with
// fault.NotFound.
func (e *Extensions) Delete(ctx context.Context, number string) error {
	err := e.s.writer.write(ctx, func(t *tx) error {
		if err := t.changeOne("extension", `DELETE FROM extensions WHERE number = $1`, number); err != nil {
			return err
		}
		if err := t.exec(`DELETE FROM extension_services WHERE extension = $1`, number); err != nil {
			return err
		}
		return t.exec(`UPDATE users SET extension = NULL WHERE extension = $1`, number)
	})
	if err != nil {
		return fmt.Errorf("store: deleting extension %s: %w", number, err)
	}
	return nil
}

func scanExtension(v *Extension, scan func(...any) error) error {
	return scan(&v.Number, &v.Realm, &v.MD5, &v.SHA256, &v.CallerID, document{&v.Codecs}, &v.Context, &v.MaxContacts,
		instant{&v.Created}, instant{&v.Updated}, &v.User)
}
