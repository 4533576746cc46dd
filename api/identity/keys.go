package identity

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/auth/apikey"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
)

// KeyBody is an API key.
type KeyBody struct {
	ID         string     `json:"id" doc:"The part of the key that is no secret: sk_ID_SECRET"`
	Name       string     `json:"name" doc:"What it is for"`
	Owner      string     `json:"owner" doc:"The user whose calls and rooms it sees, or a name of its own"`
	Roles      []string   `json:"roles" nullable:"false"`
	Scopes     []string   `json:"scopes" nullable:"false" doc:"What of its roles' operations: calls:read, rooms:write, *:read; none for all"`
	Key        *string    `json:"key" doc:"The key itself, in the answer to its creation alone"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at"`
	LastUsedAt *time.Time `json:"last_used_at" doc:"To a minute"`
	RevokedAt  *time.Time `json:"revoked_at"`
}

// CreateKey is an API key to be made.
type CreateKey struct {
	Name      string     `json:"name" minLength:"1" maxLength:"128"`
	Owner     string     `json:"owner,omitempty" maxLength:"128" doc:"A user, or a name of its own; the key's where left out"`
	Roles     []string   `json:"roles,omitempty" maxItems:"4" doc:"admin, user, service, auditor; those of its owner where left out"`
	Scopes    []string   `json:"scopes,omitempty" maxItems:"32"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// PathKey is the key that a path names; exported, as rest.PathID is.
type PathKey struct {
	ID string `path:"id"`
}

// Shown is the answer that shows a new key: nobody is to keep it.
type Shown struct {
	CacheControl string `header:"Cache-Control"`
	Location     string `header:"Location"`
	Body         KeyBody
}

func keyBody(k store.APIKey) KeyBody {
	return KeyBody{
		ID: k.ID, Name: k.Name, Owner: k.Owner, Roles: orNone(k.Roles), Scopes: orNone(k.Scopes), CreatedAt: k.Created,
		ExpiresAt: rest.OptionalTime(k.Expires), LastUsedAt: rest.OptionalTime(k.LastUsed), RevokedAt: rest.OptionalTime(k.Revoked),
	}
}

func (r *routes) listKeys(ctx context.Context, _ auth.Principal, in *rest.Page) (*rest.List[KeyBody], error) {
	all, err := r.Store.APIKeys.List(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(x, y store.APIKey) int { return strings.Compare(x.ID, y.ID) })
	return rest.CutNamed(each(all, keyBody), *in, func(k KeyBody) string { return k.ID })
}

func (r *routes) showKey(ctx context.Context, _ auth.Principal, in *PathKey) (*rest.Answer[KeyBody], error) {
	k, err := r.Store.APIKeys.ByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &rest.Answer[KeyBody]{Body: keyBody(k)}, nil
}

func (r *routes) createKey(ctx context.Context, p auth.Principal, in *struct {
	rest.Once
	Body CreateKey
},
) (*Shown, error) {
	if len(p.Scopes) > 0 { // it could make one that may do more than itself
		return nil, fault.New(fault.Forbidden, "a key with scopes makes no keys")
	}
	b := in.Body
	now := r.Now().UTC()
	row := store.APIKey{Name: b.Name, Owner: cmp.Or(b.Owner, b.Name), Scopes: b.Scopes, Created: now}
	if !plain(b.Name) {
		return nil, rest.InField("body.name", fault.New(fault.Invalid, "unprintable characters"))
	}
	if err := auth.CheckUser(row.Owner); err != nil {
		return nil, rest.InField("body.owner", fault.New(fault.Invalid, "%w", err))
	}
	var err error
	if row.Roles, err = rolesOf("body.roles", b.Roles); err != nil {
		return nil, err
	}
	for _, scope := range b.Scopes {
		if _, err := auth.ParseScope(scope); err != nil {
			return nil, rest.InField("body.scopes", err)
		}
	}
	if b.ExpiresAt != nil {
		if row.Expires = b.ExpiresAt.UTC(); !row.Expires.After(now) {
			return nil, rest.InField("body.expires_at", fault.New(fault.Invalid, "that is over"))
		}
	}
	key, err := apikey.New(apikey.Default())
	if err != nil {
		return nil, err
	}
	row.ID, row.Hash = key.ID, key.Hash
	if err := r.Store.APIKeys.Create(ctx, row); err != nil {
		return nil, err
	}
	r.Log.Info("API key created", "key", row.ID, "owner", row.Owner, "by", p.User)
	body := keyBody(row)
	body.Key = &key.Text
	return &Shown{"no-store", rest.Base + "/api-keys/" + row.ID, body}, nil
}

func (r *routes) revokeKey(ctx context.Context, p auth.Principal, in *PathKey) (*struct{}, error) {
	k, err := r.Store.APIKeys.ByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := r.Store.APIKeys.Revoke(ctx, in.ID, r.Now()); err != nil {
		return nil, err
	}
	r.Changed(ctx, cmp.Or(k.Owner, k.Name))
	r.Log.Info("API key revoked", "key", in.ID, "by", p.User)
	return nil, nil
}
