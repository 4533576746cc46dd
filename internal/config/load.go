package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/knadh/koanf/maps"
	"github.com/knadh/koanf/v2"
)

// Error is a setting that cannot be used. It makes the process end with 78.
type Error struct {
	File string // "" for a flag or the environment
	Line int    // 0 when unknown
	Name string // the flag or the variable, where that is known
	Err  error
}

// Error is "file:line: what" or "flag: what".
func (e *Error) Error() string {
	switch {
	case e.File != "":
		return fmt.Sprintf("%s: %v", place(e.File, e.Line), e.Err)
	case e.Name != "":
		return fmt.Sprintf("%s: %v", e.Name, e.Err)
	default:
		return e.Err.Error()
	}
}

func place(file string, line int) string {
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// Unwrap gives what is wrong.
func (e *Error) Unwrap() error { return e.Err }

const maxFile = 1 << 20

// Flag is one setting of the command line.
type Flag struct {
	Key   string // dotted
	Value string
	Name  string // as the user wrote it, for errors: "--set sip.listen"
}

// Load reads the settings: file (may be ""), the environment (as from
// os.Environ) and flags, the later of which count more. A relative data_dir is made
// absolute. Errors are, or wrap, *Error.
func Load(file string, environ []string, flags []Flag) (Config, error) {
	k := koanf.New(".")
	if err := k.Load(layer(toMap(Default())), nil); err != nil {
		return Config{}, fmt.Errorf("defaults: %w", err)
	}
	origins := make(map[string]Origin)
	if file != "" {
		m, from, err := readFile(file)
		if err != nil {
			return Config{}, err
		}
		if err := k.Load(layer(m), nil); err != nil {
			return Config{}, &Error{File: file, Err: err}
		}
		origins = from
	}
	env, err := fromEnviron(environ)
	if err != nil {
		return Config{}, err
	}
	values, errs := make(map[string]any), []error(nil)
	kinds := kinds()
	for _, f := range slices.Concat(env, flags) {
		from := Origin{Name: f.Name}
		v, err := parse(kinds, f.Key, f.Value)
		if err != nil {
			errs = append(errs, from.wrong(err))
			continue
		}
		values[f.Key], origins[f.Key] = v, from
	}
	if err := errors.Join(errs...); err != nil {
		return Config{}, err
	}
	if err := k.Load(layer(maps.Unflatten(values, ".")), nil); err != nil {
		return Config{}, &Error{Err: err}
	}
	c := Config{origins: origins}
	if err := k.Unmarshal("", &c); err != nil {
		return Config{}, &Error{File: file, Err: err}
	}
	c.SNMP.settle(origins)
	if err := c.Validate(); err != nil {
		return Config{}, err
	}
	if c.DataDir, err = filepath.Abs(c.DataDir); err != nil {
		return Config{}, c.Origin("data_dir").wrong(err)
	}
	return c, nil
}

// readFile gives the settings of a file, nested, and where each stands in it.
func readFile(file string) (map[string]any, map[string]Origin, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, nil, &Error{File: file, Err: errors.Unwrap(err)}
	}
	if info.Size() > maxFile {
		return nil, nil, &Error{File: file, Err: fmt.Errorf("%d bytes, at most %d", info.Size(), maxFile)}
	}
	text, err := os.ReadFile(file) //nolint:gosec // the operator names it
	if err != nil {
		return nil, nil, &Error{File: file, Err: errors.Unwrap(err)}
	}
	// Once into the struct, strictly, for unknown keys and wrong types with
	// their line; once into a map, for the layers.
	var strict Config
	if err := yaml.UnmarshalWithOptions(text, &strict, yaml.Strict()); err != nil {
		var syntax yaml.Error
		if errors.As(err, &syntax) && syntax.GetToken() != nil {
			return nil, nil, &Error{File: file, Line: syntax.GetToken().Position.Line, Err: errors.New(syntax.GetMessage())}
		}
		return nil, nil, &Error{File: file, Err: err}
	}
	m := make(map[string]any)
	if err := yaml.Unmarshal(text, &m); err != nil {
		return nil, nil, &Error{File: file, Err: err}
	}
	dropEmpty(m)
	return m, originsOf(file, text, m), nil
}

// dropEmpty removes keys without a value, as a block is whose lines are all
// comments: they set nothing.
func dropEmpty(m map[string]any) {
	for key, v := range m {
		switch v := v.(type) {
		case nil:
			delete(m, key)
		case map[string]any:
			dropEmpty(v)
		}
	}
}

const envPrefix = "SKYBRIDGE_"

// fromEnviron turns SKYBRIDGE_SIP__LISTEN into sip.listen. A variable without
// the double underscore counts when it names a top-level key.
func fromEnviron(environ []string) ([]Flag, error) {
	var out []Flag
	kinds := kinds()
	for _, kv := range environ {
		name, value, ok := strings.Cut(kv, "=")
		if !ok || !strings.HasPrefix(name, envPrefix) {
			continue
		}
		key := strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, envPrefix)), "__", ".")
		if _, known := kinds[key]; !known {
			if strings.Contains(key, ".") {
				return nil, &Error{Name: name, Err: fmt.Errorf("no setting %q", key)}
			}
			continue // SKYBRIDGE_ANYTHING may belong to a script
		}
		out = append(out, Flag{Key: key, Value: value, Name: name})
	}
	return out, nil
}

// parse turns the text of a flag or a variable into the key's type.
func parse(kinds map[string]reflect.Type, key, value string) (v any, err error) {
	t, ok := kinds[key]
	switch {
	case !ok:
		return nil, fmt.Errorf("no setting %q", key)
	case t == reflect.TypeFor[time.Duration]():
		v, err = time.ParseDuration(value)
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.String:
		return nil, fmt.Errorf("%s can be set in a file alone", key)
	case t.Kind() == reflect.Slice:
		v = listOf(value)
	case t.Kind() == reflect.Bool:
		v, err = strconv.ParseBool(value)
	case t.Kind() == reflect.Int:
		v, err = strconv.Atoi(value)
	default:
		v = value
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %q is no %s", key, value, map[reflect.Kind]string{
			reflect.Bool: "true or false", reflect.Int: "number", reflect.Int64: "duration (500ms, 30s, 5m)",
		}[t.Kind()])
	}
	return v, nil
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

// kinds lists every dotted key with the type of its value.
func kinds() map[string]reflect.Type {
	out := make(map[string]reflect.Type)
	walk(reflect.ValueOf(Default()), "", func(key string, v reflect.Value) { out[key] = v.Type() })
	return out
}

func toMap(c Config) map[string]any {
	flat := make(map[string]any)
	walk(reflect.ValueOf(c), "", func(key string, v reflect.Value) { flat[key] = v.Interface() })
	return maps.Unflatten(flat, ".")
}

func walk(v reflect.Value, prefix string, visit func(string, reflect.Value)) {
	for i := range v.NumField() {
		if !v.Type().Field(i).IsExported() {
			continue
		}
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
