package api_test

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api"
	"github.com/skygenesisenterprise/skybridge/api/voip/protection"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/ban"
	"github.com/skygenesisenterprise/skybridge/sip/overload"
)

// banned is a list of one, and who ended bans.
type banned struct {
	list  []ban.Ban
	ended []string
}

func (b *banned) Bans() []ban.Ban { return b.list }

func (b *banned) Unban(_ context.Context, a netip.Addr, by string) error {
	if len(b.list) == 0 || !b.list[0].Network.Contains(a) {
		return fault.New(fault.NotFound, "%s is not banned", a)
	}
	b.list, b.ended = nil, append(b.ended, a.String()+" by "+by)
	return nil
}

// pressed is a server that is short of ports.
type pressed struct{}

func (pressed) State() overload.State { return overload.State{Pressure: 0.5, Short: "ports"} }
func (pressed) Draining() bool        { return true }
func (pressed) Refused() uint64       { return 7 }

func TestBans(t *testing.T) {
	since := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
	list := &banned{list: []ban.Ban{{
		Network: netip.MustParsePrefix("2001:db8::/64"), Since: since, Expires: since.Add(time.Hour), Times: 2, Reason: "wrong passwords",
	}}}
	r := newRig(t, func(c *api.Config) { c.Protection = &protection.Config{Bans: list, Overload: pressed{}} })
	as := func(role auth.Role) []string {
		token, err := r.auth.Issue(auth.Principal{User: string(role), Roles: []auth.Role{role}}, time.Hour)
		must(t, err)
		return []string{"Authorization", "Bearer " + token}
	}
	const path = "/api/v1/voip/bans"
	for _, tc := range []struct {
		role         auth.Role
		method, path string
		want         int
	}{
		{auth.RoleUser, "GET", path, 403},
		{auth.RoleService, "GET", path, 403},
		{auth.RoleAuditor, "GET", path, 200},
		{auth.RoleAdmin, "GET", path, 200},
		{auth.RoleUser, "DELETE", path + "/2001:db8::1", 403},
		{auth.RoleAuditor, "DELETE", path + "/2001:db8::1", 403},
		{auth.RoleAdmin, "DELETE", path + "/2001:db8:1::1", 404},
		{auth.RoleAdmin, "DELETE", path + "/everybody", 404},
		{auth.RoleAdmin, "DELETE", path + "/2001:db8::1", 204},
		{auth.RoleAdmin, "DELETE", path + "/2001:db8::1", 404},
	} {
		a := r.do(tc.method, tc.path, "", as(tc.role)...)
		if a.StatusCode != tc.want {
			t.Errorf("%s %s of a %s: %s\n%s", tc.method, tc.path, tc.role, a.Status, a.body)
		}
		const item = `{"items":[{"address":"2001:db8::","network":"2001:db8::/64","reason":"wrong passwords","times":2,` +
			`"since":"2026-11-22T20:00:00Z","expires":"2026-11-22T21:00:00Z"}],"next_cursor":null}`
		if a.StatusCode == http.StatusOK && strings.TrimSpace(a.body) != item {
			t.Error(a.body)
		}
	}
	if a := r.do("GET", path, ""); a.StatusCode != http.StatusUnauthorized {
		t.Error(a.Status)
	}
	if a := r.do("GET", path, "", as(auth.RoleAdmin)...); strings.TrimSpace(a.body) != `{"items":[],"next_cursor":null}` {
		t.Error(a.body)
	}
	if a := r.do("GET", "/api/v1/voip/overload", "", as(auth.RoleUser)...); strings.TrimSpace(a.body) !=
		`{"pressure":0.5,"short":"ports","refused":7,"draining":true}` {
		t.Error(a.body)
	}
	if len(list.ended) != 1 || list.ended[0] != "2001:db8::1 by admin" {
		t.Error(list.ended)
	}
}
