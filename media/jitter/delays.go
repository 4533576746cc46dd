package jitter

import "time"

const (
	// bins is how many milliseconds of delay are told apart; what is later counts as
	// the last.
	bins = 320
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
)

// delays is what is known of the network: how late packets come, each against the
// earliest of the last seconds. Times are in microseconds, on any clock that goes on
// evenly.
//
// It is a histogram that forgets, with bins of a millisecond; the idea is that of
// WebRTC's NetEQ, of which nothing else is taken.
type delays struct {
	rate     int64 // RTP clock, Hz
	anchored bool
	stamp    uint32 // RTP timestamp of the last packet
	media    int64  // the same, extended, in RTP clock units

	origin int64        // transit that counts as no delay
	least  [spans]int64 // transit of each of the last spans, the present one first
	turn   int64        // when the present span ends

	bin  [bins]uint16
	sum  uint32
	aged uint32 // ms of audio since the last aging

	single uint32 // what one of the latest packets adds to a bin

	late  int32    // ms, in which all but one in missed come
	peak  [2]int64 // latest transits of the present and the last period
	until int64    // when the present period ends
}

const never = int64(-1) << 62

// reset forgets everything, for a clock.
func (d *delays) reset(rate int) { *d = delays{rate: int64(max(rate, 1))} }

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
	delay := max(transit-d.origin, 0)
	d.remember(transit, at)
	d.count(delay, max(samples*1000/uint32(d.rate), 1))
	return at - delay, d.origin - origin
}

// anchor makes a transit the one without delay.
func (d *delays) anchor(transit, at int64) {
	d.anchored, d.origin = true, transit
	for i := range d.least {
		d.least[i] = transit
	}
	d.turn = at + originMicros
	d.peak, d.until = [2]int64{transit, never}, at+peakMicros
}

// settle moves the origin to the least transit, in whole bins, and what is known with
// it. An origin may lie up to a bin below.
func (d *delays) settle() {
	least := d.least[0]
	for _, v := range d.least[1:] {
		least = min(least, v)
	}
	move := least - d.origin
	switch {
	case move < -fallMicros:
		d.origin = least
		d.peak = [2]int64{least, never}
	case move < 0:
		by := int((-move + binMicros - 1) / binMicros)
		d.origin -= int64(by) * binMicros
		d.shiftUp(by)
	case move >= binMicros:
		by := int(min(move/binMicros, bins-1))
		d.origin += move / binMicros * binMicros
		d.shiftDown(by)
	default:
		return
	}
	d.quantile()
}

// shiftUp makes everything known later by so many bins.
func (d *delays) shiftUp(by int) {
	over := uint32(0)
	for _, v := range d.bin[bins-by:] {
		over += uint32(v)
	}
	copy(d.bin[by:], d.bin[:bins-by])
	clear(d.bin[:by])
	d.bin[bins-1] = uint16(min(uint32(d.bin[bins-1])+over, 1<<16-1))
}

// shiftDown makes everything known earlier by so many bins.
func (d *delays) shiftDown(by int) {
	under := uint32(0)
	for _, v := range d.bin[:by+1] {
		under += uint32(v)
	}
	copy(d.bin[:], d.bin[by:])
	clear(d.bin[bins-by:])
	d.bin[0] = uint16(min(under, 1<<16-1))
}

// remember keeps the latest transits.
func (d *delays) remember(transit, at int64) {
	if at >= d.until {
		d.peak[1], d.peak[0], d.until = d.peak[0], transit, at+peakMicros
		return
	}
	d.peak[0] = max(d.peak[0], transit)
}

// count puts a packet of so many ms into its bin.
func (d *delays) count(delay int64, ms uint32) {
	at := int32(min(delay/binMicros, bins-1))
	ms = min(ms, agingMs)
	d.single = ms * weight
	w := min(d.single, 1<<16-1-uint32(d.bin[at]))
	d.bin[at] += uint16(w)
	d.sum += w
	if d.aged += ms; d.aged >= agingMs {
		d.age()
	}
	if at >= d.late {
		d.quantile()
	}
}

// age lets what is known fade.
func (d *delays) age() {
	d.aged, d.sum = 0, 0
	for i := range d.bin {
		if v := d.bin[i]; v > 0 {
			v = uint16(uint32(v) * agingKeeps >> 10)
			d.bin[i] = v
			d.sum += uint32(v)
		}
	}
	d.quantile()
}

// quantile works out late: the upper edge of the bin beyond which there is at most one
// in missed. Where that is little it is left to a single packet, late by chance.
func (d *delays) quantile() {
	spare := d.sum / missed
	if d.late = d.beyond(spare); d.late <= slackMicros/binMicros {
		d.late = d.beyond(max(spare, d.single))
	}
}

// beyond is the upper edge of the bin beyond which there is at most so much.
func (d *delays) beyond(spare uint32) int32 {
	at := bins - 1
	for ; at > 0; at-- {
		v := uint32(d.bin[at])
		if v > spare {
			break
		}
		spare -= v
	}
	return int32(at) + 1
}

// target is the delay that all but a few packets come within, in microseconds.
func (d *delays) target() int64 { return int64(max(d.late, 1)) * binMicros }

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
