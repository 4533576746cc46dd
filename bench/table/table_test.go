package table

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestVerdicts(t *testing.T) {
	for want, b := range map[string]Bar{
		"met: 1.24":                       {Value: 1.24, Limit: 2},
		"not valid: 1.24, but x":          {Value: 1.24, Limit: 2, Invalid: "x"},
		"met: 2.00":                       {Value: 2, Limit: 2},
		"met: 0.0412":                     {Value: 0.0412, Limit: 0.1},
		"not met: 2.50, 25 % above":       {Value: 2.5, Limit: 2},
		"not met: 64.4 ms, 21367 % above": {Value: 64.4, Limit: 0.3, Unit: "ms"},
		"met: 0.00 KiB":                   {Limit: 8, Unit: "KiB"},
		"not met: 3.00":                   {Value: 3},
		"not measured: no Asterisk":       {Value: 1, Limit: 2, Missing: "no Asterisk"},

		"not met: 0.233, 133 % above; the floor alone is 0.140 of it":   {Value: 0.233, Limit: 0.1, Least: 0.14, LeastOf: "the floor alone is"},
		"not met: 0.714, 186 % above; the codecs alone are 0.340 of it": {Value: 0.714, Limit: 0.25, Least: 0.34, LeastOf: "the codecs alone are"},
		"not met: 0.200, 100 % above":                                   {Value: 0.2, Limit: 0.1, Least: 0.1, LeastOf: "the floor alone is"},
		"not met: 0.233, 133 % above; the floor alone is 0.140 of it; kernel sending 49 %, ours 21 %": {
			Value: 0.233, Limit: 0.1, Least: 0.14, LeastOf: "the floor alone is", Where: "kernel sending 49 %, ours 21 %"},
		"met: 0.0900": {Value: 0.09, Limit: 0.1, Least: 0.14, LeastOf: "the floor alone is"},
	} {
		if got := b.Verdict(); got != want {
			t.Errorf("%+v: %q, want %q", b, got, want)
		}
		if b.Met() != strings.HasPrefix(want, "met") {
			t.Errorf("%+v: met %v", b, b.Met())
		}
	}
}

// A figure is printed to what it is known to.
func TestMicroseconds(t *testing.T) {
	for _, tt := range []struct {
		t, step time.Duration
		want    string
	}{
		{7512 * time.Nanosecond, 0, "7.51"}, {7512 * time.Nanosecond, 1, "7.51"}, {7512 * time.Nanosecond, 30, "7.5"},
		{7512 * time.Nanosecond, 2200, "8"}, {143 * time.Microsecond, 2200, "143"}, {17512 * time.Nanosecond, 130, "17.5"}, {0, 0, "0.00"},
	} {
		if got := Microseconds(tt.t, tt.step); got != tt.want {
			t.Errorf("%v known to %v: %s, want %s", tt.t, tt.step, got, tt.want)
		}
	}
}

func report() *Report {
	return &Report{
		Machine: "2 cores of something", Date: "1 May 2026", Version: "Skybridge 1.2", How: []string{"Medians of 3 runs."},
		Rows: []Row{
			{Workload: "a room", Server: Floor, Legs: 500, CPU: 5 * time.Microsecond, Share: 1, Gap: 21 * time.Millisecond, Carries: 3400, Memory: 1 << 16},
			{Workload: "a room", Server: Skybridge, Legs: 500, CPU: 7500 * time.Nanosecond, Share: 1.002, Gap: 22 * time.Millisecond, Carries: 2100, Found: true, Memory: 2 << 16},
			{Workload: "a room", Server: "asterisk", Legs: 250, CPU: 75 * time.Microsecond, Share: 0.991, Gap: 90 * time.Millisecond, Carries: 226, Note: "of 500 it could not do"},
			{Workload: "calls", Server: "codecs", Legs: 60, CPU: 80 * time.Microsecond, Share: 1},
		},
		Forwarded: []Forwarded{
			{Workload: "video", Server: Skybridge, Runs: 3, CPU: 6050 * time.Nanosecond, PerSecond: 24165, Least: 1, Memory: 102 << 20},
			{Workload: "video", Server: "janus", Runs: 3, CPU: 14530 * time.Nanosecond, PerSecond: 22800, Least: 0.95, Memory: 36 << 20, Note: "a receiver had 95.0 % of the packets"},
		},
		Delays:  []Delay{{What: "tick lateness", Values: []Quantile{{"p50", 7 * time.Microsecond}, {"p99", 1500 * time.Microsecond}}, Note: "500 parties"}},
		Bars:    []Bar{{Workload: "a room", What: "≤ 2.0 × the floor", Value: 1.5, Limit: 2}, {Workload: "a room", What: "≤ 1/10 of Asterisk's", Value: 0.2, Limit: 0.1, Where: "kernel sending 49 %, ours 37 %"}, {Workload: "a room", What: "≤ 1/40 of Janus's", Missing: "janus: not to be had here"}},
		Skipped: []string{"janus: not to be had here"}, Splits: []string{"18432  bytes that live"},
		Profiles: []Profile{{
			Workload: "a room", Samples: 3000, Places: []Part{{"kernel sending", 0.493}, {"kernel receiving", 0.141}, {"ours", 0.366}},
			Functions: []Part{{"udp_sendmsg (kernel)", 0.123}, {"mixer/internal/room.(*Room).Run", 0.0501}},
		}}, Partial: true,
	}
}

