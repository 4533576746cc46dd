package meeting

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/bench/measure"
)

// A camera that stands still is missed as one of which packets are lost, and one that is a frame
// short at an end of the time is not.
func TestShare(t *testing.T) {
	for _, tt := range []struct {
		came, lost uint64
		want       float64
	}{{1000, 0, 1}, {960, 0, 1}, {1040, 0, 1}, {990, 10, 0.99}, {950, 50, 0.95}, {500, 0, 0.5}, {0, 0, 0}} {
		if got := share(&measure.Reception{Packets: tt.came, Lost: tt.lost}, 1000); got != tt.want {
			t.Errorf("%d came of 1000, %d are missing: %v, want %v", tt.came, tt.lost, got, tt.want)
		}
	}
}
