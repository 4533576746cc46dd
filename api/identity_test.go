package api_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api"
	"github.com/skygenesisenterprise/skybridge/api/identity"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
)

// house has 1001 in its files, and what is stored.
type house struct {
	db    *store.Store
	stuck atomic.Bool // what is stored cannot be put into effect
}

func (*house) Filed(number string) bool { return number == "1001" }

func (h *house) Phone(number string) bool {
	_, err := h.db.Extensions.ByNumber(context.Background(), number)
	return err == nil || h.Filed(number)
}

func (*house) Context(name string) bool { return name == "internal" || name == "sales" }

func (*house) Codec(name string) bool {
	return slices.Contains([]string{"opus", "g722", "ulaw", "alaw"}, name)
}

func (h *house) Refresh(context.Context) error {
	if h.stuck.Load() {
		return fault.New(fault.Unavailable, "stuck")
	}
	return nil
}

// office is a rig with users, extensions and keys.
type office struct {
	*rig
	house *house
}

func newOffice(t *testing.T) office {
	t.Helper()
	sc := store.Default()
	sc.Path = store.Memory
	db, err := store.Open(t.Context(), sc, slog.New(slog.DiscardHandler))
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	h := &house{db: db}
	return office{newRig(t, func(c *api.Config) {
		c.Identity = &identity.Config{Store: db, Phones: h, Realm: "house", Now: time.Now, Log: c.Log}
	}), h}
}

// as asks as somebody of a role.
func (o office) as(role auth.Role, method, path, body string, more ...string) response {
	o.t.Helper()
	token := o.token(auth.Principal{User: "root", Roles: []auth.Role{role}})
	return o.do(method, "/api/v1/voip"+path, body, append([]string{"Authorization", "Bearer " + token, "Content-Type", "application/json"}, more...)...)
}

