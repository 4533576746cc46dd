// Package newcomer_test does what the README and the guide tell a newcomer to do.
package newcomer_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
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

// answers is what a command says, by its first words; one that is in no row fails
// the test, so that nobody adds a command without a check.
var answers = []struct{ begins, says string }{
	{"skybridge check", `(?m)^1 endpoints, \d+ warnings$`},
	{`skybridge rx "core show channels"`, `(?s)^Channel +Location +State +Application\(Data\).*\d+ active channels?\n`},
	{`skybridge rx "bridge show all"`, `^Bridge-ID +Name +Chans +Type +Technology +Duration\n`},
	{`skybridge rx "pjsip show endpoints"`, `(?s) Endpoint:  1001.*Objects found: 9\n`},
	{`skybridge rx "sip show peers"`, `(?s)^Name/username .*1001/1001 +127\.0\.0\.1.*9 sip peers \[`},
	{"skybridge token", `^[\w-]+\.[\w-]+\.[\w-]+\n$`},
	{"skybridge apikey create", `^[\w-]{20,}\n$`},
	{"skybridge apikey list", `valid  billing +\[service\]  invoices\n`},
	{"curl", `(?s)"participants":.*"SIP/1001"`},
	{"skybridge serve --asterisk-dir", `listening.*address=`},
	{"skybridge serve --config", `"msg":"listening"`}, // the file asks for JSON
	{"SKYBRIDGE_SIP__LISTEN", `for=sip network=udp address=127\.0\.0\.1:`},
}

// Every command of the README and the guide runs as it stands against a started
// server with a phone: those that start a server are started and stopped by the
// harness, those of make are checked to exist (they run this test).
func TestTheCommandsRunAsTheyStand(t *testing.T) {
	s := server.Start(t, server.Config{})
	phone := peer.Baresip(t, peer.BaresipConfig{
		User: "1001", Password: s.Password(t, "1001"), Server: fmt.Sprintf("127.0.0.1:%d", s.SIP), Register: true, Answer: true,
	})
	phone.Registered(t)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"pjsip.conf":      "[1001]\ntype = endpoint\ncontext = internal\nallow = ulaw\n",
		"extensions.conf": "[internal]\nexten => 600,1,Echo()\n",
		"skybridge.yaml":  "log:\n  format: json\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, page := range []string{"README.md", "docs/guide/README.md"} {
		for _, line := range commands(t, page) {
			t.Run(line, func(t *testing.T) { runLine(t, s, line, dir) })
		}
	}
	phone.Hangup(t) // the call that the guide makes
}

// runLine runs a command with the same words, on this server's data and ports and on
// the files in dir.
func runLine(t *testing.T, s *server.Server, line, dir string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if target, ok := strings.CutPrefix(line, "make "); ok {
		if out, err := exec.CommandContext(ctx, "make", "-C", "../..", "-n", target).CombinedOutput(); err != nil {
			t.Errorf("make %s: %v\n%s", target, err, out)
		}
		return
	}
	line = strings.NewReplacer("bin/skybridge ", "skybridge ", "/etc/asterisk", dir, "http://localhost:8080", s.URL(""),
		"192.0.2.1:5060", "127.0.0.1:0").Replace(line)
	run := s.Shell
	if strings.Contains(line, "skybridge serve") {
		run = s.Trial
	}
	out, err := run(ctx, dir, strings.ReplaceAll(line, "$TOKEN", s.Token(t, "alice")))
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, a := range answers {
		if strings.HasPrefix(line, a.begins) {
			if !regexp.MustCompile(a.says).MatchString(out) {
				t.Errorf("it says\n%s\nwant %s", out, a.says)
			}
			return
		}
	}
	t.Errorf("nothing says what to expect of this command; it said\n%s", out)
}
