package dialplan

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// substitutionCall is a call with the variables that the cases of
// testdata/dialplan/substitutions.tsv use.
func substitutionCall(t testing.TB) *Call {
	t.Helper()
	p := plan(t, "[t]\nexten => s,1,NoOp\n", false)
	ch := &recorder{caller: CallerID{Name: "Ann", Number: "1001"}}
	c := executor(t, p, func(o *Options) {
		o.SystemName, o.EntityID = "", ""
		o.Now = func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }
	}).NewCall(ch)
	c.at = Position{"t", "s", 1}
	for _, v := range []string{
		"A=hello", "N=12345", "E=", "I=A", "P=", "ONE=1", "Lh=nested", "LIST=a:b:c:d", "DASH=x-y-z", "COMMA=1,2,3", "MIX=a1-B2.c3",
		"GLOBAL(G)=glob", "GLOBAL(SHADOW)=g", "SHADOW=c", "RAW=${A}", "ARR=1,2,3", "CNT=5", "SP=a b c", "ABA=aaaa",
		"_INH=one", "__INH2=two", "HASH(H,k)=v", "CHANNEL(state)=Ring", "CHANNEL(language)=en", "CHANNEL(channeltype)=Local",
	} {
		name, value, _ := strings.Cut(v, "=")
		if err := c.SetVar(name, value); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func TestSubstitute(t *testing.T) {
	data, err := os.ReadFile("../../testdata/dialplan/substitutions.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var c *Call
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "##") {
			c = substitutionCall(t)
			continue
		}
		fields := strings.Split(line, "\t")
		want := fields[len(fields)-1]
		got, err := Substitute(c, fields[0])
		if got != want {
			t.Errorf("%s = %q (%v), want %q", fields[0], got, err, want)
		}
	}
}

func TestSubstituteLimits(t *testing.T) {
	env := mapEnv{"BIG": strings.Repeat("x", 40<<10), "A": "1"}
	got, err := Substitute(env, "${BIG}${BIG}")
	if len(got) != maxExpansion || !errors.Is(err, errTooLong) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if got, err := Substitute(env, strings.Repeat("y", 70<<10)); len(got) != maxExpansion || !errors.Is(err, errTooLong) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	deep := strings.Repeat("${", 40) + "A" + strings.Repeat("}", 40)
	if _, err := Substitute(env, deep); !errors.Is(err, errTooDeep) {
		t.Errorf("nested 40 deep: %v", err)
	}
	for _, text := range []string{"${A", "$[1+1", "${", "$["} {
		if _, err := Substitute(env, text); err == nil {
			t.Errorf("%q is taken without an error", text)
		}
	}
}

// FuzzSubstitute looks for panics, and for results beyond the limit.
func FuzzSubstitute(f *testing.F) {
	data, err := os.ReadFile("../../testdata/dialplan/substitutions.tsv")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		text, _, _ := strings.Cut(line, "\t")
		f.Add(text)
	}
	c := substitutionCall(f)
	f.Fuzz(func(t *testing.T, text string) {
		c.budget.refill(c.Now(), c.exec.config)
		got, _ := Substitute(c, text)
		if len(got) > maxExpansion {
			t.Fatalf("%d bytes", len(got))
		}
	})
}

func FuzzEvaluate(f *testing.F) {
	for _, c := range expressionCases(f) {
		f.Add(c[0])
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, _ := Evaluate(mapEnv{}, text)
		if len(got) > len(text)+64 {
			t.Fatalf("%q became %d bytes", text, len(got))
		}
	})
}

func BenchmarkSubstitute(b *testing.B) {
	c := substitutionCall(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Substitute(c, "SIP/${EXTEN:1}@${A}-${LEN(${N})}"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEvaluate(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Evaluate(nil, `"error" != "" & 3 * 4 > 11`); err != nil {
			b.Fatal(err)
		}
	}
}
