package contract

import (
	"fmt"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"
)

// Valid holds a JSON value against a schema, as far as huma writes JSON Schema; at is where it
// stands. A time must be in UTC.
func (d *Document) Valid(s map[string]any, v any, at string) error {
	s = d.resolve(s)
	if types := texts(s["type"]); len(types) > 0 && !slices.Contains(types, typeOf(v)) &&
		(typeOf(v) != "integer" || !slices.Contains(types, "number")) {
		return fmt.Errorf("%s is %s, want %v", at, typeOf(v), types)
	}
	if enum := array(s["enum"]); enum != nil && v != nil && !slices.Contains(enum, v) {
		return fmt.Errorf("%s is %v, none of %v", at, v, enum)
	}
	switch v := v.(type) {
	case string:
		return validText(s, v, at)
	case float64:
		return within(s, v, "minimum", "maximum", at)
	case map[string]any:
		return d.validObject(s, v, at)
	case []any:
		if err := within(s, float64(len(v)), "minItems", "maxItems", at+"'s length"); err != nil {
			return err
		}
		for i, item := range v {
			if err := d.Valid(object(s["items"]), item, fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
	}
	return nil
}

func validText(s map[string]any, v, at string) error {
	if pattern, ok := s["pattern"].(string); ok && !regexp.MustCompile(pattern).MatchString(v) {
		return fmt.Errorf("%s is %q, not %s", at, v, pattern)
	}
	if s["format"] == "date-time" {
		when, err := time.Parse(time.RFC3339Nano, v)
		if err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		if when.Location() != time.UTC {
			return fmt.Errorf("%s is %s, not in UTC", at, v)
		}
	}
	return within(s, float64(utf8.RuneCountInString(v)), "minLength", "maxLength", at+"'s length")
}

func within(s map[string]any, v float64, least, most, at string) error {
	if n, ok := s[least].(float64); ok && v < n {
		return fmt.Errorf("%s is %v, less than %v", at, v, n)
	}
	if n, ok := s[most].(float64); ok && v > n {
		return fmt.Errorf("%s is %v, more than %v", at, v, n)
	}
	return nil
}

func (d *Document) validObject(s, v map[string]any, at string) error {
	properties := object(s["properties"])
	for _, name := range texts(s["required"]) {
		if _, ok := v[name]; !ok {
			return fmt.Errorf("%s lacks %s", at, name)
		}
	}
	for name, value := range v {
		property, known := properties[name]
		if !known {
			if s["additionalProperties"] == false {
				return fmt.Errorf("%s.%s is not in the document", at, name)
			}
			property = s["additionalProperties"]
		}
		if err := d.Valid(object(property), value, at+"."+name); err != nil {
			return err
		}
	}
	return nil
}

// typeOf is the JSON type of a value that encoding/json has read.
func typeOf(v any) string {
	switch v := v.(type) {
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
	return "null"
}
