package mixer

import (
	"testing"
	"time"
)

// Ended workers do what each asks of the other, and no round more than that; what never ends
// is given up.
func TestFinish(t *testing.T) {
	asked, rounds := 3, 0
	first := func() bool { rounds++; return false }
	second := func() bool { asked--; return asked > 0 }
	if err := finish(time.Hour, first, second); err != nil || asked != 0 || rounds != 3 {
		t.Errorf("%v after %d rounds, %d left", err, rounds, asked)
	}
	if err := finish(time.Millisecond, func() bool { return true }); err == nil {
		t.Error("what never ends has ended")
	}
}
