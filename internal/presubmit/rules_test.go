package presubmit

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strings"
)

const module = "github.com/skygenesisenterprise/skybridge"

// below says what each part may import of the project, besides itself.
var below = map[string][]string{
	"cmd":       {"bench", "api", "signaling", "mixer", "sip", "media", "internal", "web"},
	"bench":     {"sip", "media", "internal"},
	"api":       {"signaling", "mixer", "sip", "media", "internal", "web"},
	"signaling": {"mixer", "sip", "media", "internal"},
	"mixer":     {"media", "internal"},
	"sip":       {"internal"},
	"media":     {"internal"},
	"internal":  {},
	"web":       {},
	"e2e":       {"cmd", "bench", "api", "signaling", "mixer", "sip", "media", "internal", "web"},
}

// only says where the packages under a path may be imported.
var only = map[string][]string{
	module + "/sip":            {"sip", "signaling/tech", "api", "bench", "cmd", "e2e"},
	module + "/media/webrtc":   {"media/webrtc", "signaling/tech", "api", "cmd", "e2e"},
	"github.com/emiago/sipgo":  {}, // a peer of tests; see docs/adr/0004
	"github.com/gofiber":       {"api", "e2e"},
	"github.com/prometheus":    {"api/metrics", "e2e"},
	"github.com/pion":          {"media/rtp", "media/srtp", "media/webrtc", "bench/webrtc", "e2e"}, // the benchmark's browsers are another's work than what they measure
	"github.com/chromedp":      {"e2e"},
	"go.uber.org/goleak":       {},
	"testing":                  {"e2e", "internal/certs/certtest", "internal/golden", "media/mediatest", "sip/siptest", "signaling/dialplan/dialplantest"},
	"github.com/google/go-cmp": {"internal/golden"},
	"pgregory.net/rapid":       {},
}

// vague are package names that say nothing.
var vague = []string{"util", "utils", "common", "helper", "helpers", "types", "manager"}

// place is a position in the repository, to be printed as file:line.
type place = token.Position

// file is one Go file of the repository.
type file struct {
	dir  string // slash-separated, from the repository's root
	test bool
	set  *token.FileSet
	tree *ast.File
}

func parse(name string, src []byte) (*file, error) {
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, name, src, parser.ParseComments|parser.SkipObjectResolution)
	return &file{path.Dir(name), strings.HasSuffix(name, "_test.go"), set, tree}, err
}

// breaches are the rules that the file breaks, with their places.
func (f *file) breaches() (found []string) {
	say := func(n ast.Node, format string, args ...any) {
		found = append(found, fmt.Sprintf("%s: %s", f.at(n), fmt.Sprintf(format, args...)))
	}
	if name := f.tree.Name.Name; slices.Contains(vague, strings.TrimSuffix(name, "_test")) {
		say(f.tree.Name, "package %s: the name must say what the package does", name)
	}
	if !f.test {
		f.imports(say)
	}
	virtual := slices.ContainsFunc(f.tree.Imports, func(i *ast.ImportSpec) bool {
		return i.Path.Value == `"testing/synctest"`
	})
	for _, d := range f.tree.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if ok && fn.Recv == nil && fn.Name.Name == "init" && !f.test {
			say(fn, "func init: say it in an explicit list in cmd")
		}
		ast.Inspect(d, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				if !f.test && !f.owned(n) {
					say(n, "go: a comment '// owned by …' on the line or above it must name who ends the goroutine")
				}
			case *ast.SelectorExpr:
				pkg, ok := n.X.(*ast.Ident)
				switch {
				case !ok:
				case f.test && pkg.Name == "time" && n.Sel.Name == "Sleep" && !virtual:
					say(n, "time.Sleep in a test: wait for the event, or use synctest")
				case !f.test && pkg.Name == "slog" && global(n.Sel.Name) && !in(f.dir, "cmd"):
					say(n, "slog.%s: take the logger as a parameter", n.Sel.Name)
				}
			}
			return true
		})
	}
	return found
}

// imports says which imports point up or sideways.
func (f *file) imports(say func(ast.Node, string, ...any)) {
	part, _, _ := strings.Cut(f.dir, "/")
	allowed, known := below[part]
	if !known {
		say(f.tree.Name, "folder %s has no place in the layers", part)
	}
	for _, i := range f.tree.Imports {
		what := strings.Trim(i.Path.Value, `"`)
		if own, ok := strings.CutPrefix(what, module+"/"); ok {
			other, _, _ := strings.Cut(own, "/")
			if other != part && !slices.Contains(allowed, other) {
				say(i, "%s may not import %s: imports go down only", part, own)
			}
		}
		for prefix, where := range only {
			if in(what, prefix) && !slices.ContainsFunc(where, func(w string) bool { return in(f.dir, w) }) {
				say(i, "import of %s: only in %s", what, strings.Join(where, ", "))
			}
		}
	}
}

// owned tells whether a comment names the goroutine's owner.
func (f *file) owned(n *ast.GoStmt) bool {
	line := f.at(n).Line
	return slices.ContainsFunc(f.tree.Comments, func(c *ast.CommentGroup) bool {
		from, to := f.set.Position(c.Pos()).Line, f.set.Position(c.End()).Line
		return from <= line && line <= to+1 && strings.Contains(strings.ToLower(c.Text()), "owned by ")
	})
}

// spawns is where the package's own code first says go.
func (f *file) spawns() (at place, ok bool) {
	ast.Inspect(f.tree, func(n ast.Node) bool {
		if g, is := n.(*ast.GoStmt); is && !ok && !f.test {
			at, ok = f.at(g), true
		}
		return !ok
	})
	return at, ok
}

func (f *file) at(n ast.Node) place {
	at := f.set.Position(n.Pos())
	at.Column = 0 // file:line
	return at
}

// global tells whether a function of slog logs to, or changes, the one logger of
// the whole program.
func global(name string) bool {
	return slices.Contains([]string{
		"Default", "SetDefault", "With", "Log", "LogAttrs",
		"Debug", "DebugContext", "Info", "InfoContext", "Warn", "WarnContext", "Error", "ErrorContext",
	}, name)
}

// in tells whether the slash-separated path is under, or is, the folder.
func in(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}
