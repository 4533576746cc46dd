package presubmit

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
)

// unguarded are the goroutines that need no recover of their own, with the reason.
var unguarded = map[string]string{
	"api/cli/socket.go: serve":       "it accepts; what serves a connection has a recover",
	"api/server.go: Listener":        "it accepts; each request has a recover",
	"cmd/skybridge/serve.go: Drain":  "it waits, while the process ends",
	"mixer/engine.go: deliverEvents": "each event has a recover",
	"mixer/engine.go: Run":           "each room and each port has a recover in every tick",
	"mixer/engine.go: run":           "the balancer compares counters and posts commands",

	"sip/qualify/qualify.go: Do":           "each round of the scheduler has a recover",
	"sip/registrar/registrar.go: maintain": "each round has a recover",
	"sip/internal/errand/errand.go: close": "it waits for the handlers at the end",
	"sip/trunk/trunk.go: run":              "each try has a recover",
}

// spared are the folders that the rule is not for: those that only tests use, what lies
// below the calls.
var spared = []string{
	"e2e", "internal", "media/mediatest", "sip/siptest", "signaling/dialplan/dialplantest", "signaling/signaltest",
}

// bare are the goroutines of a package with which a panic would end the process. What a
// goroutine runs begins with defers, one of which recovers.
func bare(pkg []*file) (found []string) {
	pkg = slices.DeleteFunc(slices.Clone(pkg), func(f *file) bool {
		return f.test || slices.ContainsFunc(spared, func(h string) bool { return in(f.dir, h) })
	})
	bodies := make(map[string][]*ast.BlockStmt) // of functions and methods, by name
	for _, f := range pkg {
		for _, d := range f.tree.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
				bodies[fn.Name.Name] = append(bodies[fn.Name.Name], fn.Body)
			}
		}
	}
	for _, f := range pkg {
		ast.Inspect(f.tree, func(n ast.Node) bool {
			fn := begun(n)
			if fn == nil || guarded(fn, bodies) {
				return true
			}
			at := f.at(n)
			if _, listed := unguarded[at.Filename+": "+work(fn)]; !listed {
				found = append(found, fmt.Sprintf(
					"%s: a panic in this goroutine would end the process: let what it runs begin with defer guard.Recover", at))
			}
			return true
		})
	}
	return found
}

// begun is the function that a go statement, or the Go of a group, runs; else nil.
func begun(n ast.Node) ast.Expr {
	switch n := n.(type) {
	case *ast.GoStmt:
		return n.Call.Fun
	case *ast.CallExpr:
		if sel, ok := n.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Go" && len(n.Args) == 1 {
			return n.Args[0]
		}
	}
	return nil
}

// guarded tells whether a function of this package, or every one that could be meant,
// recovers.
func guarded(fn ast.Expr, bodies map[string][]*ast.BlockStmt) bool {
	if lit, ok := fn.(*ast.FuncLit); ok {
		return recovers(lit.Body, bodies)
	}
	meant := bodies[name(fn)]
	return len(meant) > 0 && !slices.ContainsFunc(meant, func(b *ast.BlockStmt) bool { return !recovers(b, bodies) })
}

// recovers tells whether one of the defers that a body begins with recovers, or all that
// follows them is work given to a guard.
func recovers(body *ast.BlockStmt, bodies map[string][]*ast.BlockStmt) bool {
	for i, s := range body.List {
		d, ok := s.(*ast.DeferStmt)
		if !ok && i == len(body.List)-1 && givesToGuard(s) {
			return true
		}
		if !ok {
			return false
		}
		switch fn := d.Call.Fun.(type) {
		case *ast.FuncLit:
			if callsRecover(fn.Body) {
				return true
			}
		default:
			if selects(fn, "guard", "Recover") || slices.ContainsFunc(bodies[name(fn)], callsRecover) {
				return true
			}
		}
	}
	return false
}

// givesToGuard tells whether a statement is a call of guard.Do, or of the method named
// guard or Guard that a type has for it.
func givesToGuard(s ast.Stmt) bool {
	x, ok := s.(*ast.ExprStmt)
	if !ok {
		return false
	}
	call, ok := x.X.(*ast.CallExpr)
	return ok && (selects(call.Fun, "guard", "Do") || strings.EqualFold(name(call.Fun), "guard"))
}

func callsRecover(body *ast.BlockStmt) (found bool) {
	ast.Inspect(body, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && name(call.Fun) == "recover" {
			found = true
		}
		_, inner := n.(*ast.FuncLit) // its recover would not be the deferred function's own
		return !found && !inner
	})
	return found
}

// name is the last name of x or a.b.x.
func name(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

func selects(e ast.Expr, pkg, what string) bool {
	sel, ok := e.(*ast.SelectorExpr)
	return ok && name(sel.X) == pkg && sel.Sel.Name == what
}

// work names what a goroutine runs: the function, or the last one that a literal calls.
func work(fn ast.Expr) (last string) {
	lit, ok := fn.(*ast.FuncLit)
	if !ok {
		return name(fn)
	}
	ast.Inspect(lit.Body, func(n ast.Node) bool {
		if call, is := n.(*ast.CallExpr); is {
			last = name(call.Fun)
		}
		return true
	})
	return last
}
