package endpoints_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/api/voip/endpoints"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
)

func TestRules(t *testing.T) {
	rules := endpoints.Rules{Context: func(extension string) string {
		return map[string]string{"1001": "internal"}[extension]
	}}
	user := auth.Principal{User: "ana", Extension: "1001", Roles: []auth.Role{auth.RoleUser}}
	without, stranger, service, admin := user, user, user, user
	without.Extension, stranger.Extension = "", "1009"
	service.Roles, admin.Roles = []auth.Role{auth.RoleService}, []auth.Role{auth.RoleUser, auth.RoleAdmin}
	for _, tc := range []struct {
		who auth.Principal
		to  string
		ok  bool
	}{
		{user, "PJSIP/1002", true},
		{user, "SIP/trunk/0123", true},
		{user, "Local/600@internal", true},
		{user, "local/600@internal/n", true},
		{user, "Local/600@closed", false},
		{user, "Local/600@closed/n@internal", false},
		{user, "Local/600/@internal", false},
		{user, "Local/600", false},
		{user, "Local/600@", false},
		{without, "Local/600@internal", false},
		{without, "PJSIP/1002", true},
		{stranger, "Local/600@", false},
		{stranger, "Local/600@internal", false},
		{service, "Local/600@closed", true},
		{admin, "Local/600", true},
	} {
		target, err := dialstring.Parse(tc.to)
		if err != nil {
			t.Fatal(err)
		}
		if err = rules.Check(tc.who, target); (err == nil) != tc.ok || err != nil && fault.Of(err) != fault.Forbidden {
			t.Errorf("%s %v dials %s: %v", tc.who.Extension, tc.who.Roles, tc.to, err)
		}
	}
	if _, err := rules.Parse(user, []string{"PJSIP/1002", "Local/600@closed"}); fault.Of(err) != fault.Forbidden {
		t.Error(err)
	}
	if err := (endpoints.Rules{}).Check(user, dialstring.Target{Tech: "Local", Resource: "600@internal"}); fault.Of(err) != fault.Forbidden {
		t.Errorf("nobody has a phone: %v", err)
	}
}
