// Package identity is where the REST API says who may use it and who may ring: users, the
// extensions of phones, and API keys. All of it is for admins.
//
// It starts no goroutine.
package identity

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
)

// Phones is what is known of phones.
type Phones interface {
	// Filed reports whether the configuration files have a number.
	Filed(number string) bool
	// Phone reports whether there is a phone of a number.
	Phone(number string) bool
	// Context reports whether the dialplan has a context, Codec whether calls can have a
	// codec.
	Context(name string) bool
	Codec(name string) bool
	// Refresh puts the extensions that are stored into effect.
	Refresh(ctx context.Context) error
}

// Config is what the operations work on.
type Config struct {
	Store  *store.Store
	Phones Phones
	// Realm is what phones are challenged for.
	Realm string
	// Changed is told of each user of whom, or of whose keys, something has changed, before that
	// is answered; nil for nobody.
	Changed func(ctx context.Context, user string)
	Now     func() time.Time
	Log     *slog.Logger
}

type routes struct {
	Config
	// changing is held while extensions, or what links to them, are changed: what is stored
	// and what is in effect stay the same.
	changing sync.Mutex
}

// Register adds the operations.
func Register(api huma.API, c Config, fail rest.Errors) {
	if c.Changed == nil {
		c.Changed = func(context.Context, string) {}
	}
	r := &routes{Config: c}
	const users, user = "/users", "/users/{id}"
	rest.Handle(api, fail, rest.Operation(http.MethodGet, users, "list-users", "List the users; admins only", 0), r.listUsers)
	rest.Handle(api, fail, rest.Operation(http.MethodPost, users, "create-user", "Make a user; admins only", http.StatusCreated), r.createUser)
	rest.Handle(api, fail, rest.Operation(http.MethodGet, user, "get-user", "Show a user; admins only", 0), r.showUser)
	rest.Handle(api, fail, rest.Operation(http.MethodPatch, user, "change-user", "Change what is said of a user; admins only", 0), r.changeUser)
	rest.Handle(api, fail, rest.Operation(http.MethodDelete, user, "delete-user", "Remove a user, and revoke the user's API keys; admins only",
		http.StatusNoContent), r.deleteUser)
	const extensions, extension = "/extensions", "/extensions/{number}"
	rest.Handle(api, fail, rest.Operation(http.MethodGet, extensions, "list-extensions", "List the extensions that the API has made; admins only", 0), r.listExtensions)
	rest.Handle(api, fail, rest.Operation(http.MethodPost, extensions, "create-extension",
		"Make an extension, as which phones can register at once; admins only", http.StatusCreated), r.createExtension)
	rest.Handle(api, fail, rest.Operation(http.MethodGet, extension, "get-extension", "Show an extension that the API has made; admins only", 0), r.showExtension)
	rest.Handle(api, fail, rest.Operation(http.MethodPatch, extension, "change-extension", "Change what is said of an extension; admins only", 0), r.changeExtension)
	rest.Handle(api, fail, rest.Operation(http.MethodDelete, extension, "delete-extension",
		"Remove an extension: its phones are unregistered; admins only", http.StatusNoContent), r.deleteExtension)
	const keys, key = "/api-keys", "/api-keys/{id}"
	rest.Handle(api, fail, rest.Operation(http.MethodGet, keys, "list-api-keys", "List the API keys, without their secrets; admins only", 0), r.listKeys)
	rest.Handle(api, fail, rest.Operation(http.MethodPost, keys, "create-api-key", "Make an API key, which is shown once; admins only", http.StatusCreated), r.createKey)
	rest.Handle(api, fail, rest.Operation(http.MethodGet, key, "get-api-key", "Show an API key, without its secret; admins only", 0), r.showKey)
	rest.Handle(api, fail, rest.Operation(http.MethodDelete, key, "revoke-api-key", "Revoke an API key: it opens nothing from then on; admins only",
		http.StatusNoContent), r.revokeKey)
}

// each is what f makes of each of a list.
func each[A, B any](list []A, f func(A) B) []B {
	out := make([]B, 0, len(list))
	for _, v := range list {
		out = append(out, f(v))
	}
	return out
}

// rolesOf reads the names of roles, each of them once.
func rolesOf(field string, names []string) ([]string, error) {
	for i, name := range names {
		if _, err := auth.ParseRole(name); err != nil {
			return nil, rest.InField(field, fault.New(fault.Invalid, "%w", err))
		}
		if slices.Contains(names[:i], name) {
			return nil, rest.InField(field, fault.New(fault.Invalid, "%q stands there twice", name))
		}
	}
	return names, nil
}

// orNone is a list that JSON shows as [] where it is empty.
func orNone(list []string) []string { return append([]string{}, list...) }

// undo puts back what was stored, for who could not put it into effect; the request's own time
// may be over.
func undo(ctx context.Context, err error, back func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(err, back(ctx))
}
