package rest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/humatest"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// A list is cut into pages, each going on where the one before ended, also when that one
// has gone meanwhile.
func TestCut(t *testing.T) {
	var list []string
	for i := range 5 {
		list = append(list, fmt.Sprintf("00000000-0000-0000-0000-%012d", i))
	}
	same := func(s string) string { return s }
	first, err := rest.Cut(list, rest.Page{Limit: 2}, same)
	if err != nil || !slices.Equal(first.Body.Items, list[:2]) || *first.Body.NextCursor != list[1] {
		t.Fatalf("first page %+v, %v", first, err)
	}
	without := slices.Delete(slices.Clone(list), 1, 2)
	second, err := rest.Cut(without, rest.Page{Limit: 3, Cursor: *first.Body.NextCursor}, same)
	if err != nil || !slices.Equal(second.Body.Items, list[2:]) || second.Body.NextCursor != nil {
		t.Fatalf("second page %+v, %v", second, err)
	}
	none, err := rest.Cut(list, rest.Page{Limit: 3, Cursor: list[4]}, same)
	if err != nil || none.Body.Items == nil || len(none.Body.Items) != 0 {
		t.Errorf("a page of nothing %+v, %v", none, err)
	}
	_, err = rest.Cut(list, rest.Page{Limit: 3, Cursor: "x"}, same)
	var field *rest.FieldError
	if !errors.As(err, &field) || field.Field != "query.cursor" || fault.Of(err) != fault.Invalid {
		t.Errorf("no cursor: %v", err)
	}
}

// A list by name is sorted by its bytes, and goes on where the page before ended.
func TestCutNamed(t *testing.T) {
	list := []string{"é", "b", "A", "a"}
	same := func(s string) string { return s }
	var got []string
	in := rest.Page{Limit: 3}
	for {
		page, err := rest.CutNamed(slices.Clone(list), in, same)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page.Body.Items...)
		if page.Body.NextCursor == nil {
			break
		}
		in.Cursor = *page.Body.NextCursor
		list = slices.DeleteFunc(list, func(s string) bool { return s == "b" }) // the one that it ended with
	}
	if !slices.Equal(got, []string{"A", "a", "b", "é"}) {
		t.Errorf("%v", got)
	}
	if none, err := rest.CutNamed([]string(nil), in, same); err != nil || none.Body.Items == nil {
		t.Errorf("nothing is %+v, %v", none, err)
	}
	_, err := rest.CutNamed(list, rest.Page{Limit: 3, Cursor: "!"}, same)
	var field *rest.FieldError
	if !errors.As(err, &field) || field.Field != "query.cursor" {
		t.Errorf("no cursor: %v", err)
	}
}

// An operation is done for who is known, and by who may act.
func TestHandle(t *testing.T) {
	fail := func(err error) error {
		return huma.NewError(map[fault.Kind]int{fault.Unauthorized: 401, fault.Forbidden: 403, fault.Gone: 410}[fault.Of(err)], err.Error())
	}
	user := func(roles ...auth.Role) auth.Principal { return auth.Principal{User: "ana", Roles: roles} }
	for _, ca := range []struct {
		name, operation string
		who             auth.Principal
		err             error
		want            int
	}{
		{"nobody", "get-call", auth.Principal{}, nil, 401},
		{"a user", "end-call", user(auth.RoleUser), nil, 200},
		{"an auditor reads", "get-call", user(auth.RoleAuditor), nil, 200},
		{"an auditor acts", "end-call", user(auth.RoleAuditor), nil, 403},
		{"a key that reads", "get-call", auth.Principal{User: "ana", Roles: []auth.Role{auth.RoleUser}, Scopes: []string{"calls:read"}}, nil, 200},
		{"and acts", "end-call", auth.Principal{User: "ana", Roles: []auth.Role{auth.RoleUser}, Scopes: []string{"calls:read"}}, nil, 403},
		{"a key of others", "get-call", auth.Principal{User: "ana", Roles: []auth.Role{auth.RoleUser}, Scopes: []string{"rooms:write"}}, nil, 403},
		{"a user, of what admins may", "list-users", user(auth.RoleUser), nil, 403},
		{"a user, of what nobody has a rule for", "new", user(auth.RoleUser), nil, 403},
		{"an error", "get-call", user(auth.RoleUser), fault.New(fault.Gone, "over"), 410},
	} {
		t.Run(ca.name, func(t *testing.T) {
			_, api := humatest.New(t)
			method := map[bool]string{true: http.MethodPost, false: http.MethodGet}[strings.HasPrefix(ca.operation, "end")]
			rest.Handle(api, fail, rest.Operation(method, "/things/{id}", ca.operation, "A thing", 200),
				func(_ context.Context, p auth.Principal, in *rest.PathID) (*rest.Answer[string], error) {
					if p.User != ca.who.User || in.ID != "7" {
						t.Errorf("%+v asks for %q", p, in.ID)
					}
					return &rest.Answer[string]{Body: "done"}, ca.err
				})
			ctx := rest.WithPrincipal(t.Context(), ca.who)
			if got := api.DoCtx(ctx, method, rest.Base+"/things/7"); got.Code != ca.want {
				t.Errorf("%d: %s", got.Code, got.Body)
			}
		})
	}
}
