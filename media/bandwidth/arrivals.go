package bandwidth

import (
	"encoding/binary"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

const (
	// kept is how far back arrivals are kept.
	kept = 2048
	// perFeedback is how many packets one feedback is about at most: so it stays below a
	// datagram of 1,200 bytes even if each needs a large delta.
	perFeedback = 400
	// every is how often feedback is sent.
	every = 100 * time.Millisecond

	tick      = 250 * time.Microsecond // of deltas (§3.1.5)
	reference = 64 * time.Millisecond  // of the reference time
)

// The symbols of a packet's status (§3.1.1).
const (
	notReceived = iota
	smallDelta
	largeDelta
)

// Arrivals is when packets with transport-wide numbers came from one sender.
type Arrivals struct {
	at      [kept]time.Duration // of number n at n%kept; 0 is one that did not come
	next    uint32              // extended number that feedback goes on with
	highest uint32
	began   bool
	count   uint8 // of feedback packets
	told    time.Duration
	symbols [perFeedback]uint8
	deltas  [perFeedback]int16
}

// Record takes note of a packet.
func (a *Arrivals) Record(now time.Duration, number uint16) {
	now = max(now, 1)
	if !a.began {
		a.began = true
		a.highest = 1<<16 | uint32(number)
		a.next, a.told = a.highest, now
		a.at[a.highest%kept] = now
		return
	}
	ext := a.highest + uint32(int32(int16(number-uint16(a.highest))))
	switch d := int32(ext - a.highest); {
	case d <= -kept: // it has nothing to tell any more
		return
	case d > kept: // the sender began elsewhere
		clear(a.at[:])
		a.highest, a.next = ext, ext
	case d > 0:
		for n := a.highest + 1; n != ext; n++ {
			a.at[n%kept] = 0
		}
		a.at[ext%kept] = 0
		a.highest = ext
		if a.highest-a.next >= kept {
			a.next = a.highest - kept + 1
		}
	}
	at := &a.at[ext%kept]
	if *at != 0 {
		return // twice
	}
	*at = now
	if int32(ext-a.next) < 0 {
		a.next = ext // told of as lost; it is told of again
	}
}

// Feedback adds to dst the feedback that is due, to the sender of a stream, any of the
// transport's. It adds nothing if none is.
func (a *Arrivals) Feedback(now time.Duration, ssrc, media uint32, dst []byte) []byte {
	if !a.began || now-a.told < every && a.highest-a.next < perFeedback/2 {
		return dst
	}
	a.told = now
	for int32(a.highest-a.next) >= 0 {
		came := a.next // the newest did
		for a.at[came%kept] == 0 {
			came++
		}
		if came-a.next >= perFeedback { // a break: the end of it says enough
			a.next = came - perFeedback/2
		}
		dst = a.one(ssrc, media, a.at[came%kept]/reference, dst)
	}
	return dst
}

// one adds one feedback packet, of as many packets as fit, with a reference time.
func (a *Arrivals) one(ssrc, media uint32, ref time.Duration, dst []byte) []byte {
	base := a.next
	last, n := ref*reference, 0
	for ; n < perFeedback && int32(a.highest-a.next) >= 0; n++ {
		at := a.at[a.next%kept]
		if at == 0 {
			a.symbols[n] = notReceived
			a.next++
			continue
		}
		d := (at - last) / tick
		if d != time.Duration(int16(d)) {
			break // too far from the one before: another feedback begins with it
		}
		a.symbols[n], a.deltas[n] = smallDelta, int16(d)
		if d < 0 || d > 255 {
			a.symbols[n] = largeDelta
		}
		last += d * tick
		a.next++
	}
	return a.write(ssrc, media, uint16(base), n, uint32(ref), dst)
}

// write adds the packet (§3.1).
func (a *Arrivals) write(ssrc, media uint32, base uint16, n int, ref uint32, dst []byte) []byte {
	start := len(dst)
	dst = append(dst, 2<<6|rtp.FormatTransportWide, rtp.TransportFeedback, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, ssrc)
	dst = binary.BigEndian.AppendUint32(dst, media)
	dst = binary.BigEndian.AppendUint16(dst, base)
	dst = binary.BigEndian.AppendUint16(dst, uint16(n))
	dst = append(dst, byte(ref>>16), byte(ref>>8), byte(ref), a.count)
	a.count++
	for i := 0; i < n; {
		var chunk uint16
		var took int
		chunk, took = a.chunk(i, n)
		dst = binary.BigEndian.AppendUint16(dst, chunk)
		i += took
	}
	for i := range n {
		switch a.symbols[i] {
		case smallDelta:
			dst = append(dst, byte(a.deltas[i]))
		case largeDelta:
			dst = binary.BigEndian.AppendUint16(dst, uint16(a.deltas[i]))
		}
	}
	for (len(dst)-start)%4 != 0 { // zeros that no packet has a status for, not RTP's padding
		dst = append(dst, 0)
	}
	binary.BigEndian.PutUint16(dst[start+2:], uint16((len(dst)-start)/4-1))
	return dst
}

// chunk is the shortest description of the symbols from i on (§3.1.3, §3.1.4), and of how many
// it is.
func (a *Arrivals) chunk(i, n int) (chunk uint16, took int) {
	run := 1
	for i+run < n && a.symbols[i+run] == a.symbols[i] {
		run++
	}
	bits := 0 // how many fit a vector of one bit each
	for bits < 14 && i+bits < n && a.symbols[i+bits] != largeDelta {
		bits++
	}
	switch {
	case run >= 14 || i+run == n || run > 7 && run >= bits:
		return uint16(a.symbols[i])<<13 | uint16(run), run
	case bits >= 14 || i+bits == n:
		chunk = 1 << 15
		for k := range bits {
			chunk |= uint16(a.symbols[i+k]) << (13 - k)
		}
		return chunk, bits
	}
	chunk = 3 << 14
	for k := 0; k < 7 && i+k < n; k++ {
		chunk |= uint16(a.symbols[i+k]) << (12 - 2*k)
		took++
	}
	return chunk, took
}
