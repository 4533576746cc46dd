package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/knadh/koanf/maps"
	"github.com/knadh/koanf/v2"
)

// Error is a setting that cannot be used. It makes the process end with 78.
type Error struct {
	File string // "" for a flag or the environment
	Line int    // 0 when unknown
	Err  error
}

// Error is "file:line: what".
func (e *Error) Error() string {
	switch {
	case e.File != "" && e.Line > 0:
		return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err)
	case e.File != "":
		return fmt.Sprintf("%s: %v", e.File, e.Err)
	default:
		return e.Err.Error()
	}
}

// Unwrap gives what is wrong.
func (e *Error) Unwrap() error { return e.Err }

const maxFile = 1 << 20

// Load reads the settings: file (may be ""), the environment (as from
// os.Environ) and flags (dotted keys). Errors are of type *Error.
func Load(file string, environ []string, flags map[string]string) (Config, error) {
	k := koanf.New(".")
	if err := k.Load(layer(toMap(Default())), nil); err != nil {
		return Config{}, fmt.Errorf("defaults: %w", err)
	}
	if file != "" {
		m, err := readFile(file)
		if err != nil {
			return Config{}, err
		}
		if err := k.Load(layer(m), nil); err != nil {
			return Config{}, &Error{File: file, Err: err}
		}
	}
	env, err := fromEnviron(environ)
	if err != nil {
		return Config{}, &Error{Err: err}
	}
	for _, values := range []map[string]string{env, flags} {
		m, err := typed(values)
		if err != nil {
			return Config{}, &Error{Err: err}
		}
		if err := k.Load(layer(m), nil); err != nil {
			return Config{}, &Error{Err: err}
		}
	}
	var c Config
	if err := k.Unmarshal("", &c); err != nil {
		return Config{}, &Error{File: file, Err: err}
	}
	if err := c.Validate(); err != nil {
		return Config{}, &Error{File: file, Err: err}
	}
	return c, nil
}

func readFile(file string) (map[string]any, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, &Error{File: file, Err: errors.Unwrap(err)}
	}
	if info.Size() > maxFile {
		return nil, &Error{File: file, Err: fmt.Errorf("%d bytes, at most %d", info.Size(), maxFile)}
	}
	text, err := os.ReadFile(file) //nolint:gosec // the operator names it
	if err != nil {
		return nil, &Error{File: file, Err: err}
	}
	// Once into the struct, strictly, for unknown keys and wrong types with
	// their line; once into a map, for the layers.
	var strict Config
	if err := yaml.UnmarshalWithOptions(text, &strict, yaml.Strict()); err != nil {
		var syntax yaml.Error
		if errors.As(err, &syntax) && syntax.GetToken() != nil {
			return nil, &Error{File: file, Line: syntax.GetToken().Position.Line, Err: errors.New(syntax.GetMessage())}
		}
		return nil, &Error{File: file, Err: err}
	}
	m := make(map[string]any)
	if err := yaml.Unmarshal(text, &m); err != nil {
		return nil, &Error{File: file, Err: err}
	}
	return m, nil
}

const envPrefix = "SKYBRIDGE_"

// fromEnviron turns SKYBRIDGE_SIP__LISTEN into sip.listen. A variable without
// the double underscore counts when it names a top-level key.
func fromEnviron(environ []string) (map[string]string, error) {
	out := make(map[string]string)
	for _, kv := range environ {
		name, value, ok := strings.Cut(kv, "=")
		if !ok || !strings.HasPrefix(name, envPrefix) {
			continue
		}
		key := strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, envPrefix)), "__", ".")
		if _, known := kinds()[key]; !known {
			if strings.Contains(key, ".") {
				return nil, fmt.Errorf("environment %s: no setting %q", name, key)
			}
			continue // SKYBRIDGE_ANYTHING may belong to a script
		}
		out[key] = value
	}
	return out, nil
}

// typed turns the strings of flags and environment into a nested map.
func typed(values map[string]string) (map[string]any, error) {
	flat := make(map[string]any, len(values))
	for key, value := range values {
		kind, ok := kinds()[key]
		switch {
		case !ok:
			return nil, fmt.Errorf("no setting %q", key)
		case kind == reflect.Slice:
			flat[key] = listOf(value)
		default:
			flat[key] = value // koanf's decoder converts weakly
		}
	}
	return maps.Unflatten(flat, "."), nil
}

// listOf reads "a, b" as a list of two, "" as an empty one.
func listOf(value string) []string {
	list := []string{}
	for item := range strings.SplitSeq(value, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}

// kinds lists every dotted key with the kind of its value.
func kinds() map[string]reflect.Kind {
	out := make(map[string]reflect.Kind)
	walk(reflect.ValueOf(Default()), "", func(key string, v reflect.Value) { out[key] = v.Kind() })
	return out
}

func toMap(c Config) map[string]any {
	flat := make(map[string]any)
	walk(reflect.ValueOf(c), "", func(key string, v reflect.Value) { flat[key] = v.Interface() })
	return maps.Unflatten(flat, ".")
}

func walk(v reflect.Value, prefix string, visit func(string, reflect.Value)) {
	for i := range v.NumField() {
		key := prefix + v.Type().Field(i).Tag.Get("koanf")
		if v.Field(i).Kind() == reflect.Struct {
			walk(v.Field(i), key+".", visit)
			continue
		}
		visit(key, v.Field(i))
	}
}

// layer is one source of settings as koanf takes it.
type layer map[string]any

// ReadBytes is not used: a layer has been parsed already.
func (layer) ReadBytes() ([]byte, error) { return nil, errors.New("config: no bytes in a layer") }

// Read gives the layer's values.
func (l layer) Read() (map[string]any, error) { return l, nil }
