package rates

import (
	"testing"
	"time"
)

func TestIndex(t *testing.T) {
	for i, hz := range Hz {
		if Index(hz) != i || Frame(i)*50 != hz || Frame(i) > MaxFrame || hz > Max {
			t.Errorf("%d Hz: place %d, a frame has %d samples", hz, Index(hz), Frame(i))
		}
	}
	for _, hz := range []int{0, -8000, 11025, 44100, 96000} {
		if i := Index(hz); i != -1 {
			t.Errorf("%d Hz has place %d", hz, i)
		}
	}
}

func TestSamples(t *testing.T) {
	for _, tt := range []struct {
		d    time.Duration
		hz   int
		want uint32
	}{
		{0, 8000, 0},
		{20 * time.Millisecond, 8000, 160},
		{2500 * time.Microsecond, 48000, 120},
		{time.Millisecond / 16, 16000, 1},
		{time.Millisecond/16 - 1, 16000, 0}, // whole samples only
		{time.Hour, 48000, 3600 * 48000},
		{24 * time.Hour, 48000, 24 * 3600 * 48000 % (1 << 32)},
	} {
		if got := Samples(tt.d, tt.hz); got != tt.want {
			t.Errorf("%v at %d Hz: %d samples, want %d", tt.d, tt.hz, got, tt.want)
		}
	}
}
