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

// TestLimits has what is beyond the limits, and what has no value in Asterisk's own
// arithmetic either.
func TestLimits(t *testing.T) {
	huge := "1" + strings.Repeat("0", 60) // 83 of them are beyond the largest number
	for _, c := range []struct{ text, want, err string }{
		{strings.Repeat("1+", maxTokens/2-1) + "1", strconv.Itoa(maxTokens / 2), ""},
		{strings.Repeat("1+", maxTokens/2) + "1", "", "more than 2048 parts"},
		{strings.Repeat("(", maxExprDepth-1) + "1" + strings.Repeat(")", maxExprDepth-1), "1", ""},
		{strings.Repeat("(", maxExprDepth) + "1" + strings.Repeat(")", maxExprDepth), "0", "nested deeper"},
		{strings.Repeat("-", maxExprDepth) + "1", "0", "nested deeper"},
		{strings.Repeat("!", 100_000), "", "more than 2048 parts"},
		{`"a" : "` + strings.Repeat("a", MaxRegexp) + `"`, "0", ""},
		{`"a" : "` + strings.Repeat("a", MaxRegexp+1) + `"`, "0", "longer than 1024 bytes"},
		{`"a" =~ "("`, "0", "missing closing"},
		{strings.Repeat(huge+"*", 82) + huge, "inf", ""},
		{strings.Repeat(huge+"*", 83) + huge, "0", "inf is no number"},
		{"-" + strings.Repeat(huge+"*", 82) + huge, "-inf", ""},
		{"1" + strings.Repeat("/"+huge, 89), "0", ""},
	} {
		got, err := Evaluate(functions{}, c.text)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%.60s (%d bytes) = %q (%v), want %q (%s)", c.text, len(c.text), got, err, c.want, c.err)
		}
	}
	if got, err := Evaluate(nil, "LEN(1) + 1"); got != "1" || err == nil {
		t.Errorf("without functions %q (%v)", got, err)
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
