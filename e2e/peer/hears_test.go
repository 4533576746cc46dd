package peer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/tone"
)

// judge takes what a test would have died of.
type judge struct {
	testing.TB
	died string
}

func (j *judge) Fatalf(format string, args ...any) {
	j.died = fmt.Sprintf(format, args...)
	panic(j)
}

// A tone that lasts is found in the way of another, and one that came and went is not.
func TestHears(t *testing.T) {
	const rate = 8000
	wanted, other := tone.Sine(440, rate, 4, 8000), tone.Sine(1000, rate, 4, 800)
	for name, c := range map[string]struct {
		from, to int // where the other tone is
		died     string
	}{
		"alone":          {0, 0, ""},
		"a second of it": {0, rate, ""},
		"it lasts":       {0, 4 * rate, "1000 Hz too"},
	} {
		t.Run(name, func(t *testing.T) {
			j := &judge{TB: t}
			end := 0
			func() {
				defer func() {
					if r := recover(); r != nil && r != any(j) {
						panic(r)
					}
				}()
				peer.Hears(j, "somebody", func() ([]int16, int, error) {
					end = min(end+rate/2, 4*rate)
					pcm := append([]int16(nil), wanted[:end]...)
					for i := c.from; i < min(c.to, end); i++ {
						pcm[i] += other[i]
					}
					return pcm, rate, nil
				}, 440, 1000)
			}()
			if j.died != "" != (c.died != "") || !strings.Contains(j.died, c.died) {
				t.Errorf("died of %q, want %q", j.died, c.died)
			}
		})
	}
}
