package access_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/api/voip/access"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Every row lets somebody in, names a scope that keys can have, and nobody who may only read to
// change anything.
func TestTheTable(t *testing.T) {
	for _, name := range access.Operations() {
		rule, known := access.Of(name)
		if !known || rule.Public != (len(rule.Roles) == 0) {
			t.Errorf("%s: %+v", name, rule)
		}
		if _, err := auth.ParseScope(rule.Scope()); err != nil && rule.Object != "" {
			t.Errorf("%s: %v", name, err)
		}
		if rule.Write && slices.Contains(rule.Roles, auth.RoleAuditor) {
			t.Errorf("%s changes something, and is for auditors", name)
		}
	}
}

func TestCheck(t *testing.T) {
	user := auth.Principal{User: "ana", Roles: []auth.Role{auth.RoleUser}}
	admin := auth.Principal{User: "root", Roles: []auth.Role{auth.RoleAdmin}}
	unknown, known := access.Of("what is new")
	if known || unknown.Check(user) == nil || unknown.Check(admin) != nil {
		t.Error("what has no row is not for admins alone")
	}
	trunks, _ := access.Of("list-trunks")
	if err := trunks.Check(user); fault.Of(err) != fault.Forbidden || !strings.Contains(err.Error(), "services, auditors and admins") {
		t.Errorf("a user: %v", err)
	}
	admin.Scopes = []string{"calls:write"}
	if err := trunks.Check(admin); fault.CodeOf(err) != "scope_missing" {
		t.Errorf("without the scope: %v", err)
	}
}

// Who reads everything as an auditor and may act besides acts as themselves.
func TestActing(t *testing.T) {
	both := auth.Principal{User: "ana", Roles: []auth.Role{auth.RoleAuditor, auth.RoleUser}}
	end, _ := access.Of("end-call")
	show, _ := access.Of("get-call")
	if p := end.Acting(both); p.Has(auth.RoleAuditor) || !p.Has(auth.RoleUser) {
		t.Errorf("acts as %v", p.Roles)
	}
	if p := show.Acting(both); !p.Has(auth.RoleAuditor) || len(both.Roles) != 2 {
		t.Errorf("reads as %v", p.Roles)
	}
}
