package dialplan

import (
	"os"
	"strings"
	"testing"
)

// expressionCases reads testdata/dialplan/expressions.tsv: an expression, what a real
// Asterisk 22 makes of it, and where we differ on purpose what we make of it.
func expressionCases(t testing.TB) [][]string {
	t.Helper()
	data, err := os.ReadFile("../../testdata/dialplan/expressions.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var cases [][]string
	for _, line := range strings.Split(strings.TrimRight(string(data), "\n"), "\n") {
		if strings.HasPrefix(line, "##") {
			continue
		}
		fields := strings.Split(line, "\t")
		if len(fields) < 2 {
			t.Fatalf("line %q has no result", line)
		}
		cases = append(cases, fields)
	}
	return cases
}

func TestEvaluate(t *testing.T) {
	env := mapEnv{}
	for _, c := range expressionCases(t) {
		want := c[1]
		if len(c) > 2 {
			want = c[2]
		}
		got, err := Evaluate(env, c[0])
		if got != want {
			t.Errorf("$[%s] = %q (%v), want %q", c[0], got, err, want)
		}
	}
}
