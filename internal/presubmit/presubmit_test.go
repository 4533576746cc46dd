// Package presubmit holds the repository to its own rules: which package may
// import which, and how code is written here.
package presubmit

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// Every Go file of the repository keeps the rules.
func TestRepository(t *testing.T) {
	spawns := map[string]place{} // folders whose code says go
	leaks := map[string]bool{}   // folders whose tests look for leaked goroutines
	packages := map[string][]*file{}
	excused := map[string]bool{} // entries of ordinary that excuse something
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			// tools is a module of its own, for the linters.
			if path != root && (name[0] == '.' || slices.Contains([]string{"testdata", "node_modules", "bin", "data", "tools"}, name)) {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		src, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // gone since the folder was read
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		f, err := parse(filepath.ToSlash(rel), src)
		if err != nil {
			return err
		}
		for _, b := range f.breaches() {
			t.Error(b)
		}
		for _, b := range f.unready(func(entry string) { excused[entry] = true }) {
			t.Error(b)
		}
		packages[f.dir] = append(packages[f.dir], f)
		if at, ok := f.spawns(); ok {
			spawns[f.dir] = at
		}
		if f.test && strings.Contains(string(src), "goleak.VerifyTestMain(") {
			leaks[f.dir] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for entry := range ordinary {
		if !excused[entry] {
			t.Errorf("ordinary[%q] excuses nothing any more", entry)
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(packages)) {
		for _, b := range bare(packages[dir]) {
			t.Error(b)
		}
		for _, b := range sizes(dir, packages[dir]) {
			t.Error(b)
		}
	}
	for dir, at := range spawns {
		if !leaks[dir] && dir != "cmd/skybridge" {
			t.Errorf("%s: starts a goroutine, but no test of the package calls goleak.VerifyTestMain", at)
		}
	}
}
