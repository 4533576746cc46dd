package bench

import (
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/client"
	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/table"
)

func TestLateness(t *testing.T) {
	busy, l, err := parseLateness("12.5 1 2 3\n80.0 0 10 0\n")
	if err != nil || busy != 0.8 || !reflect.DeepEqual(l, Lateness{1, 12, 3}) {
		t.Errorf("%v %v %v", busy, l, err)
	}
	for _, bad := range []string{"x 1 2\n", "1.0\n", "1.0 1\n1.0 1 2\n", "1.0 -1\n"} {
		if _, l, err := parseLateness(bad); err == nil {
			t.Errorf("%q: %v", bad, l)
		}
	}
	if got := l.since(Lateness{1, 2, 0}); !reflect.DeepEqual(got, Lateness{0, 10, 3}) {
		t.Errorf("since: %v", got)
	}
	even := Lateness{0, 0, 50, 50} // half within 2 to 4 µs, half within 4 to 8
	for q, want := range map[float64]time.Duration{0.25: 3 * time.Microsecond, 0.5: 4 * time.Microsecond, 0.75: 6 * time.Microsecond, 1: 8 * time.Microsecond} {
		if got := even.Quantile(q); got != want {
			t.Errorf("%v: %v, want %v", q, got, want)
		}
	}
	if got := (Lateness{0, 0}).Quantile(0.5); got != 0 {
		t.Errorf("of none: %v", got)
	}
}

func TestCodecWork(t *testing.T) {
	for _, tt := range []struct {
		w    Workload
		want CodecWork
	}{
		{SmallRooms(client.Opus, 40), CodecWork{4, []CodecJob{{"opus", 3, 4, 0}}}},
		{Calls(client.Opus, client.PCMU, 20), CodecWork{10, []CodecJob{{"opus", 1, 1, 8000}, {"PCMU", 1, 1, 48000}}}},
	} {
		if got := tt.w.codecWork(); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %+v, want %+v", tt.w.Name, got, tt.want)
		}
	}
}

// Bars take medians, compare what they name, and say why there is nothing to compare.
func TestBars(t *testing.T) {
	c := &Comparison{
		Runner: &Runner{}, results: map[string][]*Sample{}, skipped: map[string]string{theJanus: "janus: not to be had here"},
		found: map[string]int{"room/skybridge": 1900},
	}
	add := func(trial, who string, us ...int) {
		for _, n := range us {
			c.results[trial+"/"+who] = append(c.results[trial+"/"+who], &Sample{
				Legs: 250, CPU: time.Duration(n) * time.Microsecond, Share: 1, Gap: 20 * time.Millisecond,
			})
		}
	}
	add(inOneRoom, theFloor, 5, 9, 6)
	add(inOneRoom, theSkybridge, 9, 8, 30)
	add(inOneRoom, theAsterisk, 80, 81, 79)
	add(opusToPCMU, theSkybridge, 120)
	add(opusToPCMU, theCodecs, 80)
	add(opusToPCMU, theRelay, 20)
	add(g722ToPCMU, theSkybridge, 60)
	add(g722ToPCMU, theAsterisk, 100)
	add(g722ToPCMU, theCodecs, 30)
	add(relayed, theSkybridge, 5)
	add(relayed, theAsterisk, 50)
	c.results[relayed+"/"+theSkybridge][0].Wrong = []string{"leg 1 hears itself", "leg 2 hears itself"}
	verdicts := make(map[string]string)
	for _, b := range c.costBars() {
		verdicts[b.Workload+", "+b.What] = b.Verdict()
	}
	for bar, want := range map[string]string{
		"G.711, one room, 3 talk, ≤ 2.0 × the floor":             "met: 1.50",
		"G.711, one room, 3 talk, ≤ 1/10 of Asterisk's":          "not met: 0.113, 12 % above",
		"G.722 ↔ G.711 calls, ≤ 1/4 of Asterisk's":               "not met: 0.600, 140 % above; the codecs alone are 0.300 of it",
		"G.722 ↔ G.711 calls, below rtpengine's":                 "not measured: there is no figure",
		"Opus ↔ G.711 calls, ≤ 1.18 × the codecs plus the relay": "not met: 1.20, 2 % above",
		"Opus, rooms of 10, all talk, ≤ 1/3 of Janus's":          "not measured: janus: not to be had here",
		"G.711 calls, relayed, ≤ 2.0 × the floor":                "not measured: there is no figure",
		"G.711 calls, relayed, ≤ 1/6 of Asterisk's":              "not valid: 0.100, but skybridge had 2 times the wrong tones",
	} {
		if verdicts[bar] != want {
			t.Errorf("%s: %q, want %q", bar, verdicts[bar], want)
		}
	}
	r := &table.Report{}
	c.rows(r, trials())
	if len(r.Rows) != 11 || r.Rows[0].CPU != 6*time.Microsecond || r.Rows[1].Carries != 1900 || !r.Rows[1].Found || r.Rows[2].Found {
		t.Errorf("%+v", r.Rows)
	}
	if got := r.Rows[2].Note; got != "of 500 it could not do" {
		t.Errorf("note %q", got)
	}
	if len(r.Skipped) != 1 || !strings.HasPrefix(r.Skipped[0], "janus: ") {
		t.Errorf("%q", r.Skipped)
	}
}

