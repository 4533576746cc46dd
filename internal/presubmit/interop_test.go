package presubmit

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The tests that docs/interop.md names are there, each in the folder that its line names.
func TestInterop(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "interop.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || strings.HasPrefix(cells[1], "-") || strings.TrimSpace(cells[1]) == "peer" {
			continue
		}
		var code string // of the folder's tests
		for _, m := range quoted.FindAllStringSubmatch(cells[3], -1) {
			if !strings.HasPrefix(m[1], "Test") {
				code = testsOf(t, m[1])
				continue
			}
			named++
			if !strings.Contains(code, "\nfunc "+m[1]+"(t *testing.T)") {
				t.Errorf("docs/interop.md: there is no %s where it says", m[1])
			}
		}
	}
	if named < 10 {
		t.Errorf("docs/interop.md names %d tests", named)
	}
}

var quoted = regexp.MustCompile("`([^`]+)`")

// testsOf is the text of all tests of a folder.
func testsOf(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(dir), "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests in %s: %v", dir, err)
	}
	var all strings.Builder
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.WriteByte('\n')
		all.Write(b)
	}
	return all.String()
}
