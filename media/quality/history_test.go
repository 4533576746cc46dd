package quality

import (
	"testing"
	"time"
	"unsafe"

	"github.com/skygenesisenterprise/skybridge/media"
)

var began = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func at(second int) time.Time { return began.Add(time.Duration(second) * time.Second) }

func TestASampleIsOfItsOwnSecond(t *testing.T) {
	const ms = time.Millisecond
	var h History
	for i, c := range []struct {
		now  Counters
		want Sample
		loss float64
		mos  float64 // 0: not rated
	}{
		{Counters{Packets: 50, Jitter: 3 * ms, Delay: 40 * ms, Level: 127}, Sample{Packets: 50, Jitter: 3 * ms, Delay: 40 * ms, Level: 127}, 0, 4.38},
		{Counters{Packets: 95, Lost: 5, Concealed: 5, Level: 20}, Sample{Packets: 45, Lost: 5, Concealed: 5, Level: 20}, 0.1, 3.36},
		{Counters{Packets: 145, Lost: 5, Late: 5, Concealed: 10}, Sample{Packets: 50, Late: 5, Concealed: 5}, 0.1, 3.36},
		// What was given up has come after all: less is lost than before.
		{Counters{Packets: 197, Lost: 3, Late: 7, Concealed: 10}, Sample{Packets: 52, Late: 2}, 2.0 / 52, 4.0},
		// The party is silent, or on hold.
		{Counters{Packets: 197, Lost: 3, Late: 7, Concealed: 10}, Sample{}, 0, 0},
		{Counters{Packets: 197, Lost: 53, Late: 7, Concealed: 60}, Sample{Lost: 50, Concealed: 50}, 1, 1.16},
	} {
		h.Add(at(i), g711PLC, c.now)
		got := h.Samples()
		if len(got) != i+1 {
			t.Fatalf("%d samples after %d", len(got), i+1)
		}
		s := got[i]
		near(t, "loss", s.Loss(), c.loss, 1e-9)
		if s.Rated != (c.mos > 0) {
			t.Errorf("second %d: %+v", i, s)
		}
		near(t, "MOS", s.Score.MOS, c.mos, 0.05)
		s.Score, s.Rated = Score{}, false
		if c.want.At, c.want.BurstRatio = at(i), 1; s != c.want {
			t.Errorf("second %d: %+v, want %+v", i, s, c.want)
		}
	}
}

func TestAMinuteIsKept(t *testing.T) {
	var h History
	if s := h.Samples(); len(s) != 0 {
		t.Errorf("of nothing: %+v", s)
	}
	for i := range 3*Length + 7 {
		h.Add(at(i), g711PLC, Counters{Packets: uint64(i) * 50})
	}
	got := h.Samples()
	if len(got) != Length {
		t.Fatalf("%d samples", len(got))
	}
	for i, s := range got {
		if !s.At.Equal(at(2*Length + 7 + i)) {
			t.Errorf("sample %d is of %v", i, s.At)
		}
	}
}

func TestAnotherStreamBeginsFromNothing(t *testing.T) {
	var h History
	h.Add(at(0), g711PLC, Counters{Packets: 5000, Lost: 100})
	h.Restart()
	h.Add(at(1), amrWB, Counters{Packets: 50, Lost: 2})
	got := h.Samples()
	if s := got[1]; s.Packets != 50 || s.Lost != 2 || s.Score.Band != media.Wideband {
		t.Errorf("%+v", s)
	}
	h.Add(at(2), media.Impairment{}, Counters{Packets: 100, Lost: 2})
	if s := h.Samples()[2]; s.Rated || s.Packets != 50 {
		t.Errorf("of an unknown codec: %+v", s)
	}
}

// What the party reports is kept, half the round trip is delay, and losses in a row cost
// more than losses at random.
func TestRemoteAndBursts(t *testing.T) {
	const ms = time.Millisecond
	rate := func(trip time.Duration, runs uint32) Sample {
		var h History
		h.Add(at(0), g711PLC, Counters{
			Packets: 900, Lost: 100, Delay: 40 * ms, Runs: Runs{Packets: 1000, Lost: 100, Number: runs},
			Remote: Remote{RoundTrip: trip, Reported: true, Loss: 0.25, Jitter: 7 * ms},
		})
		return h.Samples()[0]
	}
	s := rate(80*ms, 90)
	if s.Remote != (Remote{RoundTrip: 80 * ms, Reported: true, Loss: 0.25, Jitter: 7 * ms}) || s.BurstRatio != 1 {
		t.Errorf("%+v", s)
	}
	if far := rate(500*ms, 90); far.Score.R > s.Score.R-10 {
		t.Errorf("R is %.1f over a quarter of a second, %.1f over 40 ms", far.Score.R, s.Score.R)
	}
	rows := rate(80*ms, 30)
	near(t, "burst ratio", rows.BurstRatio, 3, 1e-6)
	if rows.Score.R > s.Score.R-2 {
		t.Errorf("R is %.1f in bursts, %.1f at random", rows.Score.R, s.Score.R)
	}
}

// The burst ratio is of the last time only.
func TestBurstsAreForgotten(t *testing.T) {
	var h History
	runs := Runs{Packets: 50, Lost: 10, Number: 2}
	h.Add(at(0), g711PLC, Counters{Packets: 50, Runs: runs})
	near(t, "burst ratio", h.Samples()[0].BurstRatio, 4, 1e-6)
	for i := range Length {
		runs.Packets, runs.Lost, runs.Number = runs.Packets+50, runs.Lost+1, runs.Number+1
		h.Add(at(i+1), g711PLC, Counters{Packets: 50, Runs: runs})
	}
	near(t, "burst ratio a minute later", h.Samples()[Length-1].BurstRatio, 1, 0.1)
}

func TestSize(t *testing.T) {
	if n := unsafe.Sizeof(record{}); n > 48 {
		t.Errorf("a record has %d bytes", n)
	}
}

func BenchmarkHistoryAdd(b *testing.B) {
	b.ReportAllocs()
	var h History
	for i := range b.N {
		h.Add(began, g711PLC, Counters{Packets: uint64(i) * 50, Lost: int64(i)})
	}
}
