package stacks

import (
	"math"
	"os"
	"strings"
	"testing"
)

// The samples of the file were taken from a server by perf; the name of the thread is the
// place that each is to be counted as.
func TestPlaces(t *testing.T) {
	text, err := os.ReadFile("testdata/samples.txt")
	if err != nil {
		t.Fatal(err)
	}
	want, n := make(map[string]int), 0
	for sample := range strings.SplitSeq(string(text), "\n\n") {
		f, err := Read(strings.NewReader(sample))
		if err != nil || f.Samples != 1 {
			t.Fatalf("%v of %q", err, sample)
		}
		thread, _, _ := strings.Cut(sample, " 15")
		if f.places[thread] != 1 {
			t.Errorf("counted as %v:\n%s", f.places, sample)
		}
		want[thread]++
		n++
	}
	all, err := Read(strings.NewReader(string(text)))
	if err != nil || all.Samples != n {
		t.Fatalf("%v, %d samples of %d", err, all.Samples, n)
	}
	sum := 0.0
	for i, s := range all.Places() {
		if s.Name != Places()[i] || want[s.Name] == 0 || s.Part != float64(want[s.Name])/float64(n) {
			t.Errorf("%+v: %d of %d", s, want[s.Name], n)
		}
		sum += s.Part
	}
	if math.Abs(sum-1) > 1e-9 {
		t.Errorf("the parts add up to %v", sum)
	}
}

// What a function itself takes is told by its whole name.
func TestFunctions(t *testing.T) {
	const text = `skybridge 7
	ffffffff820445c2 udp_sendmsg ([kernel.kallsyms])
	583fda github.com/skygenesisenterprise/skybridge/media/rtp/internal/uring.(*Ring).Enter (/usr/bin/skybridge)

skybridge 7
	ffffffff820445c2 udp_sendmsg ([kernel.kallsyms])

skybridge 8
	587b3d github.com/skygenesisenterprise/skybridge/media/rtp.(*Exchange).read (/usr/bin/sky bridge)

skybridge 8
	59de5f github.com/skygenesisenterprise/skybridge/mixer/internal/ring.(*Queue[go.shape.struct { Kind int (8) }]).Drain (/usr/bin/skybridge)

skybridge 8
	19729 [unknown] (/usr/lib/x86_64-linux-gnu/libopus.so.0.8.0)
`
	f, err := Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	want := []Share{
		{"udp_sendmsg (kernel)", 0.4}, {"media/rtp.(*Exchange).read", 0.2},
		{"mixer/internal/ring.(*Queue[go.shape.struct { Kind int (8) }]).Drain", 0.2}, {"somewhere in libopus.so.0.8.0", 0.2},
	}
	got := f.Functions(8)
	for i := range want {
		if len(got) != len(want) || got[i] != want[i] {
			t.Fatalf("%+v, want %+v", got, want)
		}
	}
	if most := f.Functions(1); len(most) != 1 || most[0] != want[0] {
		t.Errorf("the costliest: %+v", most)
	}
}

func TestUnreadable(t *testing.T) {
	for _, bad := range []string{"\tab f (x)\n", "a 1\n\tab\n", "a 1\n\tab f\n", "a 1\n\tab f (x\n", "a 1\n\t(x)\n"} {
		if f, err := Read(strings.NewReader(bad)); err == nil {
			t.Errorf("%q: %+v", bad, f)
		}
	}
	if f, err := Read(strings.NewReader("")); err != nil || f.Samples != 0 || f.Places()[0].Part != 0 {
		t.Errorf("of nothing: %+v, %v", f, err)
	}
}

func FuzzRead(f *testing.F) {
	text, err := os.ReadFile("testdata/samples.txt")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
	f.Fuzz(func(t *testing.T, text string) {
		folded, err := Read(strings.NewReader(text))
		if err != nil {
			return
		}
		counted := 0
		for _, n := range folded.places {
			counted += n
		}
		if counted != folded.Samples {
			t.Errorf("%d samples, %d counted", folded.Samples, counted)
		}
	})
}
