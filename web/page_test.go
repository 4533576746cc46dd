package web

import (
	"io/fs"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := fs.ReadFile(Pages(), name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The page runs under a policy of default-src 'self': nothing inline, nothing from
// elsewhere.
func TestPageKeepsToItself(t *testing.T) {
	err := fs.WalkDir(Pages(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text := read(t, name)
		if name != "icon.svg" { // its namespace is a URL
			if at := regexp.MustCompile(`https?://|["'(]//`).FindString(text); at != "" {
				t.Errorf("%s: %q leads elsewhere", name, at)
			}
		}
		for _, inline := range []string{"<script>", "<style", " style=", " onclick=", " onload=", "javascript:", "innerHTML", "eval("} {
			if strings.Contains(text, inline) {
				t.Errorf("%s: %s does not go with the policy, or with untrusted text", name, inline)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Tests outside drive the page by the ids that its comment lists, and the script
// asks for ids too: all of them are there, once.
func TestIDs(t *testing.T) {
	html := read(t, "index.html")
	comment, body, ok := strings.Cut(html, "-->")
	if !ok {
		t.Fatal("the comment with the ids is gone")
	}
	have := map[string]int{}
	for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(body, -1) {
		have[m[1]]++
	}
	want := map[string]string{}
	for _, m := range regexp.MustCompile(`[\s]#([a-z-]+)`).FindAllStringSubmatch(comment, -1) {
		want[m[1]] = "the comment"
	}
	for _, m := range regexp.MustCompile(`(?:\$\(|onSubmit\()"([a-z-]+)"`).FindAllStringSubmatch(read(t, "app.js"), -1) {
		want[m[1]] = "app.js"
	}
	for _, attribute := range []string{"for", "aria-labelledby", "aria-describedby", "list"} {
		for _, m := range regexp.MustCompile(` `+attribute+`="([^"]+)"`).FindAllStringSubmatch(body, -1) {
			want[m[1]] = attribute
		}
	}
	if len(want) < 25 {
		t.Fatalf("found only %d ids", len(want))
	}
	for id, by := range want {
		if have[id] != 1 {
			t.Errorf("#%s, named by %s, is there %d times", id, by, have[id])
		}
	}
}

// The functions without a page run under Node's own test runner.
func TestModel(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed: the page's functions are not tested")
	}
	if out, err := exec.Command(node, "--test", "link.test.js", "model.test.js", "whep.test.js").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
