// Package dialplan asks a real Asterisk 22 what the files of testdata/dialplan say that
// it does: expressions, substitutions, functions, and the steps of whole plans.
package dialplan

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

const testdata = "../../testdata/dialplan/"

// start starts an Asterisk that has the applications and functions of the dialplan,
// and no plan yet.
func start(t *testing.T) *peer.AsteriskPeer {
	t.Helper()
	return peer.Asterisk(t, peer.AsteriskConfig{Files: map[string]string{
		"modules.conf": read(t, "testdata/modules.conf"), "extensions.conf": "[general]\n",
	}})
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// run has Asterisk take a call from extension s of context start through a plan to its
// end, and gives what it logs of it.
func run(t *testing.T, a *peer.AsteriskPeer, plan string) string {
	t.Helper()
	if err := os.WriteFile(filepath.Join(a.Dir, "etc", "extensions.conf"), []byte(plan), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, a, "dialplan reload")
	before := len(a.Log())
	command(t, a, "channel originate Local/s@start/n extension s@other-end")
	peer.Eventually(t, "the call's end", func() error {
		if n, err := a.Channels(); err != nil || n > 0 {
			return fmt.Errorf("%d channels: %w", n, err)
		}
		if !strings.Contains(a.Log()[before:], "Executing [s@start:1]") {
			return errors.New("it has not begun")
		}
		return nil
	})
	// Asterisk writes its log a little later, in order: what it complains of now comes
	// behind all that the call had to say.
	end := fmt.Sprintf("nobody@nowhere%d", before)
	command(t, a, "channel originate Local/"+end+" extension s@other-end")
	log := ""
	peer.Eventually(t, "the log is written", func() error {
		if log = a.Log()[before:]; !strings.Contains(log, end) {
			return errors.New("it is not")
		}
		return nil
	})
	return log
}

func command(t *testing.T, a *peer.AsteriskPeer, text string) {
	t.Helper()
	if out, err := a.CLI(text); err != nil {
		t.Fatalf("%s: %v %s", text, err, out)
	}
}

var noOp = regexp.MustCompile(`(?s)NoOp\("Local/s@start-\w+;2", "(\d+)\|(.*?)\|"\) in new stack`)

// ask has Asterisk substitute texts one after the other, in a call with variables.
func ask(t *testing.T, a *peer.AsteriskPeer, variables, texts []string) []string {
	t.Helper()
	var plan strings.Builder
	plan.WriteString("[start]\nexten => s,1,Set(CALLERID(all)=\"Ann\" <1001>)\n same => n,Set(DOLLAR=$)\n")
	for _, v := range variables {
		fmt.Fprintf(&plan, " same => n,Set(%s)\n", strings.ReplaceAll(v, "$", "${DOLLAR}"))
	}
	plan.WriteString(" same => n,Goto(t,s,1)\n[other-end]\nexten => s,1,Wait(60)\n[t]\nexten => s,1,NoOp\n")
	for i, text := range texts {
		fmt.Fprintf(&plan, " same => n,NoOp(%d|%s|)\n", i, strings.ReplaceAll(text, ";", `\;`))
	}
	results := make([]string, len(texts))
	for _, m := range noOp.FindAllStringSubmatch(run(t, a, plan.String()), -1) {
		i, err := strconv.Atoi(m[1])
		if err != nil || i >= len(texts) {
			t.Fatalf("a result %s that nobody asked for", m[1])
		}
		results[i] = m[2]
	}
	return results
}

// TestSubstitutions asks a real Asterisk for the second column of
// testdata/dialplan/substitutions.tsv.
func TestSubstitutions(t *testing.T) {
	a := start(t)
	head, cases, _ := strings.Cut(read(t, testdata+"substitutions.tsv"), "## reset\n")
	var variables []string
	for line := range strings.Lines(head) {
		if v, ok := strings.CutPrefix(line, "## set "); ok {
			variables = append(variables, strings.TrimSuffix(v, "\n"))
		}
	}
	for _, part := range strings.Split(cases, "## reset\n") {
		var texts, want []string
		for line := range strings.Lines(part) {
			fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
			texts, want = append(texts, fields[0]), append(want, fields[1])
		}
		for i, got := range ask(t, a, variables, texts) {
			if got != want[i] {
				t.Errorf("%s is %q, not %q", texts[i], got, want[i])
			}
		}
	}
}

// TestExpressions asks a real Asterisk for the second column of
// testdata/dialplan/expressions.tsv.
func TestExpressions(t *testing.T) {
	a := start(t)
	var texts, want []string
	for line := range strings.Lines(read(t, testdata+"expressions.tsv")) {
		if fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); len(fields) > 1 {
			texts, want = append(texts, "$["+fields[0]+"]"), append(want, fields[1])
		}
	}
	for i, got := range ask(t, a, nil, texts) {
		if got != want[i] {
			t.Errorf("%s is %q, not %q", texts[i], got, want[i])
		}
	}
}
