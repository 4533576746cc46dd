package bandwidth

import (
	"testing"
	"time"
)

// TestPacer sends a key frame of 120 packets: it leaves at two and a half times the estimate.
func TestPacer(t *testing.T) {
	var p Pacer
	p.SetEstimate(1_000_000)
	now := time.Hour
	p.Sent(now, 0)
	for range 120 {
		if w := p.Wait(now); w > 0 {
			now += w
			if again := p.Wait(now); again > time.Microsecond {
				t.Fatalf("it waits for %v after it has waited", again)
			}
		}
		p.Sent(now, 1200)
	}
	took := now - time.Hour
	want := time.Duration(float64((120-6)*1200*8) / 2_500_000 * float64(time.Second))
	if took < want-10*time.Millisecond || took > want+10*time.Millisecond {
		t.Errorf("took %v, want %v", took, want)
	}
	if w := p.Wait(now + time.Second); w != 0 {
		t.Errorf("waits for %v after a second", w)
	}
}
