// Package rest is what every operation of the REST API is made of: who asks, what a path
// names, pages of lists, and the way that an error becomes an answer. The operations stand
// beside what they do.
//
// It starts no goroutine.
package rest

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/skygenesisenterprise/skybridge/api/voip/access"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Base is the path of every route of the API.
const Base = "/api/v1/voip"

type principalKey struct{}

// WithPrincipal puts who is asking into a request's context.
func WithPrincipal(ctx context.Context, p auth.Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// PrincipalOf is who is asking; the zero value when nobody is known.
func PrincipalOf(ctx context.Context) auth.Principal {
	p, _ := ctx.Value(principalKey{}).(auth.Principal)
	return p
}

// Errors turns an error of the domain into an answer of the API.
type Errors func(error) error

// PathID is the object that a path names; exported, since huma fills embedded
// fields by reflection.
type PathID struct {
	ID string `path:"id"`
}

// PathMember is a participant of the object that a path names.
type PathMember struct {
	PathID
	Participant string `path:"pid"`
}

// Once is the key by which a request is done once, however often it is sent. What
// stands before the operations answers the further ones.
type Once struct {
	Key string `header:"Idempotency-Key" maxLength:"255" doc:"A repeated request with the same key is answered, not done again"`
}

// Page is which part of a list is asked for.
type Page struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Cursor string `query:"cursor" maxLength:"256" doc:"next_cursor of the page before"`
}

// List is one page of a list.
type List[T any] struct {
	Body struct {
		Items      []T     `json:"items" nullable:"false"`
		NextCursor *string `json:"next_cursor" doc:"Of the next page; null on the last one"`
	}
}

// Answer is an answer with a body.
type Answer[T any] struct{ Body T }

// Created is the answer that tells of something new.
type Created[T any] struct {
	Location string `header:"Location"`
	Body     T
}

// bodyLimit is more than the server takes, so that it alone refuses what is too much.
const bodyLimit = 2 << 20

// Operation is one operation at a path below Base, answered with a status; 0 is the usual.
func Operation(method, path, id, summary string, status int) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: Base + path, Summary: summary, DefaultStatus: status,
		Security:     []map[string][]string{{"bearer": {}}, {"apiKey": {}}},
		MaxBodyBytes: bodyLimit,
	}
}

// Handle adds an operation: do runs for a principal that package access has it for, and its
// errors become answers by fail.
func Handle[I, O any](api huma.API, fail Errors, op huma.Operation, do func(context.Context, auth.Principal, *I) (*O, error)) {
	rule, _ := access.Of(op.OperationID)
	access.Describe(&op)
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		p := PrincipalOf(ctx)
		if p.User == "" {
			return nil, fail(fault.New(fault.Unauthorized, "nobody is known to ask"))
		}
		if err := rule.Check(p); err != nil {
			return nil, fail(err)
		}
		out, err := do(ctx, rule.Acting(p), in)
		if err != nil {
			return nil, fail(err)
		}
		return out, nil
	})
}

// NeedsScope is nil where the scopes of a principal's API key cover a kind of object; else it is
// of kind fault.Forbidden.
func NeedsScope(p auth.Principal, object string, write bool) error {
	if p.Allows(object, write) {
		return nil
	}
	return fault.WithCode(fault.Forbidden, "scope_missing", "the API key has no scope for %s", object)
}

// MayAct reports whether a principal may do more than read.
func MayAct(p auth.Principal) bool {
	return p.Has(auth.RoleUser) || p.Has(auth.RoleService) || p.Has(auth.RoleAdmin)
}

// Bounded reports whether the bounds of users hold for a principal: services and admins have none.
func Bounded(p auth.Principal) bool { return !p.SeesAll() && !p.Has(auth.RoleService) }

// ReadsAll reports whether a principal may read what is anybody's.
func ReadsAll(p auth.Principal) bool { return p.SeesAll() || p.Has(auth.RoleAuditor) }

// Cut cuts a sorted list to the part that was asked for. The cursor is the id of
// the last one before it.
func Cut[T any](list []T, in Page, id func(T) string) (*List[T], error) {
	if in.Cursor != "" {
		if _, err := uuid.Parse(in.Cursor); err != nil {
			return nil, InField("query.cursor", fault.New(fault.Invalid, "no cursor of this list"))
		}
		for len(list) > 0 && id(list[0]) <= in.Cursor {
			list = list[1:]
		}
	}
	out := &List[T]{}
	out.Body.Items = list
	if len(list) > in.Limit {
		out.Body.Items = list[:in.Limit]
		next := id(list[in.Limit-1])
		out.Body.NextCursor = &next
	}
	if out.Body.Items == nil {
		out.Body.Items = []T{}
	}
	return out, nil
}

// CutNamed sorts a list by name, and cuts it to the part that was asked for. The cursor is made of
// the name of the last one before it.
func CutNamed[T any](list []T, in Page, name func(T) string) (*List[T], error) {
	after, err := base64.RawURLEncoding.DecodeString(in.Cursor)
	if err != nil {
		return nil, InField("query.cursor", fault.New(fault.Invalid, "no cursor of this list"))
	}
	slices.SortStableFunc(list, func(a, b T) int { return strings.Compare(name(a), name(b)) })
	if in.Cursor != "" {
		list = list[sort.Search(len(list), func(i int) bool { return name(list[i]) > string(after) }):]
	}
	out := &List[T]{}
	out.Body.Items = append([]T{}, list[:min(len(list), in.Limit)]...)
	if len(list) > in.Limit {
		next := base64.RawURLEncoding.EncodeToString([]byte(name(list[in.Limit-1])))
		out.Body.NextCursor = &next
	}
	return out, nil
}

// FieldError is an error about one field of a request. Its kind is that of Err.
type FieldError struct {
	Field string // "body.participants[0]"
	Err   error
}

// InField is an error about a field, "body.participants[0]" or "query.cursor".
func InField(field string, err error) error { return &FieldError{Field: field, Err: err} }

// Error is what is wrong.
func (e *FieldError) Error() string { return e.Err.Error() }

// Unwrap gives the error itself.
func (e *FieldError) Unwrap() error { return e.Err }

// StateError is an error about what cannot be done in a state. Its kind is that of Err.
type StateError struct {
	State string // "ringing", "ended", "locked"
	Err   error
}

// InState is an error about what cannot be done in a state; an error that says one already, or
// is about something else (no 409), stays as it is.
func InState(state string, err error) error {
	var said *StateError
	if err == nil || fault.Of(err).HTTPStatus() != http.StatusConflict || errors.As(err, &said) {
		return err
	}
	return &StateError{State: state, Err: err}
}

// Error is what is wrong.
func (e *StateError) Error() string { return e.Err.Error() }

// Unwrap gives the error itself.
func (e *StateError) Unwrap() error { return e.Err }

// Text is nil for a text that every database keeps as it is; for others it is of kind fault.Invalid,
// about a field.
func Text(field, s string) error {
	if strings.ContainsRune(s, 0) || !utf8.ValidString(s) {
		return InField(field, fault.New(fault.Invalid, "a text without U+0000"))
	}
	return nil
}

// OptionalTime is a time in UTC, or null for none.
func OptionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// OptionalText is a text, or null for an empty one.
func OptionalText(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
