// Package golden holds tests against files that a person can read. A file has
// parts, each begun by a line "== name": first what goes in, last what comes of it.
// With -update the tests write that last part anew, for a person to read the change.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Files runs a test for each file of the pattern. come gets the file's parts before
// the one named result, and what it gives must be that part and all behind it. A
// pattern without files fails.
func Files(t *testing.T, pattern, result string, come func(t *testing.T, input string) string) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files %s (%v)", pattern, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			mark := "== " + result + "\n"
			input, _, ok := strings.Cut(string(data), mark)
			if !ok && !*update {
				t.Fatalf("%s has no line %q", path, mark)
			}
			Equal(t, path, input+mark+come(t, input))
		})
	}
}

// Equal holds the whole of a file against got, or with -update writes it.
func Equal(t testing.TB, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil { //nolint:gosec // the test names it
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s: -want +got\n%s", path, cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")))
	}
}

// FS makes files of the parts of an input: a part's name is the file's.
func FS(input string) fstest.MapFS {
	files := fstest.MapFS{}
	var at *fstest.MapFile
	for line := range strings.Lines(input) {
		if name, ok := strings.CutPrefix(line, "== "); ok {
			at = &fstest.MapFile{Mode: 0o644}
			files[strings.TrimSpace(name)] = at
			continue
		}
		if at != nil {
			at.Data = append(at.Data, line...)
		}
	}
	return files
}
