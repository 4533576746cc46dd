package contract_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/api/contract"
)

const document = `{
	"openapi": "3.1.0",
	"components": {"schemas": {
		"Thing": {"type": "object", "additionalProperties": false, "required": ["name", "made"], "properties": {
			"name": {"type": "string", "minLength": 2, "maxLength": 4, "pattern": "^[0-9a-z]+$"},
			"made": {"type": "string", "format": "date-time"},
			"size": {"type": ["integer", "null"], "minimum": 1, "maximum": 9},
			"kind": {"type": "string", "enum": ["a", "b"]},
			"parts": {"type": "array", "maxItems": 2, "items": {"$ref": "#/components/schemas/Part"}}
		}},
		"Part": {"type": "object", "required": ["on"], "properties": {"on": {"type": "boolean"}}},
		"Problem": {"type": "object", "required": ["code"], "properties": {"code": {"type": "string"}}}
	}},
	"paths": {
		"/things/{id}": {"put": {"operationId": "put-thing", "security": [{"bearer": []}], "x-roles": ["admin"], "x-owner": "party",
			"parameters": [{"name": "id", "in": "path"}, {"name": "n", "in": "query", "schema": {"type": "integer", "minimum": 1}}],
			"requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
			"responses": {
				"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
				"204": {},
				"default": {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
			}}},
		"/things/all": {"put": {"operationId": "put-things", "responses": {"204": {}}}}
	}
}`

func read(t *testing.T) *contract.Operation {
	t.Helper()
	d, err := contract.Read([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	if o := d.Find("PUT", "/things/all"); o == nil || o.ID != "put-things" || !o.Public {
		t.Errorf("found %+v", o)
	}
	if o := d.Find("GET", "/things/1"); o != nil {
		t.Errorf("found %+v", o)
	}
	o := d.Find("PUT", "/things/1?n=2")
	if o == nil || o.ID != "put-thing" || o.Public || !slices.Equal(o.Roles, []string{"admin"}) || o.Owner != "party" {
		t.Fatalf("found %+v", o)
	}
	return o
}

func TestAnswersAreHeldToTheDocument(t *testing.T) {
	o := read(t)
	const thing, problem = "application/json", "application/problem+json"
	for name, tc := range map[string]struct {
		status     int
		kind, body string
		wrong      string
	}{
		"right":            {200, thing, `{"name":"abc","made":"2026-11-22T10:00:00Z","size":null,"kind":"a","parts":[{"on":true,"x":1}]}`, ""},
		"a charset":        {200, thing + "; charset=utf-8", `{"name":"abc","made":"2026-11-22T10:00:00Z"}`, ""},
		"nothing":          {204, "", "", ""},
		"something":        {204, thing, "{}", "has not"},
		"no status":        {201, thing, "{}", "no status 201"},
		"an error":         {409, problem, `{"code":"conflict"}`, ""},
		"an error without": {409, problem, `{}`, "lacks code"},
		"another type":     {200, "text/plain", `{}`, "content type"},
		"missing":          {200, thing, `{"name":"abc"}`, "lacks made"},
		"unknown":          {200, thing, `{"name":"abc","made":"2026-11-22T10:00:00Z","x":1}`, "body.x"},
		"too short":        {200, thing, `{"name":"a","made":"2026-11-22T10:00:00Z"}`, "less than 2"},
		"too long":         {200, thing, `{"name":"abcde","made":"2026-11-22T10:00:00Z"}`, "more than 4"},
		"no pattern":       {200, thing, `{"name":"ABC","made":"2026-11-22T10:00:00Z"}`, "body.name"},
		"local time":       {200, thing, `{"name":"abc","made":"2026-11-22T10:00:00+01:00"}`, "UTC"},
		"no time":          {200, thing, `{"name":"abc","made":"now"}`, "body.made"},
		"too large":        {200, thing, `{"name":"abc","made":"2026-11-22T10:00:00Z","size":10}`, "more than 9"},
		"a fraction":       {200, thing, `{"name":"abc","made":"2026-11-22T10:00:00Z","size":1.5}`, "number, want"},
		"no value":         {200, thing, `{"name":"abc","made":"2026-11-22T10:00:00Z","kind":"c"}`, "none of"},
		"too many":         {200, thing, `{"name":"abc","made":"2026-11-22T10:00:00Z","parts":[{"on":true},{"on":true},{"on":true}]}`, "more than 2"},
		"within":           {200, thing, `{"name":"abc","made":"2026-11-22T10:00:00Z","parts":[{"on":1}]}`, "body.parts[0].on"},
		"no JSON":          {200, thing, `{`, "unexpected end"},
	} {
		err := o.Check(tc.status, tc.kind, []byte(tc.body))
		if (err == nil) != (tc.wrong == "") || err != nil && !strings.Contains(err.Error(), tc.wrong) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is made to be refused is what the schema excludes, once each, and the right body stays.
func TestBadInput(t *testing.T) {
	o := read(t)
	right := map[string]any{"name": "abc", "made": "2026-11-22T10:00:00Z", "parts": []any{map[string]any{"on": true}}}
	before, err := json.Marshal(right)
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]int)
	for _, f := range slices.Concat(o.BadBodies(right), o.BadParameters()) {
		got[f.What] = f.Status
		if f.Body == nil && f.Query == "" {
			t.Errorf("%s: nothing", f.What)
		}
		text, err := json.Marshal(f.Body)
		if err != nil {
			t.Fatal(err)
		}
		if f.Query == "" && !strings.Contains(f.What, "body of") && o.Check(200, "application/json", text) == nil {
			t.Errorf("%s: %s is right", f.What, text)
		}
	}
	want := map[string]int{
		"body of another type": 422, "body.no_such_member unknown": 422,
		"body.name missing": 422, "body.name null": 422, "body.name of another type": 422, "body.name too short": 422, "body.name too long": 413,
		"body.name out of its pattern": 422, "body.made missing": 422, "body.made null": 422, "body.made of another type": 422, "body.made that is no time": 422,
		"body.size of another type": 422, "body.size too small": 422, "body.size too large": 422,
		"body.kind of another type": 422, "body.kind of no value that there is": 422,
		"body.parts of another type": 422, "body.parts of too many": 413, "body.parts[0] of another type": 422,
		"body.parts[0].on missing": 422, "body.parts[0].on null": 422, "body.parts[0].on of another type": 422,
		"query.n of another type": 422, "query.n too small": 422,
	}
	if !maps.Equal(got, want) {
		t.Errorf("made %v", got)
	}
	if after, err := json.Marshal(right); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the right one is %s now", after)
	}
}
