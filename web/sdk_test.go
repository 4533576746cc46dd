package web

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// tools is the folder that testdata/peers/install.sh puts the SDK's tools into.
func tools(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("SKYBRIDGE_CACHE")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Skipf("no cache folder on this machine: %v", err)
		}
		dir = filepath.Join(cache, "skybridge")
	}
	dir = filepath.Join(dir, "sdk")
	if _, err := os.Stat(filepath.Join(dir, "recipe")); err != nil {
		t.Skip("the SDK's tools are not on this machine: run testdata/peers/install.sh")
	}
	return dir
}

// workshop is a copy of the SDK beside its tools.
func workshop(t *testing.T) string {
	t.Helper()
	modules := filepath.Join(tools(t), "node_modules")
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("sdk")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func run(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
}

// What is committed in sdk/dist is what its sources build.
func TestSDKIsBuilt(t *testing.T) {
	tools(t)
	dir := filepath.Join(t.TempDir(), "dist")
	run(t, "..", "scripts/sdk.sh", dir)
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

// The SDK's own tests, under Node's test runner.
func TestSDK(t *testing.T) {
	dir := workshop(t)
	tests, err := filepath.Glob(filepath.Join(dir, "tests", "*.test.mjs"))
	if err != nil || len(tests) < 2 {
		t.Fatalf("%d tests: %v", len(tests), err)
	}
	args := []string{"--test"}
	// Debian 12's Node waits until nothing is open any more, which takes werift a minute.
	if limits := []string{"--test-force-exit", "--test-timeout=180000"}; exec.Command("node", append(limits, "--version")...).Run() == nil {
		args = append(args, limits...)
	}
	run(t, dir, "node", append(args, tests...)...)
}

var fragment = regexp.MustCompile("(?s)```ts\n(.*?)```")

// The README's fragments are what the types allow, and so is the React Native example, with
// react-native-webrtc's types and without a browser's.
func TestSDKExamplesTypeCheck(t *testing.T) {
	dir := workshop(t)
	text, err := os.ReadFile("sdk/README.md")
	if err != nil {
		t.Fatal(err)
	}
	all := fragment.FindAllStringSubmatch(string(text), -1)
	if len(all) < 4 {
		t.Fatalf("the README has %d fragments", len(all))
	}
	for i, m := range all {
		code := "import { connect, type Call, type Client } from \"./index.js\";\ndeclare const client: Client;\n"
		if !strings.Contains(m[1], "const call =") {
			code += "declare const call: Call;\n"
		}
		if err := os.WriteFile(filepath.Join(dir, "src", fmt.Sprintf("fragment%d.ts", i)), []byte(code+m[1]+"export {};\nvoid [connect, client, call];\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	compiler := filepath.Join("node_modules", "typescript-7", "bin", "tsc")
	run(t, dir, "node", compiler, "--noEmit", "--noUnusedLocals", "false", "--noUnusedParameters", "false", "-p", ".")
	run(t, dir, "node", compiler, "--noEmit", "-p", "examples/react-native")
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
