package voip_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// document is the API's own description, against which every answer is checked.
type document struct {
	root map[string]any
	ops  map[string]*regexp.Regexp // "GET /api/…/{id}" to the paths it means

	mu     sync.Mutex
	driven map[string]bool
}

func readDocument(t *testing.T, base string) *document {
	t.Helper()
	resp, err := http.Get(base + "/openapi.json")
	must(t, err)
	defer resp.Body.Close()
	d := &document{ops: make(map[string]*regexp.Regexp), driven: make(map[string]bool)}
	must(t, json.NewDecoder(resp.Body).Decode(&d.root))
	http.DefaultClient.CloseIdleConnections()
	for path, item := range d.root["paths"].(map[string]any) {
		pattern := regexp.MustCompile(`\\\{[a-z]+\\\}`).ReplaceAllString(regexp.QuoteMeta(path), `[^/]+`)
		for method := range item.(map[string]any) {
			d.ops[strings.ToUpper(method)+" "+path] = regexp.MustCompile("^" + pattern + "$")
		}
	}
	return d
}

// check holds an answer against the operation's description.
func (d *document) check(t *testing.T, method, path string, a answer) {
	t.Helper()
	path, _, _ = strings.Cut(path, "?")
	for name, pattern := range d.ops {
		verb, template, _ := strings.Cut(name, " ")
		if verb != method || !pattern.MatchString(path) {
			continue
		}
		d.mu.Lock()
		d.driven[name] = d.driven[name] || a.status < 300
		d.mu.Unlock()
		op := d.root["paths"].(map[string]any)[template].(map[string]any)[strings.ToLower(verb)].(map[string]any)
		responses := op["responses"].(map[string]any)
		response, ok := responses[fmt.Sprint(a.status)]
		if !ok && a.status >= 400 {
			response, ok = responses["default"]
		}
		if !ok {
			t.Fatalf("%s: status %d is not in the document", a.what, a.status)
		}
		content, _ := response.(map[string]any)["content"].(map[string]any)
		if len(content) == 0 {
			if len(a.body) > 0 {
				t.Fatalf("%s: a body that the document has not: %s", a.what, a.body)
			}
			return
		}
		kind, ok := content[a.header.Get("Content-Type")]
		if !ok {
			t.Fatalf("%s: content type %q is not in the document", a.what, a.header.Get("Content-Type"))
		}
		var v any
		switch a.header.Get("Content-Type") {
		case "audio/wav", "application/sdp", "application/trickle-ice-sdpfrag": // no JSON
			return
		}
		a.into(&v)
		if err := d.valid(kind.(map[string]any)["schema"].(map[string]any), v, "body"); err != nil {
			t.Fatalf("%s: %v in %s", a.what, err, a.body)
		}
		return
	}
}

// valid holds a value against a schema, as far as the document uses JSON Schema.
func (d *document) valid(s map[string]any, v any, at string) error {
	if ref, ok := s["$ref"].(string); ok {
		name := strings.TrimPrefix(ref, "#/components/schemas/")
		schemas := d.root["components"].(map[string]any)["schemas"].(map[string]any)
		return d.valid(schemas[name].(map[string]any), v, at)
	}
	if types := list(s["type"]); len(types) > 0 && !slices.Contains(types, typeOf(v)) &&
		!(slices.Contains(types, "number") && typeOf(v) == "integer") {
		return fmt.Errorf("%s is %s, want %v", at, typeOf(v), types)
	}
	if enum, ok := s["enum"].([]any); ok && v != nil && !slices.Contains(enum, v) {
		return fmt.Errorf("%s is %v, none of %v", at, v, enum)
	}
	if s["format"] == "date-time" && v != nil {
		when, err := time.Parse(time.RFC3339Nano, v.(string))
		if err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		if when.Location() != time.UTC {
			return fmt.Errorf("%s is %v, not in UTC", at, v)
		}
	}
	switch v := v.(type) {
	case map[string]any:
		return d.validObject(s, v, at)
	case []any:
		items, _ := s["items"].(map[string]any)
		for i, item := range v {
			if err := d.valid(items, item, fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *document) validObject(s, v map[string]any, at string) error {
	properties, _ := s["properties"].(map[string]any)
	for _, name := range list(s["required"]) {
		if _, ok := v[name]; !ok {
			return fmt.Errorf("%s lacks %s", at, name)
		}
	}
	for name, value := range v {
		property, ok := properties[name].(map[string]any)
		if !ok && s["additionalProperties"] == false {
			return fmt.Errorf("%s.%s is not in the document", at, name)
		}
		if err := d.valid(property, value, at+"."+name); ok && err != nil {
			return err
		}
	}
	return nil
}

func list(v any) (out []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, item := range v {
			out = append(out, item.(string))
		}
	}
	return out
}

func typeOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case float64:
		if v == float64(int64(v)) {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return reflect.TypeOf(v).String()
}
