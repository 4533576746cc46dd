package expr

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
)

// functions are those of a plan that has two.
type functions struct{}

func (functions) ReadFunction(name, args string) (string, error) {
	switch name {
	case "LEN":
		return strconv.Itoa(len(args)), nil
	case "ARGS":
		return args, nil
	}
	return "", errors.New("no such function")
}

// expressionCases reads testdata/dialplan/expressions.tsv: an expression, what a real
// Asterisk 22 makes of it, and where we differ on purpose what we make of it.
func expressionCases(t testing.TB) [][]string {
	t.Helper()
	data, err := os.ReadFile("../../../testdata/dialplan/expressions.tsv")
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
	for _, c := range expressionCases(t) {
		want := c[1]
		if len(c) > 2 {
			want = c[2]
		}
		got, err := Evaluate(functions{}, c[0])
		if got != want {
			t.Errorf("$[%s] = %q (%v), want %q", c[0], got, err, want)
		}
	}
}

func FuzzEvaluate(f *testing.F) {
	for _, c := range expressionCases(f) {
		f.Add(c[0])
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, _ := Evaluate(functions{}, text)
		if len(got) > len(text)+64 {
			t.Fatalf("%q became %d bytes", text, len(got))
		}
	})
}

func BenchmarkEvaluate(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Evaluate(nil, `"error" != "" & 3 * 4 > 11`); err != nil {
			b.Fatal(err)
		}
	}
}
