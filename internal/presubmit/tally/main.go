// Command tally runs a command that prints what `go test -json` does, and prints that for
// people: what failed with its output, what was skipped and why, a line per package, and a
// last line that counts the tests. It ends with 1 if the command or a test has failed.
//
// Up to three failed tests are tried a second time, alone, and named as unsteady if they
// pass then (docs/adr/0012-a-second-try.md). What a race detector, a panic, a goroutine left
// behind or a time-out has ended is not, nor is a package that does not build.
//
//	tally scripts/test.sh -race -- ./...
package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
)

// event is one line of go test -json, see `go doc test2json`.
type event struct {
	Action      string
	Package     string
	ImportPath  string
	Test        string
	Output      string
	Elapsed     float64
	FailedBuild string
}

// tally counts tests without children: a parent is its children's sum, and
// counts only when it failed and none of them did.
type tally struct {
	out                     io.Writer
	passed, failed, skipped int
	output                  map[string][]string // by package and test, until its end
	parent                  map[string]bool     // tests that have children
	failedBelow             map[string]bool     // tests and packages with a failed test inside
	broken                  map[string]*broken  // by package, of those that failed
}

func newTally(out io.Writer) *tally {
	return &tally{
		out:         out,
		output:      map[string][]string{},
		parent:      map[string]bool{},
		failedBelow: map[string]bool{},
		broken:      map[string]*broken{},
	}
}

func main() {
	command := os.Args[1:]
	if len(command) == 0 {
		fmt.Fprintln(os.Stderr, "usage: tally COMMAND [FLAG...] -- [PACKAGE...]")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ok, err := all(ctx, os.Stdout, command)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "tally:", err)
	}
	if !ok || err != nil {
		os.Exit(1)
	}
}

// all runs the command, and what failed a second time; it reports whether all is well.
func all(ctx context.Context, out io.Writer, command []string) (bool, error) {
	t := newTally(out)
	code, err := t.run(ctx, command)
	if err != nil {
		return false, err
	}
	if code != testsFailed || !t.secondTry(ctx, command) {
		fmt.Fprintf(out, "%d passed, %d failed, %d skipped\n", t.passed, t.failed, t.skipped)
		return code == 0, nil
	}
	fmt.Fprintf(out, "%d passed, %d more when tried again, 0 failed, %d skipped\n", t.passed, t.failed, t.skipped)
	return true, nil
}

// testsFailed is the exit code of go test, and of the command, where nothing else is wrong.
const testsFailed = 1

// run counts what a command says, and gives its exit code.
func (t *tally) run(ctx context.Context, command []string) (code int, err error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...) //nolint:gosec // what the caller asks for
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stderr = os.Stderr
	said, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	unread := t.read(said)
	if unread != nil {
		_, _ = io.Copy(io.Discard, said) // else it could not end
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		return exit.ExitCode(), unread
	}
	return 0, cmp.Or(unread, err)
}

func (t *tally) read(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Fprintln(t.out, lines.Text()) // not an event: a tool's own words
			continue
		}
		t.take(e)
	}
	return lines.Err()
}

func (t *tally) take(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		fmt.Fprint(t.out, e.Output)
	case "run":
		if up := above(key); up != "" {
			t.parent[up] = true
		}
	case "output":
		if e.Test == "" && (strings.HasPrefix(e.Output, "ok ") || strings.HasPrefix(e.Output, "ok\t") ||
			strings.HasPrefix(e.Output, "FAIL\t") || strings.HasPrefix(e.Output, "?")) {
			fmt.Fprint(t.out, e.Output)
			return
		}
		t.output[key] = append(t.output[key], e.Output)
	case "pass", "fail", "skip":
		t.end(key, e)
		delete(t.output, key)
	}
}

func (t *tally) end(key string, e event) {
	whole := e.Test == "" // the package's own end
	switch e.Action {
	case "pass":
		if !whole && !t.parent[key] {
			t.passed++
		}
	case "skip":
		if !whole && !t.parent[key] {
			t.skipped++
			fmt.Fprintf(t.out, "skipped: %s: %s\n", e.Test, reason(t.output[key]))
		}
	case "fail":
		said := strings.Join(t.output[key], "")
		fmt.Fprint(t.out, said)
		if !t.failedBelow[key] {
			t.failed++
		}
		for up := above(key); up != ""; up = above(up) {
			t.failedBelow[up] = true
		}
		b := t.brokenIn(e.Package)
		b.final = b.final || final.MatchString(said)
		if !whole && !strings.Contains(e.Test, "/") {
			b.tests = append(b.tests, e.Test)
		}
	}
}

// above is the key of the test that contains the test, or of the package that
// contains it, or "" for a package.
func above(key string) string {
	pkg, test, _ := strings.Cut(key, " ")
	if test == "" {
		return ""
	}
	i := strings.LastIndexByte(test, '/')
	if i < 0 {
		return pkg + " "
	}
	return pkg + " " + test[:i]
}

// reason is the last line that a skipped test logged, without its place.
func reason(output []string) string {
	for i := len(output) - 1; i >= 0; i-- {
		line := strings.TrimSpace(output[i])
		if line == "" || strings.HasPrefix(line, "---") || strings.HasPrefix(line, "===") {
			continue
		}
		if _, text, ok := strings.Cut(line, ".go:"); ok {
			_, line, _ = strings.Cut(text, ": ")
		}
		return line
	}
	return "no reason given"
}
