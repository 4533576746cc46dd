package web

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// What is committed in sdk/dist is what its sources build.
func TestSDKIsBuilt(t *testing.T) {
	dir := t.TempDir() + "/dist"
	out, err := exec.Command("../scripts/sdk.sh", dir).CombinedOutput()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 75 {
		t.Skip(strings.TrimSpace(string(out)))
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	built, committed := tree(t, os.DirFS(dir)), tree(t, os.DirFS("sdk/dist"))
	for name, text := range built {
		if committed[name] != text {
			t.Errorf("sdk/dist/%s is not what the sources build: run make sdk", name)
		}
	}
	for name := range committed {
		if _, ok := built[name]; !ok {
			t.Errorf("sdk/dist/%s is built no more: run make sdk", name)
		}
	}
}

func tree(t *testing.T, files fs.FS) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := fs.WalkDir(files, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, name)
		out[name] = string(text)
		return err
	})
	if err != nil || len(out) < 3 {
		t.Fatalf("%d files: %v", len(out), err)
	}
	return out
}

// The page's folder has the SDK's modules below sdk/.
func TestSDKIsServed(t *testing.T) {
	for _, name := range []string{"index.html", "sdk/skybridge.js", "sdk/compat.js", "sdk/types/index.d.ts"} {
		if read(t, name) == "" {
			t.Errorf("%s is empty", name)
		}
	}
	for _, name := range []string{"sdk/none.js", "sdk/../page/index.html", "sdk/src/index.ts"} {
		if _, err := fs.ReadFile(Pages(), name); err == nil {
			t.Errorf("%s is served", name)
		}
	}
}
