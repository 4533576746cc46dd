package measure

import (
	"slices"
	"time"
)

// Mark is the beginning of a sound in what a leg sends. It is at the start of a packet.
type Mark struct {
	Leg int
	// At is when the packet was sent, in nanoseconds.
	At int64
}

// Heard is a packet that a leg received, decoded.
type Heard struct {
	At  int64 // of arrival, in nanoseconds
	PCM []int16
}

// Beyond is how long a mark is looked for.
const Beyond = 400 * time.Millisecond

// Latencies is how long after each mark a leg heard it: from the sample in the packet
// that was sent to the same sample in the packet that came. A mark is where a sample
// exceeds threshold for the first time; marks of the leg itself are passed over, those
// that are not heard are counted. packets are in the order of their arrival, what they
// hold at a rate in Hz.
func Latencies(marks []Mark, leg int, packets []Heard, rate int, threshold int16) (found []time.Duration, missed int) {
	for _, m := range marks {
		if m.Leg == leg {
			continue
		}
		first, _ := slices.BinarySearchFunc(packets, m.At, func(p Heard, at int64) int { return int(min(1, max(-1, p.At-at))) })
		if at, ok := onset(packets[first:], m.At+int64(Beyond), rate, threshold); ok {
			found = append(found, time.Duration(at-m.At))
		} else {
			missed++
		}
	}
	return found, missed
}

// onset is when the first sample over the threshold is due.
func onset(packets []Heard, until int64, rate int, threshold int16) (at int64, ok bool) {
	for _, p := range packets {
		if p.At > until {
			break
		}
		for i, s := range p.PCM {
			if s > threshold || s < -threshold {
				return p.At + int64(i)*int64(time.Second)/int64(rate), true
			}
		}
	}
	return 0, false
}