// Bars are those of parts that were wanted.
func TestBarsOfParts(t *testing.T) {
	c := &Comparison{results: map[string][]*Sample{}, skipped: map[string]string{}, Only: []string{relayed, g722ToPCMU}}
	workloads := make(map[string]int)
	for _, b := range c.costBars() {
		workloads[b.Workload]++
	}
	if want := map[string]int{"G.711 calls, relayed": 3, "G.722 ↔ G.711 calls": 3}; !reflect.DeepEqual(workloads, want) {
		t.Errorf("%v, want %v", workloads, want)
	}
}

// What was in the way of a run makes another the better one, if that kept up.
func TestDisturbed(t *testing.T) {
	quiet := Sample{Share: 0.995}
	for _, tt := range []struct {
		s      Sample
		want   string
		better bool // than the quiet one
	}{
		{Sample{Share: 1, ClientLate: 2 * time.Millisecond, Stolen: 0.02}, "", true},
		{Sample{Share: 0.99}, "", false},
		{Sample{Share: 1, ClientLate: 3500 * time.Microsecond}, "the client was 3.5 ms late", false},
		{Sample{Share: 1, Stolen: 0.03, ClientLate: time.Second}, "3 % of the core was stolen", false},
		{Sample{Share: 0.5}, "", false},
	} {
		if got := tt.s.Disturbed(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
		if got := tt.s.better(&quiet); got != tt.better {
			t.Errorf("%+v: better %v", tt.s, got)
		}
	}
}

// A run is repeated where the machine was in the way, and halved where the contestant
// cannot do it.
func TestNext(t *testing.T) {
	good := Sample{Share: 1}
	late := Sample{Share: 1, ClientLate: 3 * time.Millisecond}
	poor := Sample{Share: 0.95, Legs: 100}
	dead := Sample{Share: 0.01, Legs: 100}
	full := Sample{Share: 0.8, Legs: 100, CPU: 190 * time.Microsecond}
	for _, tt := range []struct {
		name     string
		s        *Sample
		repeated int
		halves   bool
		want     decision
	}{
		{"good", &good, 0, true, keep}, {"late", &late, 0, true, repeat}, {"late again", &late, 1, true, keep},
		{"poor", &poor, 0, true, repeat}, {"poor again", &poor, 1, true, repeat}, {"poor to the end", &poor, 2, true, keep},
		{"dead", &dead, 0, true, repeat}, {"dead again", &dead, 1, true, halve}, {"dead by half", &dead, 1, false, repeat}, {"dead to the end", &dead, 2, false, keep},
		{"full", &full, 0, true, halve}, {"full by half", &full, 0, false, keep},
	} {
		if got := tt.s.next(tt.repeated, 2, tt.halves); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// The search for the largest load closes in on it, from above and from below, and ends.
func TestBracket(t *testing.T) {
	for _, tt := range []struct {
		from, largest int
		tried         []int
		best          int
	}{
		{1000, 1000, []int{1000, 1200, 1100, 1050, 1025}, 1000},
		{1000, 1500, []int{1000, 1200, 1440, 1728, 1584, 1512, 1476}, 1476},
		{1000, 700, []int{1000, 800, 640, 720, 680, 700}, 700},
		{60, 0, []int{60, 48, 38, 30, 24, 19, 15, 12, 9, 7, 5, 4, 3, 2}, 0},
	} {
		b := bracket{next: tt.from}
		var tried []int
		for done := false; !done && len(tried) < 20; {
			n := b.next
			tried = append(tried, n)
			done = b.tried(n, n <= tt.largest)
		}
		if !slices.Equal(tried, tt.tried) || b.best != tt.best {
			t.Errorf("from %d, %d at the most: tried %v, found %d; want %v, %d", tt.from, tt.largest, tried, b.best, tt.tried, tt.best)
		}
	}
}

// Each workload has a search, others' servers with G.711 alone and with browsers.
func TestSearches(t *testing.T) {
	names := func(c *Comparison) (all []string) {
		for _, s := range c.searches() {
			all = append(all, s.name+"/"+s.who)
		}
		return all
	}
	want := []string{"room/skybridge", "rooms/skybridge", "relay/skybridge", "opus-room/skybridge", "opus-rooms/skybridge",
		"opus-PCMU/skybridge", "G722-PCMU/skybridge", "browsers/skybridge", "room/asterisk", "relay/asterisk", "relay/rtpengine", "browsers/janus"}
	if got := names(&Comparison{}); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := names(&Comparison{Only: []string{inRooms, "largest"}}); !slices.Equal(got, []string{"rooms/skybridge"}) {
		t.Errorf("of one part: %q", got)
	}
}

// What is made up for speech is no silence, has its level, and is the same each time.
func TestBabble(t *testing.T) {
	a, b := babble(), babble()
	if !reflect.DeepEqual(a, b) || len(a) != speechSeconds*speechRate {
		t.Errorf("%d and %d samples", len(a), len(b))
	}
}

// A busy worker's lateness counts where it was as busy as asked for; else another number
// of parties comes nearer.
func TestBusyEnough(t *testing.T) {
	for _, tt := range []struct {
		legs  int
		busy  float64
		right bool
		next  int
	}{
		{1000, 0.80, true, 1012}, {1000, 0.78, true, 1038}, {1000, 0.85, true, 952}, {1000, 0.66, false, 1227}, {1000, 0.90, false, 900},
		{1000, 0.2, false, 1500}, {1000, 0, false, 1500}, {20, 2, false, 13},
	} {
		right, next := busyEnough(tt.legs, tt.busy)
		if right != tt.right || next != tt.next {
			t.Errorf("%d parties, %v busy: %v, %d", tt.legs, tt.busy, right, next)
		}
	}
}

// An Asterisk that does not start is said, and is not the end of the comparison.
func TestMemoryGoesOnWithoutAsterisk(t *testing.T) {
	var said strings.Builder
	c := &Comparison{
		Runner: &Runner{Core: -1, Log: slog.New(slog.DiscardHandler)}, Asterisk: t.TempDir(), Out: &said,
		skipped: map[string]string{}, began: time.Now(),
	}
	r := &table.Report{}
	if err := c.memoryOfAsterisk(t.Context(), r, load.Plan{}); err != nil {
		t.Fatal(err)
	}
	if why := c.skipped["memory/"+theAsterisk]; why == "" || !strings.Contains(said.String(), "skipped") || len(r.How) != 0 {
		t.Errorf("%q; said %q; told %q", why, said.String(), r.How)
	}
}
