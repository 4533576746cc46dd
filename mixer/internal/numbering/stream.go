package numbering

import (
	"math/rand/v2"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// Stream is one outgoing RTP stream.
//
// Timestamps are a function of the tick, so a pause needs no bookkeeping: base is
// the timestamp at tick 0. Only relayed packets have timestamps of their own;
// when the relay ends, base is set anew from the last of them.
type Stream struct {
	SSRC uint32
	Seq  uint16 // of the next packet

	LastTS   uint32 // of the last packet
	LastWall int64  // when it left, unix nanoseconds

	Packets, Bytes uint64 // that left; payload only

	base     uint32
	unit     uint32 // of the RTP clock in one tick
	lastEnd  uint32 // the timestamp that follows the last packet's audio
	lastTick int64  // 0 before the first packet
}

// pauseTicks is longer than two of the longest packets (60 ms) are apart.
const pauseTicks = int64(120 * time.Millisecond / pace.Tick)

// NewStream is a stream with a clock of 8 kHz, and a random SSRC when that is 0.
func NewStream(ssrc uint32) Stream {
	s := Stream{
		SSRC: ssrc, Seq: uint16(rand.Uint32N(1 << 15)),
		base: rand.Uint32(), unit: uint32(8000 / pace.TicksPerSecond),
	}
	for s.SSRC == 0 {
		s.SSRC = rand.Uint32()
	}
	return s
}

// SetClock changes the RTP clock, in Hz. The timestamp of now stays what it was.
func (s *Stream) SetClock(hz int, tick int64) {
	unit := uint32(int64(hz) / pace.TicksPerSecond)
	if unit == s.unit {
		return
	}
	at := s.At(tick)
	// What the last packet holds beyond now is as long as before.
	s.lastEnd = at + uint32(int64(int32(s.lastEnd-at))*int64(unit)/int64(s.unit))
	s.unit = unit
	s.base = at - uint32(tick)*unit
}

// At is the timestamp of the frame that begins at a tick.
func (s *Stream) At(tick int64) uint32 { return s.base + uint32(tick)*s.unit }

// Unit is how far timestamps go in one tick.
func (s *Stream) Unit() uint32 { return s.unit }

// Clock is the RTP clock, in Hz.
func (s *Stream) Clock() uint32 { return s.unit * uint32(pace.TicksPerSecond) }

// LastTick is when the last packet left; 0 before the first.
func (s *Stream) LastTick() int64 { return s.lastTick }

// Anchor continues from the last packet, by the time that has passed since. It is
// for the moment when packets with other timestamps end.
func (s *Stream) Anchor(tick int64) {
	if s.lastTick == 0 {
		return
	}
	at := s.LastTS + uint32(tick-s.lastTick)*s.unit
	if !s.Paused(tick) && int32(at-s.lastEnd) < 0 {
		at = s.lastEnd
	}
	s.base = at - uint32(tick)*s.unit
}

// Fill writes the header for a packet of audio and counts it. buf is the packet:
// rtp.HeaderBytes, then the payload. length is the audio's in the RTP clock;
// marker begins a talk spurt. The packet leaves now.
func (s *Stream) Fill(buf []byte, pt uint8, marker bool, ts, length uint32, now *pace.Moment) {
	h := rtp.Header{
		Marker:         marker,
		PayloadType:    pt,
		SequenceNumber: s.Seq,
		Timestamp:      ts,
		SSRC:           s.SSRC,
	}
	h.Put(buf)
	s.Seq++
	s.sent(ts, ts+length, len(buf), now)
}

// FillEvent is Fill for a packet of telephone-event (RFC 4733), whose timestamp is
// that of the event's start. The stream's own time goes on meanwhile.
func (s *Stream) FillEvent(buf []byte, pt uint8, marker bool, ts uint32, now *pace.Moment) {
	h := rtp.Header{Marker: marker, PayloadType: pt, SequenceNumber: s.Seq, Timestamp: ts, SSRC: s.SSRC}
	h.Put(buf)
	s.Seq++
	from := s.At(now.Tick)
	s.sent(from, from+pace.TicksPerFrame*s.unit, len(buf), now)
}

// sent counts a packet that leaves. end is the timestamp after its audio, size its
// bytes with the header.
func (s *Stream) sent(ts, end uint32, size int, now *pace.Moment) {
	if s.Paused(now.Tick) || int32(ts-s.LastTS) >= 0 { // else relayed out of order
		s.LastTS, s.lastEnd, s.lastTick, s.LastWall = ts, end, now.Tick, now.Wall
	}
	s.Packets++
	s.Bytes += uint64(size - rtp.HeaderBytes)
}

// Follows reports whether a timestamp lies at or after the end of what was sent.
func (s *Stream) Follows(ts uint32) bool {
	return s.lastTick == 0 || int32(ts-s.lastEnd) >= 0
}

// Paused reports whether nothing was sent for longer than packets are apart.
func (s *Stream) Paused(tick int64) bool {
	return s.lastTick == 0 || tick-s.lastTick > pauseTicks
}
