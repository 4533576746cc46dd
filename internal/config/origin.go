package config

import (
	stdmaps "maps"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/knadh/koanf/maps"
)

// Origin is where a setting was made. The zero value is the default.
type Origin struct {
	File string // of a setting in a file
	Line int    // in File, 0 when unknown
	Name string // of the flag or of the environment's variable
}

// String is "file:line", or the name of the flag or the variable.
func (o Origin) String() string {
	if o.File == "" {
		return o.Name
	}
	return place(o.File, o.Line)
}

// wrong is an error of the setting made there.
func (o Origin) wrong(err error) *Error {
	return &Error{File: o.File, Line: o.Line, Name: o.Name, Err: err}
}

// Origin is where a key was set; the zero Origin when nobody has.
func (c Config) Origin(key string) Origin { return c.origins[key] }

// IsSet reports whether somebody has set a key, be it to its default.
func (c Config) IsSet(key string) bool {
	_, set := c.origins[key]
	return set
}

// Pin has keys count as set where they are, so that nothing else changes them later.
func (c *Config) Pin(keys ...string) {
	origins := stdmaps.Clone(c.origins)
	if origins == nil {
		origins = make(map[string]Origin, len(keys))
	}
	for _, key := range keys {
		if _, set := origins[key]; !set {
			origins[key] = Origin{Name: "the files at the start"}
		}
	}
	c.origins = origins
}

// originsOf are the keys that a YAML text sets, and their lines. values are what
// has been read of it.
func originsOf(file string, text []byte, values map[string]any) map[string]Origin {
	lines := make(map[string]int)
	if tree, err := parser.ParseBytes(text, 0); err == nil { // values were read of it: it parses
		for _, doc := range tree.Docs {
			keyLines(doc.Body, "", lines)
		}
	}
	out := make(map[string]Origin)
	flat, _ := maps.Flatten(values, nil, ".")
	for key := range flat {
		out[key] = Origin{File: file, Line: lines[key]}
	}
	return out
}

// keyLines notes the line of every key below node.
func keyLines(node ast.Node, prefix string, lines map[string]int) {
	switch n := node.(type) {
	case *ast.MappingNode:
		for _, v := range n.Values {
			keyLines(v, prefix, lines)
		}
	case *ast.MappingValueNode:
		key := prefix + n.Key.GetToken().Value
		lines[key] = n.Key.GetToken().Position.Line
		keyLines(n.Value, key+".", lines)
	case *ast.AnchorNode:
		keyLines(n.Value, prefix, lines)
	}
}
