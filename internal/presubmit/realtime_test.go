package presubmit

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
	"testing"
)

// realtime are the folders whose code workers of the mixer run in their ticks. A worker
// readies no goroutine and waits for none (mixer/internal/doorbell says why): it sends to no
// channel, closes none, and takes no lock.
var realtime = []string{
	"media/codec", "media/dsp", "media/dtmf", "media/jitter", "media/reception", "media/rtp", "media/srtp", "media/stretch",
	"mixer/internal",
}

// ordinary are the functions of those folders that only ordinary goroutines run, or workers
// at their beginning and end, with the reason.
var ordinary = map[string]string{
	"mixer/internal/doorbell":  "it is how workers wake others",
	"mixer/internal/reports":   "workers only Hand a packet over, which is a ring's Push",
	"media/rtp/ports_linux.go": "sockets are opened and closed by who makes legs",
	"media/srtp/dtls":          "a worker only Takes, into an inbox without a lock",

	"mixer/internal/clip/clip.go: Prepare":   "a clip is prepared before a worker has it",
	"mixer/internal/clip/clip.go: Hold":      "for tests",
	"mixer/internal/inject/source.go: Write": "the writer waits here",
	"mixer/internal/inject/source.go: Drain": "the writer waits here",
	"mixer/internal/ring/packets.go: Next":   "the reader waits here",
	"mixer/internal/ring/queue.go: Run":      "the reader waits here",
	"mixer/internal/tap/line.go: Read":       "the reader waits here",
	"mixer/internal/ring/packets.go: Close":  "the event goroutine closes transports",
	"mixer/internal/worker/worker.go: Run":   "once at the beginning and once at the end",
	"mixer/internal/worker/io.go: OpenIO":    "once at the beginning",
}

// unready are the places of a file where a worker might ready a goroutine or wait for one.
func (f *file) unready(use func(entry string)) (found []string) {
	if f.test || !slices.ContainsFunc(realtime, func(h string) bool { return in(f.dir, h) }) {
		return nil
	}
	name := path.Join(f.dir, path.Base(f.set.Position(f.tree.FileStart).Filename))
	for _, d := range f.tree.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			what := readies(n)
			if what == "" {
				return true
			}
			for _, entry := range []string{f.dir, name, name + ": " + fn.Name.Name} {
				if _, listed := ordinary[entry]; listed {
					use(entry)
					return true
				}
			}
			found = append(found, fmt.Sprintf("%s: %s: a worker of the mixer may run this; wake others by mixer/internal/doorbell", f.at(n), what))
			return true
		})
	}
	return found
}

// readies names what readies a goroutine, or waits for one; "" for anything else.
func readies(n ast.Node) string {
	switch n := n.(type) {
	case *ast.SendStmt:
		return "a send to a channel"
	case *ast.UnaryExpr:
		if n.Op == token.ARROW {
			return "a receive from a channel"
		}
	case *ast.GoStmt:
		return "a go statement"
	case *ast.CallExpr:
		if id, ok := n.Fun.(*ast.Ident); ok && id.Name == "close" {
			return "close of a channel"
		}
		sel, ok := n.Fun.(*ast.SelectorExpr)
		if !ok {
			return ""
		}
		switch sel.Sel.Name {
		case "Lock", "RLock", "Unlock", "RUnlock", "TryLock", "Broadcast", "Signal", "Do", "AfterFunc", "NewTimer", "NewTicker":
			return "a call of " + strings.TrimPrefix(name(sel.X)+".", ".") + sel.Sel.Name
		}
	}
	return ""
}

func TestUnready(t *testing.T) {
	for _, ca := range []struct{ path, body, want string }{
		{"mixer/internal/room/a.go", "c <- 1", "mixer/internal/room/a.go:3: a send"},
		{"mixer/internal/room/a.go", "select {\ncase c <- 1:\ndefault:\n}", "a send"},
		{"mixer/internal/room/a.go", "<-c", "a receive"},
		{"mixer/internal/room/a.go", "defer close(c)", "close of"},
		{"media/rtp/a.go", "x.mu.Lock()", "a call of mu.Lock"},
		{"media/srtp/a.go", "once.Do(g)", "a call of once.Do"},
		{"media/codec/opus/a.go", "func() { time.AfterFunc(d, g) }()", "a call of time.AfterFunc"},
		{"mixer/internal/leg/a.go", "go g()", "a go statement"},
		{"mixer/internal/leg/a.go", "x.n.Add(1); bell.Call(&c); close2(c)", ""},
		{"mixer/internal/leg/a_test.go", "c <- 1", ""},
		{"mixer/a.go", "c <- 1", ""},
		{"media/webrtc/a.go", "c <- 1", ""},
	} {
		f, err := parse(ca.path, []byte("package a\nfunc f() {\n"+ca.body+"\n}"))
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(f.unready(func(string) { t.Errorf("%s: excused", ca.path) }), "\n")
		if ca.want == "" && got != "" || !strings.Contains(got, ca.want) {
			t.Errorf("%s: %s: found %q, want %q", ca.path, ca.body, got, ca.want)
		}
	}
}
