package main

import (
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/api/contract"
	"github.com/skygenesisenterprise/skybridge/api/voip/access"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
)

func loopbackOnly(ip net.IP) bool { return ip.IsLoopback() && ip.To4() != nil }

// elsewhere are operations that this server answers with 2xx only in the middle of a conversation:
// api/voip's TestEveryOperation has them answered so. Here they are refused, by the document.
var elsewhere = []string{
	"accept-call", "get-quality", "hold-call", "unhold-call", "mute-call", "unmute-call", "send-dtmf", "transfer-call", "record-call", "stop-recording-call",
	"set-layout",
	"send-signaling", // by an admin, who has no part in the call
}

// upgrades are operations that plain requests cannot have.
var upgrades = []string{"open-websocket"}

// who is somebody who asks: whose header, and what the table makes of them.
type who struct {
	name   string
	header string
	role   auth.Role // "" for nobody
	user   string
	scopes []string // nil for none, so for all
}

// everybody is everybody of the matrix. A key with scope has that of the operation alone, the one
// without that of something else.
func (w *world) everybody(scopes []string) []who {
	token := func(user string, roles ...auth.Role) string {
		return as(w.t, w.srv, auth.Principal{User: user, Roles: roles}).header
	}
	key := func(scope string) string {
		if w.keys[scope] == "" {
			w.keys[scope] = "X-API-Key: " + text(w.makes(w.admin, "POST", "/api-keys", map[string]any{"name": "key", "owner": "alice", "roles": []string{"admin"}, "scopes": []string{scope}}), "key")
		}
		return w.keys[scope]
	}
	all := []who{
		{name: "nobody"},
		{"the user", w.alice.header, auth.RoleUser, "alice", nil},
		{"another user", token("mallory", auth.RoleUser), auth.RoleUser, "mallory", nil},
		{"a service", token("machine", auth.RoleService), auth.RoleService, "machine", nil},
		{"an auditor", token("watcher", auth.RoleAuditor), auth.RoleAuditor, "watcher", nil},
		{"an admin", w.admin.header, auth.RoleAdmin, "root", nil},
		{"a key for something else", key("nothing:write"), auth.RoleAdmin, "alice", []string{"nothing:write"}},
	}
	for _, scope := range scopes {
		all = append(all, who{"a key for it", key(scope), auth.RoleAdmin, "alice", []string{scope}})
	}
	return all
}

// want is what the table says of somebody: a status, or 0 for one that lets them in.
func want(rule access.Rule, op *contract.Operation, x who) int {
	mine := x.user == "alice" || x.role == auth.RoleAdmin
	switch {
	case rule.Public:
		return 0
	case x.role == "":
		return http.StatusUnauthorized
	case !slices.Contains(rule.Roles, x.role):
		return http.StatusForbidden
	case rule.Object != "" && !(auth.Principal{Scopes: x.scopes}).Allows(rule.Object, rule.Write):
		return http.StatusForbidden
	case rule.Owner == access.Member && x.role == auth.RoleAdmin && x.user != "alice":
		return http.StatusForbidden
	case (rule.Owner == access.Party || rule.Owner == access.Member) && !mine && strings.Contains(op.Path, "{") && (x.role != auth.RoleAuditor || rule.Write):
		return http.StatusNotFound
	case rule.Owner == access.Line && !mine:
		return http.StatusForbidden
	case op.ID == "create-api-key" && len(x.scopes) > 0:
		return http.StatusForbidden // it could make one that may do more than itself
	}
	return 0
}

// Every operation of the document is asked for by everybody, and answered as the table says: an
// operation that is in one of the two alone fails. Every answer is as the document says, and every
// operation has one of success.
func TestWhoMayAskForWhat(t *testing.T) {
	w := newWorld(t)
	meeting, alice := w.meeting()
	static := map[string]string{"meeting": meeting, "participant": alice, "recording": w.recording(meeting)}
	var documented []string
	for _, op := range w.doc.Operations {
		documented = append(documented, op.ID)
		rule, known := access.Of(op.ID)
		if !known {
			t.Errorf("%s %s (%s) is not in the table of api/voip/access", op.Method, op.Path, op.ID)
			continue
		}
		w.described(op, rule)
		if slices.Contains(upgrades, op.ID) {
			continue
		}
		path, body := w.request(op, static)
		for _, x := range w.everybody(op.Scopes) {
			expect := want(rule, op, x)
			if rule.Write && expect == 0 { // what they change is theirs alone
				path, body = w.request(op, static)
			}
			w.here()
			r := w.asks(x.header, op.Method, path, body)
			switch {
			case expect != 0 && r.status != expect:
				t.Errorf("%s %s for %s: %d, want %d: %s", op.Method, op.Path, x.name, r.status, expect, r.body)
			case expect == 0 && r.status >= 300 && (r.status != http.StatusConflict || !slices.Contains(elsewhere, op.ID)):
				t.Errorf("%s %s for %s: %d: %s", op.Method, op.Path, x.name, r.status, r.body)
			case x.scopes != nil && op.Method != http.MethodHead && r.status == http.StatusForbidden && op.ID != "create-api-key" && r.code() != "scope_missing":
				t.Errorf("%s %s for %s: %s", op.Method, op.Path, x.name, r.body)
			}
		}
		if !w.driven[op.ID] && !slices.Contains(elsewhere, op.ID) {
			t.Errorf("%s %s (%s) was never answered with success", op.Method, op.Path, op.ID)
		}
	}
	for _, name := range access.Operations() {
		if !slices.Contains(documented, name) {
			t.Errorf("the table has %s, which is no operation of the document", name)
		}
	}
}

// described holds what the document says of who may ask to the table.
func (w *world) described(op *contract.Operation, rule access.Rule) {
	var roles []string
	for _, role := range rule.Roles {
		roles = append(roles, string(role))
	}
	var scopes []string
	if rule.Object != "" {
		scopes = []string{rule.Scope()}
	}
	if !slices.Equal(op.Roles, roles) || !slices.Equal(op.Scopes, scopes) || op.Owner != string(rule.Owner) || op.Public != rule.Public {
		w.t.Errorf("%s: the document has roles %v, scopes %v, owner %q, public %v", op.ID, op.Roles, op.Scopes, op.Owner, op.Public)
	}
}
