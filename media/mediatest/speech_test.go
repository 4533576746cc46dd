package mediatest

import (
	"math"
	"testing"
	"time"
)

// Speech is what the measures take for it: it speaks, at its level, without a gap of its own.
func TestSpeech(t *testing.T) {
	for name, speak := range map[string]func(t testing.TB) []int16{
		"synthetic": func(t testing.TB) []int16 { return Synthetic(t, "en-us") },
		"recorded":  Recorded,
	} {
		t.Run(name, func(t *testing.T) {
			pcm := speak(t)
			near(t, "level", Level(pcm), SpeechLevel, 0.3)
			if s := len(pcm) / SpeechRate; s < 5 || s > 40 {
				t.Errorf("%d s of speech", s)
			}
			if snr := SegmentalSNR(pcm, pcm, SpeechRate); snr != 35 {
				t.Errorf("to itself it has %.1f dB", snr)
			}
			gaps, clicks := Gaps(pcm, pcm, SpeechRate, 20*time.Millisecond), Clicks(pcm, SpeechRate)
			if len(gaps) != 0 {
				t.Errorf("gaps: %v", gaps)
			}
			t.Logf("%.1f s, %d clicks of its own", float64(len(pcm))/SpeechRate, len(clicks))
			again := speak(t)
			if lag, c := Align(pcm, again, 100); lag != 0 || math.Abs(c-1) > 1e-6 || len(again) != len(pcm) {
				t.Errorf("a second time it is another: %d, %v", lag, c)
			}
		})
	}
}
