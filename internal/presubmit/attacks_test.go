package presubmit

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	testFunc = regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	testName = regexp.MustCompile("`(Test[A-Z]\\w+)`")
)

// The guide's table of attacks has every row of the catalogue, each with a test of that
// name, and tests that are there.
func TestEveryAttackHasItsTest(t *testing.T) {
	tests := make(map[string]bool)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "node_modules" {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		for _, m := range testFunc.FindAllSubmatch(text, -1) {
			tests[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs/guide/security.md"))
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for _, m := range testName.FindAllStringSubmatch(page, -1) {
		if !tests[m[1]] {
			t.Errorf("docs/guide/security.md names %s, which is no test", m[1])
		}
	}
	var rows []string
	for i := range 10 {
		rows = append(rows, fmt.Sprint("B", i+1))
	}
	for _, row := range append(rows, "C1", "C2", "C3") {
		_, line, _ := strings.Cut(page, "\n| "+row+" | ")
		line, _, _ = strings.Cut(line, "\n")
		if !regexp.MustCompile("`Test" + row + `[A-Z]`).MatchString(line) {
			t.Errorf("docs/guide/security.md has no row %s with a test of that name: %q", row, line)
		}
	}
}
