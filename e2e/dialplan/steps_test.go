package dialplan

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/skygenesisenterprise/skybridge/internal/golden"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/dialplantest"
)

var executing = regexp.MustCompile(`Executing \[(.*?@.*?:\d+)\] (\w+)\("Local/s@start-\w+;2", "(.*)"\) in new stack\n`)

// TestSteps takes a real Asterisk through the plans of testdata/dialplan/run, and
// compares its steps with ours when we are strict.
func TestSteps(t *testing.T) {
	a := start(t)
	files, err := filepath.Glob(testdata + "run/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			parts := golden.FS(read(t, file))
			call := settings(string(parts["call"].Data))
			if why := call["asterisk"]; why != "" {
				t.Skip(why)
			}
			plan := fmt.Sprintf("[start]\nexten => s,1,Set(CALLERID(all)=%s)\n same => n,Answer\n same => n,Goto(%s,1)\n%s\n%s",
				call["caller"], call["start"], parts["plan"].Data, dialler(call["digits"]))
			var theirs strings.Builder
			for _, m := range executing.FindAllStringSubmatch(run(t, a, plan), -1) {
				fmt.Fprintf(&theirs, "%s %s(%s)\n", m[1], m[2], m[3])
			}
			if diff := cmp.Diff(theirs.String(), ours(t, plan, call["digits"])); diff != "" {
				t.Errorf("-asterisk +ours\n%s", diff)
			}
		})
	}
}

// dialler is the plan of the other end: it dials the digits, and where there is a space
// it waits for longer than anybody does.
func dialler(digits string) string {
	var b strings.Builder
	b.WriteString("[other-end]\nexten => s,1,Wait(0.5)\n")
	for i, part := range strings.Split(digits, " ") {
		if i > 0 {
			b.WriteString(" same => n,Wait(6)\n")
		}
		if part != "" {
			fmt.Fprintf(&b, " same => n,SendDTMF(%s,100,100)\n", part)
		}
	}
	b.WriteString(" same => n,Wait(60)\n")
	return b.String()
}

// ours are our steps through a plan.
func ours(t *testing.T, plan, digits string) string {
	p := dialplantest.Plan(t, plan, true)
	ch := &dialplantest.Channel{Digits: digits}
	synctest.Test(t, func(t *testing.T) {
		x := dialplantest.Executor(t, p, func(o *dialplan.Options) { o.Config.Strict = true })
		x.Run(t.Context(), ch, dialplan.Position{Context: "start", Exten: "s", Priority: 1})
	})
	var b strings.Builder
	last := ""
	for line := range strings.Lines(ch.Trace()) {
		at, app, _ := strings.Cut(line, " ")
		if line == "hung up\n" || at == last {
			continue // what ExecIf and Exec run is no step for Asterisk
		}
		last = ""
		if strings.HasPrefix(app, "Exec") {
			last = at
		}
		b.WriteString(line)
	}
	return b.String()
}

func settings(text string) map[string]string {
	m := make(map[string]string)
	for line := range strings.Lines(text) {
		k, v, _ := strings.Cut(line, "=")
		m[strings.TrimSpace(k)] = strings.TrimSuffix(v, "\n")
	}
	return m
}
