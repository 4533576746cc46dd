package bench

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/client"
	"github.com/skygenesisenterprise/skybridge/bench/measure"
)

func TestWorkloads(t *testing.T) {
	for _, tt := range []struct {
		w            Workload
		legs, room   int
		leg          int
		talks        bool
		others       []int
		again, legs2 int // with so many there are so many
	}{
		{OneRoom(client.PCMU, 50), 50, 50, 40, false, []int{0, 1, 2}, 77, 77},
		{OneRoom(client.PCMU, 50), 50, 50, 1, true, []int{0, 2}, 10, 10},
		{SmallRooms(client.PCMU, 47), 40, 10, 21, true, []int{20, 22, 23, 24, 25, 26, 27, 28, 29}, 38, 30},
		{Calls(client.Opus, client.PCMU, 21), 20, 0, 4, true, []int{5}, 31, 30},
		{Calls(client.PCMU, client.PCMU, 20), 20, 0, 5, true, []int{4}, 1, 2},
	} {
		t.Run(tt.w.Name, func(t *testing.T) {
			if tt.w.Legs != tt.legs || tt.w.Room != tt.room {
				t.Errorf("%d legs in rooms of %d", tt.w.Legs, tt.w.Room)
			}
			if got := tt.w.talks(tt.leg); got != tt.talks {
				t.Errorf("leg %d talks: %v", tt.leg, got)
			}
			if got := tt.w.others(tt.leg); !slices.Equal(got, tt.others) {
				t.Errorf("leg %d talks with %v", tt.leg, got)
			}
			if got := tt.w.With(tt.again); got.Legs != tt.legs2 || got.Name != tt.w.Name {
				t.Errorf("with %d: %d legs", tt.again, got.Legs)
			}
			tapped := tt.w.tapped()
			if !slices.IsSorted(tapped) || len(slices.Compact(slices.Clone(tapped))) != len(tapped) || tapped[len(tapped)-1] >= tt.w.Legs {
				t.Errorf("listens to %v", tapped)
			}
		})
	}
}

func TestMisheard(t *testing.T) {
	w := SmallRooms(client.PCMU, 20)
	mix := func(legs ...int) []int16 {
		pcm := make([]int16, 8000)
		for _, leg := range legs {
			for i, s := range measure.Sine(w.tone(leg), 8000, len(pcm), toneLevel) {
				pcm[i] += s
			}
		}
		return pcm
	}
	for name, tt := range map[string]struct {
		pcm  []int16
		want string
	}{
		"all others": {mix(0, 1, 2, 3, 4, 5, 6, 7, 8), ""},
		"three":      {mix(1, 5, 8), ""},
		"two":        {mix(1, 5), ""}, // of the loudest three it is the third
		"one":        {mix(5), "hears 1 of 9 talkers"},
		"nothing":    {nil, "hears 0 of 9 talkers"},
		"itself":     {mix(1, 5, 8, 9), "hears itself"},
	} {
		if got := misheard(&w, 19, tt.pcm, 8000); tt.want == "" && got != "" || !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// A stream's cycle comes back to its start without a jump.
func TestVoices(t *testing.T) {
	var v voices
	for _, c := range []client.Codec{client.PCMU, client.G722} {
		w := Calls(c, c, 2)
		s, err := v.of(&w, 0, 99, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Payloads) != frames || s.PayloadType != 99 || s.ClockStep != 160 {
			t.Errorf("%s: %d payloads, type %d, step %d", c.Name, len(s.Payloads), s.PayloadType, s.ClockStep)
		}
		if again, err := v.of(&w, 0, 99, 0); err != nil || again != s {
			t.Errorf("%s: made twice, %v", c.Name, err)
		}
		if other, err := v.of(&w, 1, 99, 0); err != nil || other == s {
			t.Errorf("%s: two talkers with one tone, %v", c.Name, err)
		}
	}
}

func TestSample(t *testing.T) {
	s := Sample{CPU: 10 * time.Microsecond, Share: 0.995, Gap: 40 * time.Millisecond, Memory: 1 << 20}
	if s.Carries() != 1700 || !s.Good() {
		t.Errorf("carries %d, good %v", s.Carries(), s.Good())
	}
	for _, bad := range []Sample{{Share: 0.98}, {Share: 1, Gap: 100 * time.Millisecond}} {
		if bad.Good() {
			t.Errorf("%+v is good", bad)
		}
	}
	for cpu, want := range map[time.Duration]bool{20 * time.Microsecond: false, 40 * time.Microsecond: true} {
		if s := (Sample{CPU: cpu, Legs: 400, Share: 0.5}); s.Overloaded() != want {
			t.Errorf("overloaded by %v for each of 400: %v", cpu, !want)
		}
	}
	var out strings.Builder
	if err := s.Print(&out, &Sample{CPU: 4 * time.Microsecond}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"99.50 %", "about 1700", "2.50 times", "1024.0 KiB"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}
