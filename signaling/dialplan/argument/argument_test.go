package argument

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// splits are texts, the most arguments to make of them, and what those are without and
// with their quotes and backslashes.
var splits = []struct {
	text     string
	n        int
	plain    []string
	withMark []string
}{
	{"", 0, nil, nil},
	{",", 0, []string{"", ""}, []string{"", ""}},
	{"a", 0, []string{"a"}, []string{"a"}},
	{"a,b,c", 0, []string{"a", "b", "c"}, []string{"a", "b", "c"}},
	{"a,b,c", 2, []string{"a", "b,c"}, []string{"a", "b,c"}},
	{"a,b,c", 1, []string{"a,b,c"}, []string{"a,b,c"}},
	{`a,"b,c"`, 2, []string{"a", `"b,c"`}, []string{"a", `"b,c"`}},
	{" a , b ", 0, []string{" a ", " b "}, []string{" a ", " b "}},
	{`"a,b",c`, 0, []string{"a,b", "c"}, []string{`"a,b"`, "c"}},
	{`"a,b`, 0, []string{"a,b"}, []string{`"a,b`}},
	{`a\,b,c`, 0, []string{"a,b", "c"}, []string{`a\,b`, "c"}},
	{`a\`, 0, []string{`a\`}, []string{`a\`}},
	{`a\"b,c`, 0, []string{`a"b`, "c"}, []string{`a\"b`, "c"}},
	{"f(a,b),c", 0, []string{"f(a,b)", "c"}, []string{"f(a,b)", "c"}},
	{"f((a,b),c),d", 0, []string{"f((a,b),c)", "d"}, []string{"f((a,b),c)", "d"}},
	{"a),b", 0, []string{"a)", "b"}, []string{"a)", "b"}},
	{"(a,b", 0, []string{"(a,b"}, []string{"(a,b"}},
	{"[a,b],c", 0, []string{"[a,b]", "c"}, []string{"[a,b]", "c"}},
	{"a],b", 0, []string{"a]", "b"}, []string{"a]", "b"}},
	{`")",b`, 0, []string{")", "b"}, []string{`")"`, "b"}},
}

func TestSplit(t *testing.T) {
	for _, c := range splits {
		if got := Split(c.text, c.n); !slices.Equal(got, c.plain) {
			t.Errorf("Split(%s, %d) = %q, want %q", c.text, c.n, got, c.plain)
		}
		if got := SplitRaw(c.text, c.n); !slices.Equal(got, c.withMark) {
			t.Errorf("SplitRaw(%s, %d) = %q, want %q", c.text, c.n, got, c.withMark)
		}
	}
	if At([]string{"a"}, 0) != "a" || At([]string{"a"}, 1) != "" || At(nil, 0) != "" {
		t.Error("At is wrong")
	}
}

func TestChoice(t *testing.T) {
	for _, c := range []struct {
		text            string
		unquote         bool
		condition, a, b string
	}{
		{"1?a:b", false, "1", "a", "b"},
		{" 1 ? a : b ", false, "1", "a", "b"},
		{"1?a", false, "1", "a", ""},
		{"1?:b", false, "1", "", "b"},
		{"1", false, "1", "", ""},
		{"", false, "", "", ""},
		{"?a", false, "", "a", ""},
		{"1?f(a:b):c", false, "1", "f(a:b)", "c"},
		{`"x?y"?a:b`, false, `"x?y"`, "a", "b"},
		{`"x?y"?"a:b":c`, true, "x?y", "a:b", "c"},
		{"1?a:b:c", false, "1", "a", "b:c"},
	} {
		condition, a, b := Choice(c.text, c.unquote)
		if condition != c.condition || a != c.a || b != c.b {
			t.Errorf("Choice(%s, %v) = %q, %q, %q", c.text, c.unquote, condition, a, b)
		}
	}
}

func TestNumbers(t *testing.T) {
	for text, want := range map[string]int{
		"7": 7, " \t7": 7, "-7": -7, "+7": 7, "7x": 7, "007": 7, "1.9": 1, "99999999999": MaxInt, "-99999999999": -MaxInt,
	} {
		if got, ok := Int(text); !ok || got != want {
			t.Errorf("Int(%q) = %d, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "x", "-", "+", "--1", "x7", "99999999999999999999"} {
		if got, ok := Int(text); ok {
			t.Errorf("Int(%q) = %d", text, got)
		}
	}
	for text, want := range map[string]time.Duration{
		"0": 0, "1": time.Second, " 1.5 ": 1500 * time.Millisecond, "1e-3": time.Millisecond, "1073741823": 1073741823 * time.Second,
	} {
		if got, ok := Seconds(text); !ok || got != want {
			t.Errorf("Seconds(%q) = %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "x", "-1", "1s", "NaN", "Inf", "1073741824", "1e300"} {
		if got, ok := Seconds(text); ok {
			t.Errorf("Seconds(%q) = %v", text, got)
		}
	}
	for text, want := range map[string]bool{
		"": false, " ": false, "0": false, "00": false, "-0": false, "0.5": false, "0x1": false, "+": true, "1": true, "-1": true,
		"a": true, "0a": false, "1a": true, `"0"`: true, `""`: true, ".5": true,
	} {
		if got := Truth(text); got != want {
			t.Errorf("Truth(%q) = %v", text, got)
		}
	}
}

// FuzzSplit looks for panics, for too many arguments, and for text that is lost.
func FuzzSplit(f *testing.F) {
	for _, c := range splits {
		f.Add(c.text, c.n)
	}
	f.Fuzz(func(t *testing.T, text string, n int) {
		if list := SplitRaw(text, n); strings.Join(list, ",") != text {
			t.Fatalf("%q became %q", text, list)
		}
		if list := Split(text, n); n > 0 && len(list) > n {
			t.Fatalf("%q became %q", text, list)
		}
		Choice(text, n%2 == 0)
	})
}