func TestIdentity(t *testing.T) {
	o := newOffice(t)
	long := strings.Repeat("x", 129)
	for _, tc := range []struct {
		method, path, body string
		want               int
		text               string
	}{
		{"POST", "/extensions", `{"number":"2001","password":"one two three","codecs":["alaw"],"context":"sales","max_contacts":1}`, 201,
			`{"number":"2001","caller_id":"","codecs":["alaw"],"context":"sales","max_contacts":1,"user_id":null,"password":null,"created_at":`},
		{"POST", "/extensions", `{"number":"2001"}`, 409, "extension_exists"},
		{"POST", "/extensions", `{"number":"1001"}`, 409, "files have 1001"},
		{"POST", "/extensions", `{}`, 422, "number"},
		{"POST", "/extensions", `{"number":2002}`, 422, "body.number"},
		{"POST", "/extensions", `{"number":"A"}`, 422, "body.number"},
		{"POST", "/extensions", `{"number":"../x"}`, 422, "body.number"},
		{"POST", "/extensions", `{"number":"2002","password":"short"}`, 422, "body.password"},
		{"POST", "/extensions", `{"number":"2002","password":"a\u0000bcdefghijk"}`, 422, "body.password"},
		{"POST", "/extensions", `{"number":"2002","codecs":["mp3"]}`, 422, "body.codecs"},
		{"POST", "/extensions", `{"number":"2002","context":"nowhere"}`, 422, "body.context"},
		{"POST", "/extensions", `{"number":"2002","caller_id":"a\nb"}`, 422, "body.caller_id"},
		{"POST", "/users", `{"id":"nul","name":"a\u0000b"}`, 422, "body.name"},
		{"POST", "/api-keys", `{"name":"a\u0000b","owner":"nul"}`, 422, "body.name"},
		{"POST", "/extensions", `{"number":"2002","max_contacts":101}`, 422, "body.max_contacts"},
		{"POST", "/extensions", `{"number":"2002","secret":"x"}`, 422, "body"},
		{"PATCH", "/extensions/2001", `{"context":"internal","caller_id":"\"Ana\" <1>"}`, 200, `"context":"internal"`},
		{"PATCH", "/extensions/2001", `{"password":"short"}`, 422, "body.password"},
		{"PATCH", "/extensions/2001", `{"codecs":[]}`, 422, "body.codecs"},
		{"PATCH", "/extensions/2001", `{"max_contacts":0}`, 422, "body.max_contacts"},
		{"PATCH", "/extensions/1001", `{"context":"sales"}`, 404, "not_found"},
		{"GET", "/extensions/1001", "", 404, "not_found"},
		{"GET", "/extensions/2001", "", 200, `"caller_id":"\"Ana\" <1>"`},

		{"POST", "/users", `{"id":"ana","name":"Ana","extension":"2001","roles":["user","auditor"],"call_limit":3}`, 201,
			`{"id":"ana","name":"Ana","extension":"2001","roles":["user","auditor"],"call_limit":3,"disabled":false,"created_at":`},
		{"POST", "/users", `{"id":"ana"}`, 409, "user_exists"},
		{"POST", "/users", `{"id":"bo","extension":"2001"}`, 409, "extension_taken"},
		{"POST", "/users", `{"id":"bo","extension":"2009"}`, 422, "body.extension"},
		{"POST", "/users", `{"id":"bo","roles":["king"]}`, 422, "body.roles"},
		{"POST", "/users", `{"id":"bo","roles":["user","user"]}`, 422, "body.roles"},
		{"POST", "/users", `{"id":"bo","call_limit":-1}`, 422, "body.call_limit"},
		{"POST", "/users", `{"id":"a\u0007"}`, 422, "body.id"},
		{"POST", "/users", `{"id":"` + long + `"}`, 413, "body.id"},
		{"POST", "/users", `{"id":""}`, 422, "body.id"},
		{"POST", "/users", `{"id":"b/ö %41"}`, 201, `"id":"b/ö %41"`},
		{"GET", "/users/" + url.PathEscape("b/ö %41"), "", 200, `"id":"b/ö %41"`},
		{"GET", "/users/%ff", "", 404, "not_found"},
		{"GET", "/users/nobody", "", 404, "not_found"},
		{"GET", "/extensions/2001", "", 200, `"user_id":"ana"`},
		{"PATCH", "/users/" + url.PathEscape("b/ö %41"), `{"extension":"2001"}`, 409, "extension_taken"},
		{"PATCH", "/users/ana", `{"extension":"","disabled":true,"roles":[]}`, 200, `"extension":null,"roles":[],"call_limit":3,"disabled":true`},
		{"PATCH", "/users/ana", `{"name":"Anna"}`, 200, `"name":"Anna","extension":null,"roles":[],"call_limit":3,"disabled":true`},
		{"PATCH", "/users/ana", `{"disabled":false,"extension":"1001"}`, 200, `"extension":"1001","roles":[],"call_limit":3,"disabled":false`},
		{"PATCH", "/users/nobody", `{}`, 404, "not_found"},
		{"DELETE", "/users/ana", "", 204, ""},
		{"DELETE", "/users/ana", "", 404, "not_found"},
		{"DELETE", "/extensions/2001", "", 204, ""},
		{"DELETE", "/extensions/2001", "", 404, "not_found"},

		{"POST", "/api-keys", `{"name":"x","owner":"m"}`, 201, `"key":"sk_`},
		{"POST", "/api-keys", `{"owner":"m"}`, 422, "name"},
		{"POST", "/api-keys", `{"name":"x"}`, 201, `"owner":"x"`},
		{"POST", "/api-keys", `{"name":"a\u0000b"}`, 422, "body.name"},
		{"POST", "/api-keys", `{"name":"x","owner":"m","roles":["king"]}`, 422, "body.roles"},
		{"POST", "/api-keys", `{"name":"x","owner":"m","scopes":["calls"]}`, 422, "body.scopes"},
		{"POST", "/api-keys", `{"name":"x","owner":"m","expires_at":"2020-01-01T00:00:00Z"}`, 422, "body.expires_at"},
		{"POST", "/api-keys", `{"name":"x","owner":"m","expires_at":"tomorrow"}`, 422, "body.expires_at"},
		{"GET", "/api-keys/none", "", 404, "not_found"},
		{"DELETE", "/api-keys/none", "", 404, "not_found"},
	} {
		a := o.as(auth.RoleAdmin, tc.method, tc.path, tc.body)
		if a.StatusCode != tc.want || !strings.Contains(a.body, tc.text) {
			t.Errorf("%s %s %s: %d %s", tc.method, tc.path, tc.body, a.StatusCode, a.body)
		}
	}
}

