// Package sdk_test uses the TypeScript SDK as its README says, in a real Chromium, against
// a started server.
package sdk_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// example is the README's page, as it stands.
func example(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../web/sdk/README.md")
	if err != nil {
		t.Fatal(err)
	}
	all := regexp.MustCompile("(?s)```html\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(all) != 1 {
		t.Fatalf("the README has %d pages", len(all))
	}
	return all[0][1]
}

func says(t *testing.T, b *peer.Browser, want string) {
	t.Helper()
	peer.Eventually(t, "the page says "+want, func() error {
		if got := peer.Eval[string](t, b, `document.querySelector("#line").textContent`); got != want {
			return fmt.Errorf("it says %q", got)
		}
		return nil
	})
}

// TestTheExample: the README's page, as it stands, calls a phone and is called by another
// user's page.
func TestTheExample(t *testing.T) {
	html := example(t)
	dev := peer.NewSite(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if _, err := w.Write([]byte(html)); err != nil {
			t.Error(err)
		}
	}))
	s := server.Start(t, server.Config{})
	before := s.Resources(t)
	t.Run("all", func(t *testing.T) { use(t, dev, s) })
	s.Idle(t, before)
}

func use(t *testing.T, dev *peer.Site, s *server.Server) {
	t.Helper()
	dev.Serve(t, s.URL(""))
	phone := peer.Baresip(t, peer.BaresipConfig{
		User: "1001", Password: s.Password(t, "1001"), Server: fmt.Sprintf("127.0.0.1:%d", s.SIP),
		Register: true, Answer: true, Codecs: []string{"PCMU"}, Tone: 500,
	})
	phone.Registered(t)
	b := peer.Chromium(t, peer.ChromiumConfig{Tone: 700})
	b.Open(t, dev.URL+"/favicon") // the origin, before the example runs with its token
	b.Load(t, fmt.Sprintf("localStorage.setItem('token', %q)", s.Token(t, "alice")))
	b.Open(t, dev.URL+"/")
	says(t, b, "Ready")

	b.Load(t, `document.querySelector("#call").click()`)
	phone.Established(t)
	says(t, b, "active")
	peer.Hears(t, "the page", b.Recording(), 500)
	peer.Hears(t, "the phone", phone.Recording(), 700)
	playing := peer.Eval[bool](t, b, `!document.querySelector("#remote").paused && !!document.querySelector("#remote").srcObject`)
	if !playing {
		t.Error("#remote plays nothing")
	}
	b.Load(t, `document.querySelector("#hangup").click()`)
	phone.Closed(t)
	says(t, b, "ended")

	// Another user calls the page, which asks whether to answer.
	b.Load(t, `confirm = (text) => { window.asked = text; return true }`)
	var call struct {
		ID string `json:"id"`
	}
	if status := s.Do(t, s.Token(t, "bob"), http.MethodPost, "/api/v1/voip/calls",
		map[string]any{"participants": []string{"WebRTC/alice", "SIP/1001"}, "call_type": "audio"}, &call); status != http.StatusCreated {
		t.Fatalf("bob's call: %d", status)
	}
	phone.Established(t)
	says(t, b, "active")
	if asked := peer.Eval[string](t, b, `window.asked`); asked != "bob calls. Answer?" {
		t.Errorf("the page asked %q", asked)
	}
	peer.Hears(t, "the phone", phone.Recording(), 700)
	peer.Hears(t, "the page", b.Recording(), 500)
	phone.Hangup(t)
	says(t, b, "Normal Clearing")
}

// tools is the folder that testdata/peers/install.sh puts the SDK's tools into.
func tools(t *testing.T) string {
	t.Helper()
	cache := os.Getenv("SKYBRIDGE_CACHE")
	if cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			t.Skipf("no cache folder on this machine: %v", err)
		}
		cache = filepath.Join(dir, "skybridge")
	}
	dir := filepath.Join(cache, "sdk")
	if _, err := os.Stat(filepath.Join(dir, "recipe")); err != nil {
		t.Skip("the SDK's tools are not on this machine: run testdata/peers/install.sh")
	}
	return dir
}

// TestTypesAreCurrent: the types that the SDK was built with are those of the document that
// the server serves.
func TestTypesAreCurrent(t *testing.T) {
	modules := filepath.Join(tools(t), "node_modules")
	s := server.Start(t, server.Config{})
	dir := t.TempDir()
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("../../web/sdk/openapi.mjs")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "openapi.mjs"), script, 0o600); err != nil {
		t.Fatal(err)
	}
	document := filepath.Join(dir, "openapi.json")
	cmd := exec.Command("curl", "--fail", "--silent", "--show-error", "--output", document, s.URL("/openapi.json"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd = exec.Command("node", "openapi.mjs", document)
	cmd.Dir = dir
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		t.Fatalf("%v\n%s", err, exit.Stderr)
	} else if err != nil {
		t.Fatal(err)
	}
	committed, err := os.ReadFile("../../web/sdk/src/openapi.ts")
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(string(out)) != strings.TrimSpace(string(committed)) {
		t.Error("web/sdk/src/openapi.ts is not of the document that the server serves: run make sdk")
	}
}
