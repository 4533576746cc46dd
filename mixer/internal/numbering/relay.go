package numbering

import (
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// Relay is how a stream's numbering follows that of another one, whose packets
// leave as its own. Loss and reordering pass through.
type Relay struct {
	valid bool
	first uint32 // extended sequence number of the first packet that was relayed
	seq   uint16 // added to sequence numbers of packets after all that were left out
	ts    uint32 // added to timestamps

	left  [maxLeft]uint32 // extended sequence numbers of the last that were left out
	nLeft int             // of left, so far
}

// maxLeft is how many of the packets left out are remembered: a packet that comes
// late, by more of them, would be numbered too low. Digits and comfort noise come
// every 20 ms at most, so that is later than any jitter buffer waits.
const maxLeft = 16

// farTimestamp, in seconds, is how far a relayed timestamp may stray from the time
// that has passed. A sender that jumps farther is followed by a new mapping.
const farTimestamp = 10

// Active reports whether the stream's last packet was relayed.
func (r *Relay) Active() bool { return r.valid }

// Stop ends the relaying; what the stream sends next goes on from the last packet.
func (r *Relay) Stop(s *Stream, tick int64) {
	if r.valid {
		r.valid = false
		s.Anchor(tick)
	}
}

// Follow maps the numbers of a packet whose extended sequence number is ext, and
// reports whether it may pass.
func (r *Relay) Follow(s *Stream, h *rtp.Header, ext uint32, tick int64) bool {
	if r.valid {
		expected := s.LastTS + uint32(tick-s.lastTick)*s.unit
		stray := int32(h.Timestamp + r.ts - expected)
		far := int32(s.unit) * int32(farTimestamp*pace.TicksPerSecond)
		r.valid = stray > -far && stray < far
	}
	if !r.valid {
		s.Anchor(tick)
		*r = Relay{valid: true, first: ext, seq: s.Seq - uint16(ext), ts: s.At(tick) - h.Timestamp}
	}
	return int32(ext-r.first) >= 0
}

// Fill writes the header for a packet that passes and counts it. buf is the
// packet: rtp.HeaderBytes, then the payload. in is the header it came with, length
// its audio's in the RTP clock.
func (r *Relay) Fill(s *Stream, buf []byte, in *rtp.Header, pt uint8, ext, length uint32, now *pace.Moment) {
	r.fill(s, buf, in, in.Marker || s.Paused(now.Tick), pt, ext, length, now)
}

// Pass is Fill for video and telephone-event: the marker means something else there, and no
// packet has a length.
func (r *Relay) Pass(s *Stream, buf []byte, in *rtp.Header, pt uint8, ext uint32, now *pace.Moment) {
	r.fill(s, buf, in, in.Marker, pt, ext, 0, now)
}

// Shift is what is added to sequence numbers.
func (r *Relay) Shift() uint16 { return r.seq }

func (r *Relay) fill(s *Stream, buf []byte, in *rtp.Header, marker bool, pt uint8, ext, length uint32, now *pace.Moment) {
	h := rtp.Header{
		Marker:         marker,
		PayloadType:    pt,
		SequenceNumber: uint16(ext) + r.offset(ext),
		Timestamp:      in.Timestamp + r.ts,
		SSRC:           s.SSRC,
	}
	h.Put(buf)
	if int16(h.SequenceNumber-s.Seq) >= 0 {
		s.Seq = h.SequenceNumber + 1
	}
	s.sent(h.Timestamp, h.Timestamp+length, len(buf), now)
}

// LeaveOut closes the gap in sequence numbers that a packet ahead of all others
// leaves which is not passed on.
func (r *Relay) LeaveOut(ext uint32) {
	if r.valid {
		r.seq--
		r.left[r.nLeft%maxLeft] = ext
		r.nLeft++
	}
}

// offset is what is added to a packet's sequence number. One from before a packet
// that was left out keeps the number it would have had then.
func (r *Relay) offset(ext uint32) uint16 {
	add := r.seq
	for i := range min(r.nLeft, maxLeft) {
		at := r.left[(r.nLeft-1-i)%maxLeft]
		if int32(ext-at) > 0 {
			break
		}
		add++
	}
	return add
}
