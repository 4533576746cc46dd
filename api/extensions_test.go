package api_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api"
	"github.com/skygenesisenterprise/skybridge/api/voip/extensions"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/signaling/extension"
	"github.com/skygenesisenterprise/skybridge/signaling/ringgroup"
)

type noDisk struct{}

func (noDisk) Put(context.Context, string, extension.Services) error { return nil }

func (noDisk) All(context.Context) (map[string]extension.Services, error) {
	return map[string]extension.Services{}, nil
}

// twoPhones are 1001 and 1002, which may dial what does not begin with 0.
type twoPhones struct{}

func (twoPhones) Phone(name string) (extension.Phone, bool) {
	return extension.Phone{Name: name, Context: "internal"}, name == "1001" || name == "1002"
}

func (twoPhones) MayDial(_, exten string) bool { return !strings.HasPrefix(exten, "0") }

func TestExtensions(t *testing.T) {
	services, err := extension.Load(t.Context(), noDisk{})
	must(t, err)
	services.Serve(twoPhones{})
	groups := new(ringgroup.Registry)
	must(t, groups.Configure([]ringgroup.Group{{Number: "8000", Name: "Sales", Members: []string{"1001"}}}))
	r := newRig(t, func(c *api.Config) { c.Extensions = &extensions.Source{Groups: groups, Services: services} })
	as := func(role auth.Role, exten string) []string {
		token, err := r.auth.Issue(auth.Principal{User: string(role) + exten, Extension: exten, Roles: []auth.Role{role}}, time.Hour)
		must(t, err)
		return []string{"Authorization", "Bearer " + token}
	}
	const base = "/api/v1/voip/"
	const on = `{"forward":{"always":"1002","busy":"","no_answer":"","no_answer_after":20},"dnd":true}`
	for _, tc := range []struct {
		role         auth.Role
		own          string
		method, path string
		body         string
		want         int
		text         string
	}{
		{auth.RoleUser, "1001", "GET", "ring-groups", "", 200, `{"number":"8000","name":"Sales","members":["1001"],"strategy":"all","ring_time":20,"total":60,`},
		{auth.RoleUser, "1001", "GET", "extensions/1001/services", "", 200, `{"always":"","busy":"","no_answer":"","no_answer_after":20},"dnd":false}`},
		{auth.RoleUser, "1001", "PUT", "extensions/1001/services", `{"forward":{"always":"1002"},"dnd":true}`, 200, on},
		{auth.RoleAdmin, "", "GET", "extensions/1001/services", "", 200, on},
		{auth.RoleUser, "1002", "GET", "extensions/1001/services", "", 403, "somebody else"},
		{auth.RoleUser, "", "GET", "extensions/1001/services", "", 403, "somebody else"},
		{auth.RoleUser, "1002", "PUT", "extensions/1001/services", `{"dnd":false}`, 403, "somebody else"},
		{auth.RoleAuditor, "1001", "PUT", "extensions/1001/services", `{"dnd":false}`, 403, ""},
		{auth.RoleUser, "1001", "PUT", "extensions/1001/services", `{"forward":{"always":"0900"}}`, 403, "may not dial"},
		{auth.RoleUser, "1001", "PUT", "extensions/1001/services", `{"forward":{"busy":"1002&1003"}}`, 422, "no extension"},
		{auth.RoleUser, "1001", "PUT", "extensions/1001/services", `{"forward":{"no_answer":"1002","no_answer_after":1}}`, 422, "no_answer_after"},
		{auth.RoleUser, "1001", "PUT", "extensions/1001/services", `{"forward":{"never":"1002"}}`, 422, "never"},
		{auth.RoleAdmin, "", "GET", "extensions/2001/services", "", 404, "no extension"},
		{auth.RoleUser, "1001", "GET", "extensions/1001/services", "", 200, on},
		{auth.RoleAdmin, "", "PUT", "extensions/1001/services", `{}`, 200, `"dnd":false`},
	} {
		a := r.do(tc.method, base+tc.path, tc.body, as(tc.role, tc.own)...)
		if a.StatusCode != tc.want || !strings.Contains(a.body, tc.text) {
			t.Errorf("%s %s %s as %s%s: %d %s", tc.method, tc.path, tc.body, tc.role, tc.own, a.StatusCode, a.body)
		}
	}
}
