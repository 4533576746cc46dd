package jitter

import "time"

const (
	// bins is how many milliseconds of delay are told apart, as many as a buffer of the
	// usual cap can aim for; what is later counts as the last.
	bins = 280
	// missed is the part of packets, one in so many, that the target lets come late.
	missed = 200
	// weight is what a millisecond of audio counts in its bin. With agingKeeps of it
	// left after each agingMs a bin holds at most weight · 4 s: it fits 16 bits.
	weight = 12
	// agingMs is how much audio comes between two agings, after each of which
	// agingKeeps/1024 of what is known is left: it halves in 2.7 s.
	agingMs    = 320
	agingKeeps = 942

	// originMicros is how long one of the spans is whose least transits are kept: the
	// origin is that of the last two seconds.
	originMicros = 500_000
	spans        = 4
	// peakMicros is how long the latest packet is remembered, at least; at most twice.
	peakMicros = 5_000_000

	// jumpMicros is a change of the transit that is no delay: timestamps jumped.
	jumpMicros = 1_000_000
	// fallMicros is how much earlier packets may come all at once and still be the
	// same path. Beyond, what is known of the jitter counts from the new origin.
	fallMicros = 40_000

	binMicros = 1000
	// narrowMicros tells the delays of a line apart that has hardly any jitter. There the
	// target is what counts: whose packets come by less than that before the frame waits
	// 20 ms for the next. The last of narrowBins is beyond slackMicros.
	narrowMicros = 250
	narrowBins   = 24
)

// delays is what is known of the network: how late packets come, each against the
// earliest of the last seconds. Times are in microseconds, on any clock that goes on
// evenly.
//
// It is a histogram that forgets, with bins of a millisecond, and another with narrow ones
// for where there is little; the idea is that of WebRTC's NetEQ, of which nothing else is
// taken.
type delays struct {
	rate     int64 // RTP clock, Hz
	anchored bool
	stamp    uint32 // RTP timestamp of the last packet
	media    int64  // the same, extended, in RTP clock units

	origin int64        // transit that counts as no delay
	base   int64        // the same, to a narrow bin
	least  [spans]int64 // transit of each of the last spans, the present one first
	turn   int64        // when the present span ends

	wide   [bins]uint16       // from origin
	narrow [narrowBins]uint16 // from base
	sum    uint32             // of wide
	aged   uint32             // ms of audio since the last aging

	single uint32 // what one of the latest packets adds to a bin

	late  int64    // beyond origin, in which all but one in missed come
	peak  [2]int64 // latest transits of the present and the last period
	until int64    // when the present period ends
}

const never = int64(-1) << 62

// reset forgets everything, for a clock.
func (d *delays) reset(rate int) { *d = delays{rate: int64(max(rate, 1)), late: binMicros} }

// lose forgets the path's length, as for another stream of the same network.
func (d *delays) lose() { d.anchored = false }

// observe takes a packet's RTP timestamp, length in clock units, and arrival. It
// gives when it would have come without any delay, and by how much that is later now
// than it was thought of those before.
func (d *delays) observe(stamp, samples uint32, at int64) (nominal, moved int64) {
	if d.anchored {
		d.media += int64(int32(stamp - d.stamp))
	}
	d.stamp = stamp
	transit := at - d.media*1_000_000/d.rate
	origin := d.origin
	switch delay := transit - d.origin; {
	case !d.anchored, delay > jumpMicros, delay < -jumpMicros:
		d.anchor(transit, at)
		origin = transit
	case at >= d.turn+spans*originMicros: // after a pause
		for i := range d.least {
			d.least[i] = transit
		}
		d.turn = at + originMicros
		d.settle()
	case at >= d.turn:
		copy(d.least[1:], d.least[:])
		d.least[0], d.turn = transit, at+originMicros
		d.settle()
	case transit < d.least[0]:
		d.least[0] = transit
		d.settle()
	}
	d.remember(transit, at)
	d.count(transit, max(samples*1000/uint32(d.rate), 1))
	return at - max(transit-d.origin, 0), d.origin - origin
}

// anchor makes a transit the one without delay.
func (d *delays) anchor(transit, at int64) {
	d.anchored, d.origin, d.base = true, transit, transit
	for i := range d.least {
		d.least[i] = transit
	}
	d.turn = at + originMicros
	d.peak, d.until = [2]int64{transit, never}, at+peakMicros
}

// settle moves the origins to the least transit, in whole bins, and what is known with
// them. An origin may lie up to a bin below.
func (d *delays) settle() {
	least := d.least[0]
	for _, v := range d.least[1:] {
		least = min(least, v)
	}
	if least-d.origin < -fallMicros {
		d.origin, d.base = least, least
		d.peak = [2]int64{least, never}
		d.quantile()
		return
	}
	wide, narrow := move(d.wide[:], &d.origin, least, binMicros), move(d.narrow[:], &d.base, least, narrowMicros)
	if wide || narrow {
		d.quantile()
	}
}

// move moves a histogram with bins of some width from an origin to another.
func move(h []uint16, origin *int64, to, width int64) bool {
	switch by := to - *origin; {
	case by < 0:
		n := (-by + width - 1) / width
		*origin -= n * width
		shiftLater(h, int(n))
	case by >= width:
		*origin += by / width * width
		shiftEarlier(h, int(min(by/width, bins)))
	default:
		return false
	}
	return true
}

// remember keeps the latest transits.
func (d *delays) remember(transit, at int64) {
	if at >= d.until {
		d.peak[1], d.peak[0], d.until = d.peak[0], transit, at+peakMicros
		return
	}
	d.peak[0] = max(d.peak[0], transit)
}

// count puts a packet of so many ms where it belongs.
func (d *delays) count(transit int64, ms uint32) {
	ms = min(ms, agingMs)
	d.single = ms * weight
	delay := max(transit-d.origin, 0)
	d.sum += put(d.wide[:], delay/binMicros, d.single)
	put(d.narrow[:], max(transit-d.base, 0)/narrowMicros, d.single)
	if d.aged += ms; d.aged >= agingMs {
		d.aged = 0
		d.sum = fade(d.wide[:])
		fade(d.narrow[:])
		d.quantile()
	} else if delay >= d.late {
		d.quantile()
	}
}

// quantile works out late. Where that is little it is left to a single packet, late by
// chance, and told to a narrow bin.
func (d *delays) quantile() {
	spare := d.sum / missed
	if d.late = beyond(d.wide[:], spare) * binMicros; d.late <= slackMicros {
		d.late = d.base - d.origin + beyond(d.narrow[:], max(spare, d.single))*narrowMicros
	}
}

// target is the delay that all but a few packets come within, in microseconds.
func (d *delays) target() int64 { return d.late }

// spread is how much of target the packets' differences make.
func (d *delays) spread() int64 { return d.late - (d.base - d.origin + narrowMicros) }

// grain is what the target changes by, at least.
func (d *delays) grain() int64 {
	if d.late > slackMicros {
		return binMicros
	}
	return narrowMicros
}

// recent is the delay of the latest packet of late, in microseconds.
func (d *delays) recent() int64 {
	if !d.anchored {
		return 0
	}
	return max(max(d.peak[0], d.peak[1])-d.origin, 0)
}

// micros is a duration in RTP clock units.
func (d *delays) micros(samples uint32) int64 { return int64(samples) * 1_000_000 / d.rate }

// inMicros is a moment or duration in microseconds.
func inMicros(d time.Duration) int64 { return int64(d / time.Microsecond) }
