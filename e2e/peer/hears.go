package peer

import (
	"fmt"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/tone"
)

const (
	present = -40.0 // dBFS, a tone that is heard
	absent  = -60.0 // dBFS, a tone that is not
	stretch = 1.0   // seconds that are looked at
)

// Hears waits until the last second of a recording has the tone of want Hz, and
// fails when it does not come. It fails also when any of the tones in not is in
// the same second.
func Hears(t testing.TB, who string, heard func() (pcm []int16, rate int, err error), want float64, not ...float64) {
	t.Helper()
	var pcm []int16
	var rate int
	eventually(t, fmt.Sprintf("%s hears %v Hz", who, want), func() (err error) {
		pcm, rate, err = heard()
		if err != nil {
			return err
		}
		n := int(stretch * float64(rate))
		if len(pcm) < n {
			return fmt.Errorf("%d samples at %d Hz so far", len(pcm), rate)
		}
		pcm = pcm[len(pcm)-n:]
		if level := tone.Level(pcm, rate, want); level < present {
			return fmt.Errorf("%.1f dBFS, of %.1f in all", level, tone.RMS(pcm))
		}
		return nil
	})
	t.Logf("%s hears %v Hz at %.1f dBFS, of %.1f in all", who, want, tone.Level(pcm, rate, want), tone.RMS(pcm))
	for _, hz := range not {
		if level := tone.Level(pcm, rate, hz); level > absent {
			t.Errorf("%s hears %v Hz too, at %.1f dBFS", who, hz, level)
		}
	}
}
