package mixer

import (
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// sender is the numbering of one outgoing RTP stream (RFC 3550 §5.1): whatever a
// leg's packets come from, they leave as one stream without a break.
//
// Timestamps are a function of the tick, so a pause needs no bookkeeping: base is
// the timestamp at tick 0. Only relayed packets have timestamps of their own;
// when the relay ends, base is set anew from the last of them.
type sender struct {
	ssrc uint32
	base uint32
	unit uint32 // of the RTP clock in one tick
	seq  uint16 // of the next packet

	lastTS   uint32 // of the last packet
	lastEnd  uint32 // the timestamp that follows its audio
	lastTick int64  // 0 before the first packet
	lastWall int64  // unix nanoseconds

	packets, bytes uint64
}

// setClock changes the RTP clock, in Hz. The timestamp of now stays what it was.
func (s *sender) setClock(hz int, tick int64) {
	unit := uint32(int64(hz) / ticksPerSec)
	if unit == s.unit {
		return
	}
	at := s.at(tick)
	s.unit = unit
	s.base = at - uint32(tick)*unit
}

// at is the timestamp of the frame that begins at a tick.
func (s *sender) at(tick int64) uint32 { return s.base + uint32(tick)*s.unit }

// anchor continues from the last packet, by the time that has passed since. It is
// for the moment when packets with other timestamps end.
func (s *sender) anchor(tick int64) {
	if s.lastTick == 0 {
		return
	}
	at := s.lastTS + uint32(tick-s.lastTick)*s.unit
	if !s.paused(tick) && int32(at-s.lastEnd) < 0 {
		at = s.lastEnd
	}
	s.base = at - uint32(tick)*s.unit
}

// fill writes the header for a packet of audio and counts it. buf is the packet:
// rtp.HeaderBytes, then the payload. length is the audio's in the RTP clock;
// marker begins a talk spurt.
func (s *sender) fill(buf []byte, pt uint8, marker bool, ts, length uint32, w *worker) {
	h := rtp.Header{
		Marker:         marker,
		PayloadType:    pt,
		SequenceNumber: s.seq,
		Timestamp:      ts,
		SSRC:           s.ssrc,
	}
	h.Put(buf)
	s.seq++
	s.sent(ts, ts+length, len(buf), w)
}

// sent counts a packet that leaves.
func (s *sender) sent(ts, end uint32, size int, w *worker) {
	if s.paused(w.tick) || int32(ts-s.lastTS) >= 0 { // else relayed out of order
		s.lastTS, s.lastEnd, s.lastTick, s.lastWall = ts, end, w.tick, w.wall
	}
	s.packets++
	s.bytes += uint64(size - rtp.HeaderBytes)
}

// follows reports whether a timestamp lies at or after the end of what was sent.
func (s *sender) follows(ts uint32) bool {
	return s.lastTick == 0 || int32(ts-s.lastEnd) >= 0
}

// paused reports whether nothing was sent for longer than packets are apart.
func (s *sender) paused(tick int64) bool {
	return s.lastTick == 0 || tick-s.lastTick > int64(2*maxPtime/tickLength)
}
