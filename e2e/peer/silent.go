package peer

import (
	"fmt"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/tone"
)

// Silent waits until the last second of a recording lacks the tone of hz Hz.
func Silent(t testing.TB, who string, heard Recording, hz float64) {
	t.Helper()
	eventually(t, fmt.Sprintf("%s does not hear %v Hz", who, hz), func() error {
		pcm, rate, err := heard()
		if err != nil {
			return err
		}
		n := int(stretch * float64(rate))
		if len(pcm) < n {
			return fmt.Errorf("%d samples at %d Hz so far", len(pcm), rate)
		}
		if level := tone.Level(pcm[len(pcm)-n:], rate, hz); level > absent {
			return fmt.Errorf("%.1f dBFS", level)
		}
		return nil
	})
}
