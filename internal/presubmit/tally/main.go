// Command tally reads the output of `go test -json` and prints it for people:
// what failed with its output, what was skipped and why, a line per package, and
// a last line that counts the tests. It says nothing about how the run ended:
// go test's own exit code does.
//
//	go test -json ./... | tally
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
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
}

func newTally(out io.Writer) *tally {
	return &tally{
		out:         out,
		output:      map[string][]string{},
		parent:      map[string]bool{},
		failedBelow: map[string]bool{},
	}
}

func main() {
	t := newTally(os.Stdout)
	if err := t.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "tally:", err)
		os.Exit(1)
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", t.passed, t.failed, t.skipped)
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
		fmt.Fprint(t.out, strings.Join(t.output[key], ""))
		if !t.failedBelow[key] {
			t.failed++
		}
		for up := above(key); up != ""; up = above(up) {
			t.failedBelow[up] = true
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
