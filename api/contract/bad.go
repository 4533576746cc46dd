package contract

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Fault is input that an operation has to refuse: with a status, and where the wrong stands.
type Fault struct {
	What   string
	Body   any    // of a body
	Query  string // "limit=0"
	Header string // of a header: its value
	Status int
	At     string
}

// BadBodies are bodies that are wrong in one place each, made of one that is right: each member
// that the schema knows missing, of another type, null, too small, too large, too short, too long,
// out of its pattern or its values, and members that it does not know.
func (o *Operation) BadBodies(right any) []Fault {
	schema, _ := o.Body()
	if schema == nil {
		return nil
	}
	b := bad{doc: o.doc}
	b.value(schema, right, "body", func(v any) any { return v })
	return b.faults
}

// BadParameters are values of the query's and headers' parameters that are wrong.
func (o *Operation) BadParameters() (out []Fault) {
	for _, p := range o.Parameters {
		if p.In == "path" {
			continue
		}
		b := bad{doc: o.doc, text: true}
		b.value(p.Schema, nil, p.In+"."+p.Name, func(v any) any { return v })
		for _, f := range b.faults {
			value, _ := f.Body.(string)
			f.Body = nil
			if p.In == "query" {
				f.Query = p.Name + "=" + value
			} else {
				f.Header = value
			}
			out = append(out, f)
		}
	}
	return out
}

type bad struct {
	doc    *Document
	text   bool // of parameters, which are written as text
	faults []Fault
}

func (b *bad) add(what, at string, status int, body any) {
	if b.text {
		if _, ok := body.(string); !ok {
			body = fmt.Sprint(body)
		}
	}
	b.faults = append(b.faults, Fault{What: at + " " + what, Body: clone(body), Status: status, At: at})
}

// value adds what can be wrong with a value that is right; put makes the whole of it.
func (b *bad) value(s map[string]any, right any, at string, put func(any) any) {
	s = b.doc.resolve(s)
	types := texts(s["type"])
	const invalid = http.StatusUnprocessableEntity
	if len(types) > 0 && (!b.text || !slices.Contains(types, "string")) && !slices.Contains(types, "array") {
		wrong := any("no such type")
		if slices.Contains(types, "string") {
			wrong = []any{1.0}
		}
		b.add("of another type", at, invalid, put(wrong))
	}
	if slices.Contains(types, "array") && !b.text {
		b.add("of another type", at, invalid, put("no such type"))
	}
	if enum := array(s["enum"]); enum != nil {
		b.add("of no value that there is", at, invalid, put("no such value"))
	}
	if s["format"] == "date-time" {
		b.add("that is no time", at, invalid, put("yesterday"))
	}
	if n, ok := s["minimum"].(float64); ok {
		b.add("too small", at, invalid, put(n-1))
	}
	if n, ok := s["maximum"].(float64); ok {
		b.add("too large", at, invalid, put(n+1))
	}
	b.lengths(s, right, at, put)
	for i, item := range array(right) {
		b.value(object(s["items"]), item, fmt.Sprintf("%s[%d]", at, i), func(v any) any {
			list := slices.Clone(array(right))
			list[i] = v
			return put(list)
		})
	}
	if slices.Contains(types, "object") {
		b.members(s, object(right), at, put)
	}
}

func (b *bad) lengths(s map[string]any, right any, at string, put func(any) any) {
	const invalid, long = http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge
	fits := func(string) bool { return true }
	if pattern, ok := s["pattern"].(string); ok {
		fits = regexp.MustCompile(pattern).MatchString
		if wrong := "\x7f!?"; !fits(wrong) {
			b.add("out of its pattern", at, invalid, put(wrong))
		}
	}
	if n, ok := s["minLength"].(float64); ok && n > 0 {
		b.add("too short", at, invalid, put(strings.Repeat("1", int(n)-1)))
	}
	if n, ok := s["maxLength"].(float64); ok {
		status := long
		if !fits(strings.Repeat("1", int(n)+1)) {
			status = invalid
		}
		b.add("too long", at, status, put(strings.Repeat("1", int(n)+1)))
	}
	if n, ok := s["minItems"].(float64); ok && n > 0 {
		b.add("of too few", at, invalid, put(array(right)[:int(n)-1]))
	}
	if n, ok := s["maxItems"].(float64); ok && len(array(right)) > 0 {
		b.add("of too many", at, long, put(slices.Repeat(array(right)[:1], int(n)+1)))
	}
}

// members adds what can be wrong with the members of an object. null stands for a member that is
// left out where one may be.
func (b *bad) members(s, right map[string]any, at string, put func(any) any) {
	const invalid = http.StatusUnprocessableEntity
	with := func(name string, v any) map[string]any {
		m := maps.Clone(right)
		if m == nil {
			m = make(map[string]any)
		}
		m[name] = v
		return m
	}
	properties := object(s["properties"])
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		where := at + "." + name
		if slices.Contains(texts(s["required"]), name) {
			without := with(name, nil)
			delete(without, name)
			b.add("missing", where, invalid, put(without))
			if types := texts(b.doc.resolve(object(properties[name]))["type"]); len(types) > 0 && !slices.Contains(types, "null") {
				b.add("null", where, invalid, put(with(name, nil)))
			}
		}
		b.value(object(properties[name]), right[name], where, func(v any) any { return put(with(name, v)) })
	}
	if s["additionalProperties"] == false {
		b.add("unknown", at+".no_such_member", invalid, put(with("no_such_member", 1.0)))
	}
}

// clone is a copy of a JSON value that shares nothing with it.
func clone(v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // it was JSON
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		panic(err)
	}
	return out
}
