package clip

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
)

func TestClipLimits(t *testing.T) {
	if _, err := New(7999, nil); fault.Of(err) != fault.Invalid {
		t.Errorf("a clip of 7999 Hz: %v", err)
	}
	c, err := New(44100, make([]int16, 44100))
	if err != nil {
		t.Fatal(err)
	}
	if c.Duration() != time.Second {
		t.Errorf("duration %v", c.Duration())
	}
	if err := c.Prepare(12345); fault.Of(err) != fault.Invalid {
		t.Errorf("prepare for 12345 Hz: %v", err)
	}
	if err := c.Prepare(8000); err != nil || len(c.at(rates.Index(8000))) != 8000 {
		t.Errorf("prepare for 8000 Hz: %v, %d samples", err, len(c.at(0)))
	}
}