// All of it is for admins.
func TestIdentityIsForAdmins(t *testing.T) {
	o := newOffice(t)
	for _, path := range []string{"/users", "/users/root", "/extensions", "/extensions/2001", "/api-keys", "/api-keys/1"} {
		for _, method := range []string{"GET", "POST", "PATCH", "DELETE"} {
			body := map[string]string{
				"POST/users": `{"id":"x"}`, "POST/extensions": `{"number":"2001"}`, "POST/api-keys": `{"name":"x","owner":"x"}`,
				"PATCH/users/root": `{}`, "PATCH/extensions/2001": `{}`,
			}[method+path]
			for _, role := range []auth.Role{auth.RoleUser, auth.RoleService, auth.RoleAuditor} {
				if a := o.as(role, method, path, body); a.StatusCode != http.StatusForbidden && a.StatusCode != http.StatusMethodNotAllowed {
					t.Errorf("%s %s as %s: %d %s", method, path, role, a.StatusCode, a.body)
				}
			}
		}
	}
	for _, left := range []string{"/users", "/extensions", "/api-keys"} {
		if a := o.as(auth.RoleAdmin, "GET", left, ""); !strings.Contains(a.body, `"items":[]`) {
			t.Errorf("%s: %s", left, a.body)
		}
	}
}

// Lists come in pages, by names that are no UUIDs.
func TestPagesOfIdentity(t *testing.T) {
	o := newOffice(t)
	var want []string
	for _, name := range []string{"a", "b c", "ü", "z/1", "z/2", strings.Repeat("ü", 64), strings.Repeat("y", 128)} { // those are the longest
		want = append(want, name)
		body, err := json.Marshal(map[string]string{"id": name})
		must(t, err)
		if a := o.as(auth.RoleAdmin, "POST", "/users", string(body)); a.StatusCode != http.StatusCreated {
			t.Fatal(a.body)
		}
	}
	slices.Sort(want)
	var got []string
	for cursor := ""; ; {
		a := o.as(auth.RoleAdmin, "GET", "/users?limit=2&cursor="+cursor, "")
		var list struct {
			Items []identity.UserBody
			Next  *string `json:"next_cursor"`
		}
		must(t, json.Unmarshal([]byte(a.body), &list))
		for _, u := range list.Items {
			got = append(got, u.ID)
		}
		if list.Next == nil {
			break
		}
		cursor = *list.Next
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	o.as(auth.RoleAdmin, "GET", "/users?cursor=*", "").problem(t, 422, "invalid")
}

// What cannot be put into effect is not stored either.
func TestExtensionsThatHaveNoEffect(t *testing.T) {
	o := newOffice(t)
	o.house.stuck.Store(true)
	o.as(auth.RoleAdmin, "POST", "/extensions", `{"number":"2001"}`).problem(t, 503, "unavailable")
	o.as(auth.RoleAdmin, "GET", "/extensions/2001", "").problem(t, 404, "not_found")
	o.house.stuck.Store(false)
	if a := o.as(auth.RoleAdmin, "POST", "/extensions", `{"number":"2001"}`); a.StatusCode != http.StatusCreated {
		t.Fatal(a.body)
	}
	was, err := o.house.db.Extensions.ByNumber(t.Context(), "2001")
	must(t, err)
	o.house.stuck.Store(true)
	o.as(auth.RoleAdmin, "PATCH", "/extensions/2001", `{"password":"another one","context":"sales"}`).problem(t, 503, "unavailable")
	now, err := o.house.db.Extensions.ByNumber(t.Context(), "2001")
	if must(t, err); now.MD5 != was.MD5 || now.Context != was.Context {
		t.Errorf("%+v, was %+v", now, was)
	}
}

// The answer that shows a secret is kept by nobody: neither on the way nor for a repeated
// request, which is told where that is which the first has made.
func TestSecretsAreShownOnce(t *testing.T) {
	o := newOffice(t)
	once := []string{"Idempotency-Key", "k"}
	a := o.as(auth.RoleAdmin, "POST", "/extensions", `{"number":"2001"}`, once...)
	if a.StatusCode != http.StatusCreated || a.Header.Get("Cache-Control") != "no-store" || !strings.Contains(a.body, `"password":"`) || a.Header.Get("Location") != "/api/v1/voip/extensions/2001" {
		t.Errorf("%v %s", a.Header, a.body)
	}
	o.as(auth.RoleAdmin, "POST", "/extensions", `{"number":"2001"}`, once...).problem(t, 409, "secret_not_kept")
	if a := o.as(auth.RoleAdmin, "GET", "/extensions/2001", ""); strings.Contains(a.body, `"password":"`) {
		t.Errorf("shown again: %s", a.body)
	}
	a = o.as(auth.RoleAdmin, "POST", "/api-keys", `{"name":"x","owner":"m"}`)
	if a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", a.Header)
	}
	if a := o.as(auth.RoleAdmin, "GET", "/api-keys", ""); strings.Contains(a.body, "sk_") || strings.Contains(a.body, "argon2") {
		t.Errorf("shown again: %s", a.body)
	}
}