// What is printed is what the files hold.
func TestPrint(t *testing.T) {
	var text strings.Builder
	if err := report().Text(&text); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]string{"report.txt": text.String(), "report.md.golden": report().Markdown()} {
		want, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s: printed\n%s", name, got)
		}
	}
}

// Rates are printed where there are some, and no table of costs without any.
func TestRates(t *testing.T) {
	r := Report{Machine: "m", Rates: []Rate{{
		Work: "calls", Server: Skybridge, Together: 32, Rate: 1910, Core: 2048.4, Busy: 0.93, Each: 488 * time.Microsecond,
		Middle: 14 * time.Millisecond, Tail: 63 * time.Millisecond, Done: 3800, Failed: 1, Note: "n",
	}}}
	var text strings.Builder
	if err := r.Text(&text); err != nil {
		t.Fatal(err)
	}
	const row = "| calls | skybridge | 32 | 1910 | 2048 | 488 | 93 % | 14.0 ms | 63.0 ms | 1 of 3801 | n |\n"
	if md := r.Markdown(); !strings.Contains(md, row) || strings.Contains(md, "parties") || strings.Contains(text.String(), "parties") {
		t.Errorf("%s\n%s", md, text.String())
	}
}

// What stays of each is printed where it was measured.
func TestStanding(t *testing.T) {
	r := Report{Standing: []Standing{{What: "a registered phone", Server: Skybridge, Few: 16, Many: 1024, Held: 2345.6, Resident: 3000, Goroutines: 0.004}}}
	var text strings.Builder
	if err := r.Text(&text); err != nil {
		t.Fatal(err)
	}
	const row = "| a registered phone | skybridge | 16 to 1024 | 2346 | 3000 | 0.00 | 0.00 |\n"
	if md := r.Markdown(); !strings.Contains(md, row) || !strings.Contains(text.String(), "16 to 1024") {
		t.Errorf("%s\n%s", md, text.String())
	}
}

func TestInsert(t *testing.T) {
	page := "# Title\n" + Begin + "\nold\n" + End + "\nrest\n"
	once, err := Insert(page, "new\n")
	if err != nil {
		t.Fatal(err)
	}
	if want := "# Title\n" + Begin + "\n\nnew\n\n" + End + "\nrest\n"; once != want {
		t.Errorf("%q, want %q", once, want)
	}
	if twice, err := Insert(once, "new\n"); err != nil || twice != once {
		t.Errorf("twice: %q, %v", twice, err)
	}
	for _, bad := range []string{"", Begin + "\n", End + "\n" + Begin + "\n"} {
		if _, err := Insert(bad, "new"); !errors.Is(err, ErrPage) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// What is not met is said in a line each, the farthest first; what is not valid is not
// said to be unmet.
func TestUnmet(t *testing.T) {
	r := Report{Bars: []Bar{
		{Workload: "a", What: "≤ 2", Value: 3, Limit: 2}, {Workload: "b", What: "≤ 2", Value: 1, Limit: 2},
		{Workload: "c", What: "≤ 1/2", Value: 2, Limit: 0.5}, {Workload: "d", What: "≤ 2", Value: 9, Limit: 2, Invalid: "x"},
		{Workload: "e", What: "≤ 2", Value: 9, Limit: 2, Missing: "x"},
	}}
	want := []string{"c, ≤ 1/2: not met: 2.00, 300 % above", "a, ≤ 2: not met: 3.00, 50 % above"}
	if got := r.Missed(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
