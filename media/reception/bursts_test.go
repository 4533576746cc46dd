package reception

import (
	"math"
	"strings"
	"testing"
	"time"
)

// take lets a Stream receive what a pattern says, a letter for each packet: r received,
// l lost, d too late. 64 more are received so that all of it is settled.
func take(s *Stream, pattern string) {
	for i, c := range pattern + strings.Repeat("r", 64) {
		if c == 'l' {
			continue
		}
		receive(s, 9, 0, uint16(i))
		if c == 'd' {
			s.Discard(s.highest)
		}
	}
}

func TestBursts(t *testing.T) {
	r := func(n int) string { return strings.Repeat("r", n) }
	for _, tt := range []struct {
		name, pattern         string
		lost, discarded, runs uint32
		burst, gap            float64
		burstFor, gapFor      time.Duration
	}{
		{"nothing lost", r(50), 0, 0, 0, 0, 0, 0, 50 * 20 * time.Millisecond},
		// A burst of llrl between gaps of 40 and of 30, as RFC 3611 A.2 computes it:
		// c11 = 40 + 30, c13 = 2 (the burst, and the loss that ends the second gap),
		// c22 = 0, c23 = 1, c33 = 1.
		{"a burst", r(40) + "llrl" + r(30) + "l", 4, 0, 3, 1 / (1 + 1.0/4), 0, (5 * 20 * time.Millisecond) / 2, (72 * 20 * time.Millisecond) / 2},
		{"alone", r(40) + "l" + r(40) + "l" + r(40) + "l", 3, 0, 3, 1, 2.0 / 122, 20 * time.Millisecond, 123 * 20 * time.Millisecond},
		{"late", r(20) + "ddr" + r(20), 0, 2, 1, 1, 0, 40 * time.Millisecond, 42 * 20 * time.Millisecond},
		{"many in a row", r(30) + strings.Repeat("l", 100) + r(30), 100, 0, 1, 1, 0, 100 * 20 * time.Millisecond, 61 * 20 * time.Millisecond},
	} {
		var s Stream
		take(&s, tt.pattern)
		b := s.Bursts()
		if b.Lost() != tt.lost || b.Discarded() != tt.discarded || b.Runs() != tt.runs || int(b.Packets()) != len(tt.pattern) {
			t.Errorf("%s: %d lost, %d late, %d runs, %d packets: %v", tt.name, b.Lost(), b.Discarded(), b.Runs(), b.Packets(), b)
		}
		// The gap under way counts.
		burst, gap := b.Density()
		if math.Abs(burst-tt.burst) > 1e-9 || math.Abs(gap-tt.gap) > 1e-3 {
			t.Errorf("%s: densities %v, %v", tt.name, burst, gap)
		}
		burstFor, gapFor := b.Durations(20 * time.Millisecond)
		if (burstFor-tt.burstFor).Abs() > time.Millisecond || (gapFor-tt.gapFor).Abs() > time.Millisecond {
			t.Errorf("%s: durations %v, %v", tt.name, burstFor, gapFor)
		}
	}
}
