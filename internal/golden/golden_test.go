package golden_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/golden"
)

// loud is a test that only notes its failure.
type loud struct {
	testing.TB
	said []string
}

func (l *loud) Helper()                   {}
func (l *loud) Errorf(f string, a ...any) { l.said = append(l.said, f) }

func TestEqual(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.txt")
	if err := os.WriteFile(path, []byte("a\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for got, failures := range map[string]int{"a\nb\n": 0, "a\nc\n": 1, "": 1} {
		l := &loud{TB: t}
		golden.Equal(l, path, got)
		if len(l.said) != failures {
			t.Errorf("%q fails %d times, want %d", got, len(l.said), failures)
		}
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	text := "== a.conf\none\n== b.conf\n== out\nONE\n"
	if err := os.WriteFile(filepath.Join(dir, "case.txt"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	golden.Files(t, filepath.Join(dir, "*.txt"), "out", func(t *testing.T, input string) string {
		files := golden.FS(input)
		if len(files) != 2 || len(files["b.conf"].Data) != 0 {
			t.Errorf("files: %v", files)
		}
		return strings.ToUpper(string(files["a.conf"].Data))
	})
}
