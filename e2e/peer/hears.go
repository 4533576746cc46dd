package peer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/tone"
)

const (
	present = -40.0 // dBFS, a tone that is heard
	absent  = -60.0 // dBFS, a tone that is not
	stretch = 1.0   // seconds that are looked at
)

// Recording gives what somebody has heard so far: mono samples and their rate in
// Hz, or an error when there is nothing yet.
type Recording func() (pcm []int16, rate int, err error)

// newest is the recording in the WAV file that was changed last among those that
// match the pattern.
func newest(pattern string) Recording {
	return func() ([]int16, int, error) {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			return nil, 0, errors.Join(err, fmt.Errorf("nothing is recorded in %s", pattern))
		}
		return tone.ReadWAV(slices.MaxFunc(files, func(a, b string) int { return changed(a).Compare(changed(b)) }))
	}
}

func changed(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{} // gone since the folder was read
	}
	return info.ModTime()
}

// Hears waits until the last second of a recording has the tone of want Hz, and fails
// when it does not come. It fails also when one of the tones in not lasts: when it is in
// that second and in the next as well. In one alone it may be clicks, which have a little
// of every tone, where the machine stood still.
func Hears(t testing.TB, who string, heard Recording, want float64, not ...float64) {
	t.Helper()
	var pcm []int16
	var rate int
	unwanted := 0 // where the first second with a tone of not ends; 0 without one
	var since time.Time
	eventually(t, fmt.Sprintf("%s hears %v Hz", who, want), func() (err error) {
		pcm, rate, err = heard()
		if err != nil {
			return err
		}
		end, n := len(pcm), int(stretch*float64(rate))
		// A recording that keeps its last seconds alone grows no more: there, time tells.
		if end < unwanted+n && (unwanted == 0 || time.Since(since) < 3*time.Second) {
			return fmt.Errorf("%d samples at %d Hz so far", end, rate)
		}
		pcm = pcm[max(0, end-n):]
		if level := tone.Lasting(pcm, rate, want); level < present {
			return fmt.Errorf("%.1f dBFS, of %.1f in all", level, tone.RMS(pcm))
		}
		for _, hz := range not {
			level := tone.Lasting(pcm, rate, hz)
			switch {
			case level <= absent:
			case unwanted > 0:
				t.Fatalf("%s hears %v Hz too, at %.1f dBFS", who, hz, level)
			default:
				unwanted, since = end, time.Now()
				return fmt.Errorf("it hears %v Hz too, at %.1f dBFS", hz, level)
			}
		}
		return nil
	})
	t.Logf("%s hears %v Hz at %.1f dBFS, of %.1f in all", who, want, tone.Lasting(pcm, rate, want), tone.RMS(pcm))
}
