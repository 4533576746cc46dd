// Package access is who may ask for what: one table of the operations of the API, which rest.Handle
// obeys, the document shows (x-roles, x-scopes, x-owner) and the tests of the whole server try, row
// by row.
//
// It starts no goroutine.
package access

import (
	"fmt"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Owner is whose objects an operation is about.
type Owner string

// The kinds of owners. Who sees all, as admins do, is left out of them.
const (
	// None: of nobody in particular.
	None Owner = ""
	// Party: what a user is part of, or has made. That of others is not there for them: 404, and
	// left out of lists.
	Party Owner = "party"
	// Member: as Party, and nobody does it in another's place, not even who sees all.
	Member Owner = "member"
	// Invited: as Party, but who knows the object's name or its PIN may come in.
	Invited Owner = "invited"
	// Self: what is the asker's own by who they are; there is no way to name another's.
	Self Owner = "self"
	// Line: a phone; another user's is 403.
	Line Owner = "line"
)

// Rule is who may ask for an operation.
type Rule struct {
	// Public needs nobody to be known.
	Public bool
	// Roles: one of them is needed; else 403.
	Roles []auth.Role
	// Object is what scopes of API keys call it, "" where they do not matter; Write that it
	// changes something.
	Object string
	Write  bool
	Owner  Owner
}

// Scope is what an API key with scopes needs: "calls:read".
func (r Rule) Scope() string {
	if r.Write {
		return r.Object + ":write"
	}
	return r.Object + ":read"
}

// Of is the rule of an operation. One that is not in the table is for nobody but admins.
func Of(operation string) (Rule, bool) {
	rule, ok := table[operation]
	if !ok {
		return Rule{Roles: admins, Object: "admin", Write: true}, false
	}
	return rule, true
}

// Operations are the names in the table, sorted.
func Operations() []string {
	out := make([]string, 0, len(table))
	for name := range table {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// Check fails with fault.Forbidden for who may not ask.
func (r Rule) Check(p auth.Principal) error {
	if r.Public {
		return nil
	}
	if !slices.ContainsFunc(r.Roles, p.Has) {
		return fault.New(fault.Forbidden, "that is for %s", r.who())
	}
	if r.Object != "" && !p.Allows(r.Object, r.Write) {
		return fault.WithCode(fault.Forbidden, "scope_missing", "the API key has no scope for %s", r.Object)
	}
	return nil
}

func (r Rule) who() string {
	names := make([]string, len(r.Roles))
	for i, role := range r.Roles {
		names[i] = fmt.Sprintf("%ss", role)
	}
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// Acting is a principal as it does something: what it may only read by one role, it does not
// change by another.
func (r Rule) Acting(p auth.Principal) auth.Principal {
	if r.Write && p.Has(auth.RoleAuditor) {
		p.Roles = slices.DeleteFunc(slices.Clone(p.Roles), func(role auth.Role) bool { return role == auth.RoleAuditor })
	}
	return p
}

// Describe adds to an operation what its rule says.
func Describe(op *huma.Operation) {
	rule, _ := Of(op.OperationID)
	if op.Extensions == nil {
		op.Extensions = make(map[string]any)
	}
	roles := make([]string, len(rule.Roles))
	for i, role := range rule.Roles {
		roles[i] = string(role)
	}
	if rule.Public {
		op.Security = []map[string][]string{}
		return
	}
	op.Extensions["x-roles"] = roles
	if rule.Object != "" {
		op.Extensions["x-scopes"] = []string{rule.Scope()}
	}
	if rule.Owner != None {
		op.Extensions["x-owner"] = string(rule.Owner)
	}
}
