package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestResourcesThatAreNotCountedAreNotNone(t *testing.T) {
	whole := "channels: 0\nbridges: 0\nsip dialogs: 0\nmixer ports: 2\nrtp ports: 0\nwebrtc peers: 0\ngoroutines: 40\n"
	got, err := resourcesIn(whole)
	if err != nil || got["mixer ports"] != 2 {
		t.Errorf("%v, %v", got, err)
	}
	for _, text := range []string{"", "No such command 'core show resources'\n", strings.Replace(whole, "rtp ports", "ports", 1), whole + "x: y\n"} {
		if got, err := resourcesIn(text); err == nil {
			t.Errorf("%q counts %v", text, got)
		}
	}
}

func TestWhatIsLeftBehind(t *testing.T) {
	before := map[string]int{"channels": 0, "goroutines": 40}
	for _, tc := range []struct {
		before, now map[string]int
		idle        bool
	}{
		{before, map[string]int{"channels": 0, "goroutines": 39}, true},
		{before, map[string]int{"channels": 1, "goroutines": 40}, false},
		{before, map[string]int{"channels": 0, "goroutines": 41}, false},
		{nil, map[string]int{"channels": 0}, false},
	} {
		if err := leftBehind(tc.before, tc.now); (err == nil) != tc.idle {
			t.Errorf("%v, before %v: %v", tc.now, tc.before, err)
		}
	}
}

// A trial is of what the line says, and fails when that does not run.
func TestATrialCanFail(t *testing.T) {
	s := &Server{binary: Binary(t)}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "skybridge.yaml"), []byte("log:\n  format: json\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := s.Trial(ctx, dir, "skybridge serve --config skybridge.yaml")
	if err != nil || !strings.Contains(said, `"msg":"listening"`) {
		t.Errorf("a good line: %v\n%s", err, said)
	}
	for _, line := range []string{"skybridge serve --config missing.yaml", "skybridge serve --set sip.listen=nowhere", "skybridge serve -h"} {
		if said, err := s.Trial(ctx, dir, line); err == nil {
			t.Errorf("%s:\n%s", line, said)
		}
	}
}

func TestAShellTellsWhatFails(t *testing.T) {
	s := &Server{binary: Binary(t), Dir: t.TempDir()}
	web := httptest.NewServer(http.FileServer(http.Dir(t.TempDir())))
	defer web.Close()
	for line, ok := range map[string]bool{
		"skybridge version":                           true,
		"skybridge rx reload":                         false,
		"skybridge rx reload | cat":                   false,
		"curl " + web.URL:                             true,
		"curl " + web.URL + "/none":                   false,
		"curl http://127.0.0.1:1/":                    false,
		"skybridge version; false; skybridge version": false,
	} {
		if out, err := s.Shell(t.Context(), s.Dir, line); (err == nil) != ok {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
}
