package newcomer_test

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// fenced is the only block of a page in a language.
func fenced(t *testing.T, page, language string) string {
	t.Helper()
	found := blocks(page, language)
	if len(found) != 1 {
		t.Fatalf("%d blocks of %q", len(found), language)
	}
	return found[0]
}

// The guide's page on services does what it says: its files load without a warning, its
// commands say what is set, and its key switches.
func TestTheGuideToServices(t *testing.T) {
	text, err := os.ReadFile("../../docs/guide/services.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	s := server.Start(t, server.Config{
		Files:    map[string]string{"pjsip.conf": fenced(t, page, "ini"), "extensions.conf": fenced(t, page, "conf")},
		Settings: fenced(t, page, "yaml"),
	})
	for _, file := range []string{"pjsip.conf:", "extensions.conf:"} {
		if strings.Contains(s.Log(), file) {
			t.Errorf("%s has a warning:\n%s", file, s.Log())
		}
	}
	commands := strings.ReplaceAll(fenced(t, page, "sh"), "http://127.0.0.1:8080", s.URL(""))
	out, err := s.Shell(t.Context(), t.TempDir(), commands)
	if err != nil {
		t.Fatalf("%s: %v\n%s", commands, err, out)
	}
	for _, want := range []string{`(?m)^8000 .*Sales`, `"number":"8000","name":"Sales","members":\["1002","1003"\]`, `"no_answer":"1003","no_answer_after":12`, `(?m)^1002 .*1003`} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
	key := regexp.MustCompile("Dial `(.*?)` at 1001").FindStringSubmatch(page)
	if key == nil {
		t.Fatal("the page names no key")
	}
	dial := func(service string) {
		t.Helper()
		at := fmt.Sprintf("127.0.0.1:%d", s.SIP)
		peer.Sipp(t, peer.SippConfig{
			Scenario: "../../testdata/sip/services/key.xml", Target: at, Service: service,
			Args: []string{"-auth_uri", service + "@" + at},
		}).Wait(t)
	}
	var services struct {
		Forward struct{ Always string }
	}
	token := s.Token(t, "ops", "--role", "admin")
	for _, step := range []struct{ key, want string }{{key[1], "1003"}, {"*73", ""}} {
		dial(step.key)
		if status := s.Do(t, token, http.MethodGet, "/api/v1/voip/extensions/1001/services", nil, &services); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		if services.Forward.Always != step.want {
			t.Errorf("after %s calls go to %q, want %q", step.key, services.Forward.Always, step.want)
		}
	}
}
