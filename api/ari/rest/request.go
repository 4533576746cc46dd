package rest

import (
	"bytes"
	"encoding/json"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// User is who asks.
type User struct {
	Name     string
	ReadOnly bool
}

// Limits of what comes in.
const (
	// BodyLimit is how large a body may be, bytes.
	BodyLimit = 40960
	// IDLimit is how long the id of a channel, and so of anything else, may be, bytes.
	IDLimit = 149
)

// Request is one request of an operation. Its parameters are found by name, in the path, the query,
// a form or a JSON body, the latter counting first.
type Request struct {
	User   User
	Method string
	// Socket tells that it came over a WebSocket.
	Socket bool
	// Path has the parameters of the path, decoded; Query those of the query and of a form.
	Path  map[string]string
	Query url.Values
	// Body is the JSON object of the body by its fields; nil without.
	Body map[string]json.RawMessage
	// App is the application of the WebSocket that a request came over; empty for others.
	App string
}

// The errors of bodies.
var (
	ErrBody         = Fail(http.StatusBadRequest, "Error parsing request body")
	ErrBodyTooLarge = Fail(http.StatusRequestEntityTooLarge, "Request body too large")
)

// SetBody reads a body by its content type: JSON, or a form. Of other types, and of none, it is
// left aside, as Asterisk does.
func (r *Request) SetBody(contentType string, body []byte) error {
	if len(body) > BodyLimit {
		return ErrBodyTooLarge
	}
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil || len(bytes.TrimSpace(body)) == 0 {
		return nil //nolint:nilerr // a type that is none is of no known type
	}
	switch kind {
	case "application/json":
		if json.Unmarshal(body, &r.Body) == nil {
			return nil
		}
		if json.Valid(body) && bytes.TrimSpace(body)[0] == '[' { // has no parameters
			return nil
		}
		return ErrBody
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return ErrBody
		}
		if r.Query == nil {
			r.Query = form
			return nil
		}
		for name, values := range form {
			r.Query[name] = append(r.Query[name], values...)
		}
	}
	return nil
}

// Has reports whether a parameter was given, be it empty.
func (r *Request) Has(name string) bool {
	_, ok := r.lookup(name)
	return ok
}

// String is a parameter, empty when it is absent.
func (r *Request) String(name string) string {
	v, _ := r.lookup(name)
	return v
}

// lookup is a parameter as text. Of several in a query the last counts.
func (r *Request) lookup(name string) (string, bool) {
	if v, ok := r.Path[name]; ok {
		return v, true
	}
	if raw, ok := r.Body[name]; ok {
		if text, ok := textOf(raw); ok {
			return text, true
		}
	}
	if list := r.Query[name]; len(list) > 0 {
		return list[len(list)-1], true
	}
	return "", false
}

// textOf is a JSON value as text: of a string what it says, of a number or boolean what is written.
func textOf(raw json.RawMessage) (string, bool) {
	switch {
	case len(raw) == 0, raw[0] == '{', raw[0] == '[', string(raw) == "null":
		return "", false
	case raw[0] != '"':
		return string(raw), true
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, true
}

// List is a parameter that may be several: with commas in a query, in JSON also an array.
func (r *Request) List(name string) []string {
	if raw, ok := r.Body[name]; ok && len(raw) > 0 && raw[0] == '[' {
		var items []json.RawMessage
		if json.Unmarshal(raw, &items) != nil {
			return nil
		}
		var out []string
		for _, item := range items {
			if text, ok := textOf(item); ok {
				out = append(out, text)
			}
		}
		return out
	}
	text, ok := r.lookup(name)
	if !ok || text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// Int is a parameter as a number, fallback when it is absent. As C's atoi does it reads the digits
// in front, and 0 where there are none.
func (r *Request) Int(name string, fallback int) int {
	text, ok := r.lookup(name)
	if !ok {
		return fallback
	}
	text = strings.TrimLeft(text, " \t")
	end := 0
	for end < len(text) && (text[end] >= '0' && text[end] <= '9' || end == 0 && (text[0] == '-' || text[0] == '+')) {
		end++
	}
	n, err := strconv.ParseInt(text[:end], 10, 32)
	if err != nil && n == 0 { // else it is the bound that was passed
		return 0
	}
	return int(n)
}

// Bool is a parameter as a yes or no, fallback when it is absent.
func (r *Request) Bool(name string, fallback bool) bool {
	text, ok := r.lookup(name)
	if !ok {
		return fallback
	}
	return IsTrue(text)
}

// IsTrue reports whether a word means yes, in Asterisk's sense.
func IsTrue(word string) bool {
	return slices.Contains([]string{"yes", "true", "y", "t", "1", "on"}, strings.ToLower(word))
}

// Variable is one of a body's variables.
type Variable struct {
	Value        string
	ReportEvents bool
}

// The errors of variables.
var (
	errVariableForm   = Fail(http.StatusBadRequest, "Each value in 'variables' must be a string or an object with 'value' and optional 'report_events'")
	errVariableValue  = Fail(http.StatusBadRequest, "Each object value in 'variables' must include string field 'value'")
	errVariableEvents = Fail(http.StatusBadRequest, "Field 'report_events' in 'variables' entries must be boolean")
)

// Variables are those of the body's "variables", by name; nil where there are none.
func (r *Request) Variables() (map[string]Variable, error) {
	raw, ok := r.Body["variables"]
	if !ok || len(raw) == 0 || raw[0] != '{' {
		return nil, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, ErrBody
	}
	out := make(map[string]Variable, len(fields))
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		v, err := variableOf(fields[name])
		if err != nil {
			return nil, err
		}
		out[name] = v
	}
	return out, nil
}

func variableOf(raw json.RawMessage) (v Variable, err error) {
	if json.Unmarshal(raw, &v.Value) == nil && raw[0] == '"' {
		return v, nil
	}
	if raw[0] != '{' {
		return v, errVariableForm
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return v, errVariableForm
	}
	if value := fields["value"]; len(value) == 0 || value[0] != '"' || json.Unmarshal(value, &v.Value) != nil {
		return v, errVariableValue
	}
	if events, ok := fields["report_events"]; ok && (string(events) == "null" || json.Unmarshal(events, &v.ReportEvents) != nil) {
		return v, errVariableEvents
	}
	return v, nil
}

// Object is a field of the body that is a JSON object, nil where it is none.
func (r *Request) Object(name string) map[string]json.RawMessage {
	var out map[string]json.RawMessage
	if raw, ok := r.Body[name]; ok && len(raw) > 0 && raw[0] == '{' && json.Unmarshal(raw, &out) == nil {
		return out
	}
	return nil
}
