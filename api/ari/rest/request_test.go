package rest_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/api/ari/rest"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

func TestParametersFromEverywhere(t *testing.T) {
	r := rest.Request{
		Path:  map[string]string{"channelId": "a/b"},
		Query: url.Values{"app": {"first", "last"}, "media": {"sound:a,sound:b"}, "mute": {"YES"}, "timeout": {"12s"}, "empty": {""}},
	}
	if err := r.SetBody("application/json; charset=utf-8", []byte(`{"app":"json","only":["a","b",3],"n":7,"yes":true,"no":null}`)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"channelId": "a/b", "app": "json", "n": "7", "yes": "true", "no": "", "absent": ""} {
		if got := r.String(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if !r.Has("empty") || r.Has("absent") || r.Has("no") {
		t.Error("what was given is not known")
	}
	for name, want := range map[string][]string{"media": {"sound:a", "sound:b"}, "only": {"a", "b", "3"}, "app": {"json"}, "empty": nil} {
		if got := r.List(name); !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if !r.Bool("mute", false) || !r.Bool("yes", false) || r.Bool("app", true) || !r.Bool("absent", true) {
		t.Error("booleans")
	}
}

func TestNumbers(t *testing.T) {
	for text, want := range map[string]int{"12s": 12, "-1": -1, "": 0, "x": 0, " 7": 7, "+3": 3, "99999999999": 1<<31 - 1, "-": 0} {
		r := rest.Request{Query: url.Values{"n": {text}}}
		if got := r.Int("n", 30); got != want {
			t.Errorf("%q is %d, want %d", text, got, want)
		}
	}
	if got := (&rest.Request{}).Int("n", 30); got != 30 {
		t.Errorf("absent: %d", got)
	}
}

func TestBodies(t *testing.T) {
	for _, c := range []struct {
		kind, body string
		want       error
		app        string
	}{
		{"application/json", `{"app":"x"}`, nil, "x"},
		{"application/json", `{"app":`, rest.ErrBody, ""},
		{"application/json", `[1]`, nil, ""},
		{"application/json", ``, nil, ""},
		{"application/x-www-form-urlencoded", "app=x%20y", nil, "x y"},
		{"application/x-www-form-urlencoded", "app=%zz", rest.ErrBody, ""},
		{"text/plain", "app=x", nil, ""},
		{"", `{"app":"x"}`, nil, ""},
		{"application/json", strings.Repeat(" ", rest.BodyLimit+1), rest.ErrBodyTooLarge, ""},
	} {
		var r rest.Request
		if err := r.SetBody(c.kind, []byte(c.body)); !errors.Is(err, c.want) || r.String("app") != c.app {
			t.Errorf("%s %.20s: %v, app %q", c.kind, c.body, err, r.String("app"))
		}
	}
}

func TestVariables(t *testing.T) {
	for body, want := range map[string]string{
		`{"variables":{"A":"1","B":{"value":"2","report_events":true}}}`: "",
		`{"variables":{"A":1}}`:                                   "Each value in 'variables' must be a string or an object with 'value' and optional 'report_events'",
		`{"variables":{"A":{}}}`:                                  "Each object value in 'variables' must include string field 'value'",
		`{"variables":{"A":{"value":"x","report_events":"yes"}}}`: "Field 'report_events' in 'variables' entries must be boolean",
		`{"variables":{"A":{"value":3}}}`:                         "Each object value in 'variables' must include string field 'value'",
	} {
		var r rest.Request
		if err := r.SetBody("application/json", []byte(body)); err != nil {
			t.Fatal(err)
		}
		vars, err := r.Variables()
		if got := message(err); got != want {
			t.Errorf("%s: %q", body, got)
		}
		if want == "" && (vars["A"].Value != "1" || vars["B"] != rest.Variable{Value: "2", ReportEvents: true}) {
			t.Errorf("%s: %v", body, vars)
		}
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestFailures(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		phrase string
	}{
		{rest.FailAs(400, "Invalid Reason", "no"), 400, "Invalid Reason"},
		{fault.New(fault.NotFound, "no channel"), http.StatusNotFound, "Not Found"},
		{errors.New("a secret of the house"), http.StatusInternalServerError, "Internal Server Error"},
	} {
		f := rest.FailureOf(c.err)
		if f.Status != c.status || f.Phrase() != c.phrase || strings.Contains(f.Message, "secret") {
			t.Errorf("%v: %+v", c.err, f)
		}
	}
	if rest.FailureOf(nil) != nil {
		t.Error("no error is a failure")
	}
}

func FuzzBody(f *testing.F) {
	f.Add("application/json", []byte(`{"variables":{"A":{"value":"x"}},"media":["a"]}`))
	f.Add("application/x-www-form-urlencoded", []byte("a=b&a=c"))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		var r rest.Request
		if r.SetBody(kind, body) != nil {
			return
		}
		for name := range r.Body {
			_, _, _ = r.String(name), r.List(name), r.Object(name)
		}
		if vars, err := r.Variables(); err == nil && r.Body["variables"] != nil && vars != nil {
			if !json.Valid(r.Body["variables"]) {
				t.Errorf("variables of %q", body)
			}
		}
	})
}
