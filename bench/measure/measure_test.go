package measure

import (
	"math"
	"testing"
	"time"
)

const ms = int64(time.Millisecond)

func TestReception(t *testing.T) {
	type packet struct {
		sequence uint16
		at       int64
	}
	every20 := func(sequences ...uint16) (all []packet) {
		for i, s := range sequences {
			all = append(all, packet{s, 20 * ms * int64(i)})
		}
		return all
	}
	for name, tt := range map[string]struct {
		packets []packet
		want    Reception
	}{
		"none":       {nil, Reception{}},
		"one":        {every20(7), Reception{Packets: 1}},
		"in order":   {every20(7, 8, 9), Reception{Packets: 3, Largest: 20 * time.Millisecond}},
		"round":      {every20(65534, 65535, 0, 1), Reception{Packets: 4, Largest: 20 * time.Millisecond}},
		"lost":       {every20(1, 2, 5, 6), Reception{Packets: 4, Lost: 2, Largest: 20 * time.Millisecond}},
		"reordered":  {every20(1, 3, 2, 4), Reception{Packets: 4, Largest: 20 * time.Millisecond}},
		"begun anew": {every20(1, 2, 30000, 30001), Reception{Packets: 4, Restarts: 1, Largest: 20 * time.Millisecond}},
		"a pause": {
			[]packet{{1, 0}, {2, 20 * ms}, {3, 160 * ms}, {4, 160 * ms}},
			Reception{Packets: 4, Largest: 140 * time.Millisecond},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var r Reception
			for i, p := range tt.packets {
				if _, known := r.Add(p.sequence, p.at); known != (i > 0) {
					t.Errorf("packet %d: gap known: %v", i, known)
				}
			}
			r.last, r.next, r.started = 0, 0, false
			if r != tt.want {
				t.Errorf("%+v, want %+v", r, tt.want)
			}
		})
	}
}

func TestHistogram(t *testing.T) {
	var h Histogram
	if got := h.Quantile(0.99); got != 0 {
		t.Errorf("of none: %v", got)
	}
	for i := range 99 {
		h.Add(20*time.Millisecond + time.Duration(i)*time.Microsecond)
	}
	var other Histogram
	other.Add(3 * time.Second)
	h.Merge(&other)
	for q, want := range map[float64]time.Duration{0.5: 21 * time.Millisecond, 0.99: 21 * time.Millisecond, 1: 3 * time.Second} {
		if got := h.Quantile(q); got != want {
			t.Errorf("%v: %v, want %v", q, got, want)
		}
	}
	h.Add(-time.Second)
	h.Add(time.Hour)
	if h.Count != 102 || h.Max != time.Hour || h.Quantile(1) != 10*time.Second {
		t.Errorf("%d, max %v, all within %v", h.Count, h.Max, h.Quantile(1))
	}
}

func TestMedian(t *testing.T) {
	for _, tt := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5}} {
		if got := Median(tt.values); got != tt.want {
			t.Errorf("%v: %v, want %v", tt.values, got, tt.want)
		}
	}
	values := []time.Duration{5, 1, 3, 2, 4}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 3, 0.99: 5, 1: 5} {
		if got := Quantile(values, q); got != want {
			t.Errorf("%v of %v: %v, want %v", q, values, got, want)
		}
	}
}

func TestTone(t *testing.T) {
	const rate = 8000
	pcm := Sine(569, rate, rate, -20)
	for i, s := range Sine(691, rate, rate, -30) {
		pcm[i] += s
	}
	for hz, want := range map[float64]float64{569: -20, 691: -30} {
		if got := Tone(pcm, rate, hz, 0.5); math.Abs(got-want) > 0.1 {
			t.Errorf("%v Hz: %.2f dBFS, want %v", hz, got, want)
		}
	}
	for _, hz := range []float64{310, 467, 823, 1487} {
		if got := Tone(pcm, rate, hz, 0.5); got > -80 {
			t.Errorf("%v Hz, which is not there: %.1f dBFS", hz, got)
		}
	}
	clear(pcm[2000:2400]) // costs a window or two, not the tone
	if got := Tone(pcm, rate, 569, 0.5); math.Abs(got+20) > 0.5 {
		t.Errorf("with a gap: %.2f dBFS", got)
	}
	clear(pcm[:6*rate/10]) // silent most of the time
	if half, some := Tone(pcm, rate, 569, 0.5), Tone(pcm, rate, 569, 0.25); half > -80 || math.Abs(some+20) > 0.5 {
		t.Errorf("with a pause: %.1f dBFS half of the time, %.1f a quarter of it", half, some)
	}
	if got := Tone(nil, rate, 569, 0.5); got != Silence {
		t.Errorf("of nothing: %v", got)
	}
	if got := RMS(Sine(569, rate, rate, -20)); math.Abs(got+20) > 0.01 {
		t.Errorf("RMS %v", got)
	}
}

func TestLatencies(t *testing.T) {
	quiet, loud := make([]int16, 160), make([]int16, 160)
	for i := range loud {
		loud[i] = 8000
	}
	late := append(append([]int16(nil), quiet[:40]...), loud[:120]...) // 5 ms into the packet
	packets := []Heard{
		{0, quiet}, {20 * ms, quiet}, {40 * ms, late}, {60 * ms, loud}, {80 * ms, quiet},
		{520 * ms, loud}, {540 * ms, quiet}, {1040 * ms, quiet}, {1900 * ms, loud},
	}
	marks := []Mark{{Leg: 1, At: 30 * ms}, {Leg: 2, At: 515 * ms}, {Leg: 3, At: 1030 * ms}, {Leg: 0, At: 1890 * ms}}
	found, missed := Latencies(marks, 0, packets, 8000, 1000)
	if len(found) != 2 || found[0] != 15*time.Millisecond || found[1] != 5*time.Millisecond || missed != 1 {
		t.Errorf("%v, %d missed; want 15 ms and 5 ms, 1 missed", found, missed)
	}
}
