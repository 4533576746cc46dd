package forward

import "time"

// timeline makes the time stamps of a source's layers those of one stream.
type timeline struct {
	offset uint32 // added to the layer's time stamps
	// The newest frame that was sent: its layer and time stamp there, the one here, and
	// when it came.
	ever    bool
	layer   int8
	src     uint32
	out     uint32
	arrival time.Duration
}

const (
	// leastStep is how much later the first frame of a layer is than the last of another one
	// that shows the same moment or a later one, of clockRate: a millisecond.
	leastStep = clockRate / 1000
	// farOff is how far the sender's clock and the arrival of frames may differ.
	farOff = clockRate
)

// begin goes on with a key frame of whatever layer: by the sender's clock where its reports
// tell that, else by when frames came.
func (t *timeline) begin(s *Source, layer int8, p *packet, first uint32) {
	l := &s.layers[layer]
	next := first
	if t.ever {
		passed := int32(min(p.arrival-t.arrival, time.Hour) * clockRate / time.Second)
		if before := &s.layers[t.layer]; l.reported && before.reported {
			by := int32(p.timestamp + l.toNTP - t.src - before.toNTP)
			if d := by - passed; d < farOff && d > -farOff {
				passed = by
			}
		}
		next = t.out + uint32(max(passed, leastStep))
	}
	t.offset = next - p.timestamp
}

// newest takes note of the newest frame.
func (t *timeline) newest(layer int8, p *packet) {
	if t.ever && t.layer == layer && p.timestamp == t.src {
		return
	}
	t.ever, t.layer = true, layer
	t.src, t.out, t.arrival = p.timestamp, p.timestamp+t.offset, p.arrival
}

// map32 is a time stamp of the layer as it goes out.
func (t *timeline) map32(timestamp uint32) uint32 { return timestamp + t.offset }

// at is the time stamp of a moment, by when the last frame came.
func (t *timeline) at(now time.Duration) uint32 {
	return t.out + uint32(int64(now-t.arrival)*clockRate/int64(time.Second))
}
