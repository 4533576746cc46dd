// Package contract holds a server to the document of its API (OpenAPI 3.1): it finds the operation
// of a request, checks answers against its schemas, and makes the bad input that the schemas
// exclude. The tests of the whole server use it.
//
// It starts no goroutine.
package contract

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Document is an OpenAPI document.
type Document struct {
	root       map[string]any
	Operations []*Operation // by method and path
}

// Operation is one operation of a document.
type Operation struct {
	ID, Method, Path string
	Parameters       []Parameter
	// Roles, Scopes and Owner are x-roles, x-scopes and x-owner.
	Roles, Scopes []string
	Owner         string
	// Public needs nobody to be known.
	Public bool

	doc     *Document
	op      map[string]any
	pattern *regexp.Regexp
}

// Parameter is one of an operation's.
type Parameter struct {
	Name, In string
	Schema   map[string]any
}

var inPath = regexp.MustCompile(`\\\{[a-z]+\\\}`)

// Read reads a document.
func Read(text []byte) (*Document, error) {
	d := &Document{}
	if err := json.Unmarshal(text, &d.root); err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	for path, item := range object(d.root["paths"]) {
		for method, op := range object(item) {
			o := &Operation{Method: strings.ToUpper(method), Path: path, doc: d, op: object(op)}
			o.ID, _ = o.op["operationId"].(string)
			o.Owner, _ = o.op["x-owner"].(string)
			o.Roles, o.Scopes = texts(o.op["x-roles"]), texts(o.op["x-scopes"])
			_, secured := o.op["security"]
			o.Public = !secured || len(array(o.op["security"])) == 0
			o.pattern = regexp.MustCompile("^" + inPath.ReplaceAllString(regexp.QuoteMeta(path), `[^/]+`) + "$")
			for _, p := range array(o.op["parameters"]) {
				p := object(p)
				name, _ := p["name"].(string)
				in, _ := p["in"].(string)
				o.Parameters = append(o.Parameters, Parameter{name, in, d.resolve(object(p["schema"]))})
			}
			if o.ID == "" {
				return nil, fmt.Errorf("contract: %s %s has no operationId", o.Method, path)
			}
			d.Operations = append(d.Operations, o)
		}
	}
	slices.SortFunc(d.Operations, func(a, b *Operation) int { return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method) })
	return d, nil
}

// Find gives the operation of a request, or nil. A path without variables comes before one with.
func (d *Document) Find(method, path string) *Operation {
	path, _, _ = strings.Cut(path, "?")
	var found *Operation
	for _, o := range d.Operations {
		if o.Method == method && o.pattern.MatchString(path) && (found == nil || !strings.Contains(o.Path, "{")) {
			found = o
		}
	}
	return found
}

// Body is the schema of the request's body; nil for none. It is optional where needed is false.
func (o *Operation) Body() (schema map[string]any, needed bool) {
	body := object(o.op["requestBody"])
	needed, _ = body["required"].(bool)
	return o.doc.resolve(object(object(object(body["content"])["application/json"])["schema"])), needed
}

// Check says how an answer is not as the document has it.
func (o *Operation) Check(status int, contentType string, body []byte) error {
	responses := object(o.op["responses"])
	response, ok := responses[strconv.Itoa(status)]
	if !ok && status >= 400 {
		response, ok = responses["default"]
	}
	if !ok {
		return fmt.Errorf("the document has no status %d", status)
	}
	content := object(object(response)["content"])
	if len(content) == 0 {
		if len(body) > 0 {
			return fmt.Errorf("a body that the document has not: %s", body)
		}
		return nil
	}
	kind, ok := content[contentType]
	base, _, err := mime.ParseMediaType(contentType)
	if !ok && err == nil {
		kind, ok = content[base]
	}
	if !ok {
		return fmt.Errorf("the content type %q is not in the document", contentType)
	}
	if base != "application/json" && base != "application/problem+json" {
		return nil
	}
	if o.Method == http.MethodHead { // what there would be of it is left out
		return nil
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return err
	}
	if err := o.doc.Valid(object(object(kind)["schema"]), v, "body"); err != nil {
		return fmt.Errorf("%w in %s", err, body)
	}
	return nil
}

func (d *Document) resolve(s map[string]any) map[string]any {
	ref, ok := s["$ref"].(string)
	if !ok {
		return s
	}
	return object(object(object(d.root["components"])["schemas"])[strings.TrimPrefix(ref, "#/components/schemas/")])
}

func object(v any) map[string]any { m, _ := v.(map[string]any); return m }

func array(v any) []any { a, _ := v.([]any); return a }

// texts are those of a text, or of an array of them.
func texts(v any) (out []string) {
	if s, ok := v.(string); ok {
		return []string{s}
	}
	for _, item := range array(v) {
		s, _ := item.(string)
		out = append(out, s)
	}
	return out
}
