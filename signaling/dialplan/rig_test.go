package dialplan_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/dialplantest"
)

// plan loads a plan from text.
func plan(t testing.TB, text string, strict bool) *dialplan.Plan {
	t.Helper()
	p, err := dialplantest.Plan(text, strict)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// executor is one for tests; change may set its clock and its limits.
func executor(t testing.TB, p *dialplan.Plan, change func(*dialplan.Options)) *dialplan.Executor {
	t.Helper()
	x, err := dialplantest.Executor(p, change)
	if err != nil {
		t.Fatal(err)
	}
	return x
}
