package webrtc

import "time"

// reception counts what arrives of the peer's present source, as a receiver
// report tells it (RFC 3550 §6.4.1, appendix A).
type reception struct {
	packets, octets uint64 // of every source

	ssrc     uint32
	started  bool
	base     uint32 // first sequence number
	highest  uint32 // highest sequence number, extended by cycles<<16
	received uint32
	jitter   float64 // in timestamp units
	clock    int     // of the latest packet
	transit  float64
	first    time.Time

	reportedExpected, reportedReceived uint32
}

// maxDisorder is how far a sequence number may jump before it counts as a new
// beginning (RFC 3550 A.1: MAX_DROPOUT, MAX_MISORDER).
const (
	maxDropout  = 3000
	maxDisorder = 100
)

func (r *reception) update(ssrc uint32, sequence uint16, stamp uint32, clock, bytes int, now time.Time) {
	r.packets++
	r.octets += uint64(bytes)
	if !r.started || ssrc != r.ssrc {
		r.begin(ssrc, sequence, now)
	}
	switch ahead := sequence - uint16(r.highest); {
	case ahead < maxDropout:
		r.highest += uint32(ahead)
	case ahead < ^uint16(0)-maxDisorder:
		r.begin(ssrc, sequence, now)
	}
	r.received++
	if clock > 0 { // the packets of one telephone-event share a timestamp
		r.spread(stamp, clock, now)
	}
}

func (r *reception) begin(ssrc uint32, sequence uint16, now time.Time) {
	packets, octets := r.packets, r.octets
	*r = reception{
		packets: packets, octets: octets,
		ssrc: ssrc, started: true, base: uint32(sequence), highest: uint32(sequence), first: now,
	}
}

// spread keeps the interarrival jitter (RFC 3550 A.8). Arrival counts from the
// first packet, so that it stays exact as a float.
func (r *reception) spread(stamp uint32, clock int, now time.Time) {
	if clock != r.clock { // another codec: another timestamp scale
		r.clock, r.transit = clock, 0
	}
	transit := now.Sub(r.first).Seconds()*float64(clock) - float64(stamp)
	if r.transit != 0 {
		d := transit - r.transit
		if d < 0 {
			d = -d
		}
		if d > 1<<31 {
			d = 0 // the timestamp wrapped
		}
		r.jitter += (d - r.jitter) / 16
	}
	r.transit = transit
}

func (r *reception) expected() uint32 { return r.highest - r.base + 1 }

// lost is the packets that did not come, which is below zero when some came twice.
func (r *reception) lost() int64 { return int64(r.expected()) - int64(r.received) }

// fraction is the share lost since the last call, in 1/256 (RFC 3550 A.3).
func (r *reception) fraction() uint8 {
	expected, received := r.expected()-r.reportedExpected, r.received-r.reportedReceived
	r.reportedExpected, r.reportedReceived = r.expected(), r.received
	if expected == 0 || received >= expected {
		return 0
	}
	return uint8((uint64(expected-received) << 8) / uint64(expected))
}

func (r *reception) jitterDuration() time.Duration {
	if r.clock == 0 {
		return 0
	}
	return time.Duration(r.jitter / float64(r.clock) * float64(time.Second))
}
