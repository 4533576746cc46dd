// Package newcomer_test does what the README and the guide tell a newcomer to do.
package newcomer_test

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

var block = regexp.MustCompile("(?s)```sh\n(.*?)```")

// commands are the shell lines of a page.
func commands(t *testing.T, page string) []string {
	t.Helper()
	text, err := os.ReadFile("../../" + page)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range block.FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(strings.ReplaceAll(m[1], "\\\n", "")) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				out = append(out, line)
			}
		}
	}
	if len(out) == 0 {
		t.Fatalf("%s has no commands", page)
	}
	return out
}

// Every command of the README and the guide runs as it stands against a started
// server: those that start a server are started and stopped by the harness, the two of make
// are checked to exist (they run this test).
func TestTheCommandsRunAsTheyStand(t *testing.T) {
	s := server.Start(t, server.Config{})
	asterisk := t.TempDir()
	for name, text := range map[string]string{
		"pjsip.conf":      "[1001]\ntype = endpoint\ncontext = internal\nallow = ulaw\n",
		"extensions.conf": "[internal]\nexten => 600,1,Echo()\n",
	} {
		if err := os.WriteFile(asterisk+"/"+name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, page := range []string{"README.md", "docs/guide/README.md"} {
		for _, line := range commands(t, page) {
			t.Run(line, func(t *testing.T) { runLine(t, s, line, asterisk) })
		}
	}
}

func runLine(t *testing.T, s *server.Server, line, asterisk string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if target, ok := strings.CutPrefix(line, "make "); ok {
		if out, err := exec.CommandContext(ctx, "make", "-C", "../..", "-n", target).CombinedOutput(); err != nil {
			t.Errorf("make %s: %v\n%s", target, err, out)
		}
		return
	}
	// The same words, on this server's data and ports.
	line = strings.NewReplacer("/etc/asterisk", asterisk, "http://localhost:8080", s.URL(""), "192.0.2.1:5060", "127.0.0.1:0",
		"$TOKEN", s.Token(t, "alice"), "--config skybridge.yaml ", "").Replace(line)
	line = regexp.MustCompile(`(^|\s)(bin/)?skybridge `).ReplaceAllString(line, "${1}skybridge ")
	if strings.Contains(line, "skybridge serve") {
		if err := s.Trial(ctx, line); err != nil {
			t.Error(err)
		}
		return
	}
	out, err := s.Shell(ctx, line)
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if strings.Contains(out, "No such command") {
		t.Errorf("unknown command:\n%s", out)
	}
}
