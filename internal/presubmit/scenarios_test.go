package presubmit

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every scenario of testdata/sip is played by some test: one whose package names the folder, and
// the scenario or all of the folder's. The table beside them has each.
func TestScenariosArePlayed(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "testdata", "sip", "*", "*.xml"))
	if err != nil || len(files) < 80 {
		t.Fatalf("%d scenarios: %v", len(files), err)
	}
	table, err := os.ReadFile(filepath.Join(root, "testdata", "sip", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	players := playersOfSipp(t)
	for _, f := range files {
		folder := filepath.Base(filepath.Dir(f))
		name := strings.TrimSuffix(filepath.Base(f), ".xml")
		if !slices.ContainsFunc(players, func(tests string) bool { return plays(tests, folder, name) }) {
			t.Errorf("testdata/sip/%s/%s.xml: no test plays it", folder, name)
		}
		if !strings.Contains(string(table), "`"+folder+"/"+name+"`") {
			t.Errorf("testdata/sip/README.md has no %s/%s", folder, name)
		}
	}
}

// plays reports whether a package's tests name a folder of scenarios, and one of them or all.
func plays(tests, folder, name string) bool {
	if !regexp.MustCompile(`["/]` + regexp.QuoteMeta(folder) + `["/]`).MatchString(tests) {
		return false
	}
	return strings.Contains(tests, "sip/"+folder+"/*.xml") || regexp.MustCompile(`["/]`+regexp.QuoteMeta(name)+`(\.xml)?"`).MatchString(tests)
}

// playersOfSipp are the tests of each package that starts SIPp, as one text.
func playersOfSipp(t *testing.T) (out []string) {
	t.Helper()
	packages := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && path != root && (d.Name()[0] == '.' || slices.Contains([]string{"testdata", "node_modules", "bin", "data", "tools", "presubmit"}, d.Name())) {
			return skipped(err)
		}
		if strings.HasSuffix(path, "_test.go") {
			packages[filepath.Dir(path)] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir := range packages {
		rel, err := filepath.Rel(root, dir)
		if err != nil {
			t.Fatal(err)
		}
		if text := testsOf(t, rel); strings.Contains(text, "peer.Sipp(") {
			out = append(out, text)
		}
	}
	return out
}

// skipped leaves a folder out, unless it could not be read; what is gone by now is no matter.
func skipped(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	return filepath.SkipDir
}

func TestPlays(t *testing.T) {
	for _, c := range []struct {
		tests, folder, name string
		want                bool
	}{
		{`Glob("../testdata/sip/carrier/*.xml")`, "carrier", "any", true},
		{`Join("testdata", "sip", "phones", s+".xml"); call("hold")`, "phones", "hold", true},
		{`Scenario: "../testdata/sip/services/key.xml"`, "services", "key", true},
		{`waiting("../phones/ring")`, "phones", "ring", true},
		{`played(t, "callers"); "glare-invite": f`, "callers", "glare", false},
		{`call("hold")`, "phones", "hold", false},
		{`Join("sip", "phones", name); call("threshold")`, "phones", "hold", false},
	} {
		if got := plays(c.tests, c.folder, c.name); got != c.want {
			t.Errorf("%s plays %s/%s: %v", c.tests, c.folder, c.name, got)
		}
	}
}
