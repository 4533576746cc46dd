// Package reception counts what is received of one peer: which of its streams is
// followed, which packets came twice, what was lost on the way and how much the
// rest was delayed (RFC 3550 §6.4.1, A.1, A.3, A.8). It starts no goroutine.
package reception

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/media/jitter"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// Stream is what is known of the stream that a peer sends. The zero value waits
// for the first packet.
type Stream struct {
	Packets, Bytes uint64 // that were valid; payload only
	Duplicates     uint64

	source     jitter.Source
	seen       uint64 // the last 64 sequence numbers, the highest in bit 0
	highest    uint32 // extended
	first      uint32 // extended, of this source
	fromSource uint64 // packets of this source
	lostBefore int64  // of former sources

	late   uint64 // of those in seen, which came after their place was played
	bursts Bursts // of this source, as far as it is settled

	clockRate int    // of the codec that arrives
	spaced    uint32 // the highest number counted with its timestamp, which is stamp
	stamp     uint32
	step      uint32 // of timestamps from one packet to the next
	transit   uint32 // RFC 3550 §6.4.1, in RTP clock units
	transitOK bool
	jitter16  int64 // 16 times the jitter, in RTP clock units
}

// SetResends says whether the peer sends again what was lost, however many others came
// since.
func (s *Stream) SetResends(resends bool) { s.source.SetResends(resends) }

// Place gives a packet's extended sequence number. silent tells that nothing came
// for a while. rtp.Suspect means drop; whatever else is to be counted is given to
// Restart, if it Begins a stream, then to Repeated and Count.
func (s *Stream) Place(h *rtp.Header, silent bool) (ext uint32, order rtp.Order) {
	return s.source.Update(h.SSRC, h.SequenceNumber, silent)
}

// Begins reports whether a packet is the first of its source.
func (s *Stream) Begins(order rtp.Order) bool {
	return order == rtp.Restart || s.fromSource == 0 && order != rtp.Suspect
}

// Restart follows another stream of the same peer, or the same from elsewhere.
func (s *Stream) Restart(ext uint32) {
	if s.fromSource > 0 {
		s.lostBefore += s.lost()
	}
	s.first, s.fromSource, s.seen, s.late = ext, 0, 0, 0
	s.bursts = Bursts{}
	s.transitOK = false
}

// Repeated tells, and counts, a packet that came before. Numbers more than 63 back
// are taken for new; the jitter buffer calls them late.
func (s *Stream) Repeated(ext uint32, order rtp.Order) bool {
	if order != rtp.Behind {
		if s.fromSource > 0 {
			s.advance(ext - s.highest)
		}
		s.seen |= 1
		s.highest = ext
		return false
	}
	back := s.highest - ext
	if back > 63 {
		return false
	}
	bit := uint64(1) << back
	if s.seen&bit != 0 {
		s.Duplicates++
		return true
	}
	s.seen |= bit
	return false
}

// advance moves seen on by n numbers. Those that leave it will not come any more, or
// would be taken for new.
func (s *Stream) advance(n uint32) {
	if n == 1 && int64(s.seen&^s.late) < 0 { //nolint:gosec // looks at the highest bit
		s.bursts[received]++
	} else {
		s.settle(n)
	}
	s.seen, s.late = s.seen<<n, s.late<<n
}

// settle counts the oldest n numbers of seen, and what lies beyond it, for the bursts.
func (s *Stream) settle(n uint32) {
	known := min(s.highest-s.first+1, 64)
	for i := range min(n, 64) {
		if bit := uint64(1) << (63 - i); i >= 64-known {
			s.bursts.add(s.seen&bit == 0, s.late&bit != 0)
		}
	}
	if n > 64 {
		s.bursts.lose(n - 64)
	}
}

// Discard tells that a packet counted before came too late to be played. ext is as
// from Place.
func (s *Stream) Discard(ext uint32) {
	if back := s.highest - ext; back <= 63 {
		s.late |= 1 << back
	}
}

// Bursts is how losses and discards of the present source lie together. It is behind
// by the last 64 packets, which may yet come.
func (s *Stream) Bursts() Bursts { return s.bursts }

// SetClock sets the clock of what arrives from now on, in Hz.
func (s *Stream) SetClock(hz int) { s.clockRate, s.transitOK = hz, false }

// Count takes a valid packet into the statistics. arrival is in unix nanoseconds.
// The timestamp of one that is not audible is not its own: all packets of one
// telephone-event have that of its beginning. It says nothing of the jitter.
func (s *Stream) Count(h *rtp.Header, order rtp.Order, audible bool, arrival int64) {
	s.fromSource++
	s.Packets++
	s.Bytes += uint64(len(h.Payload))
	if order == rtp.Behind || !audible || s.clockRate == 0 {
		return
	}
	// RFC 3550 A.8, with the arrival in units of the clock. Only differences
	// count, so the seconds are taken apart to stay within 64 bits.
	rate := int64(s.clockRate)
	clock := arrival/1e9*rate + arrival%1e9*rate/1e9
	transit := uint32(clock) - h.Timestamp
	if s.transitOK {
		d := int64(int32(transit - s.transit))
		if d < 0 {
			d = -d
		}
		if d < rate { // a second is a jump of the timestamps, not jitter
			s.jitter16 += d - (s.jitter16+8)>>4
		}
	}
	s.transit, s.transitOK = transit, true
	if s.highest == s.spaced+1 {
		s.step = h.Timestamp - s.stamp
	}
	s.spaced, s.stamp = s.highest, h.Timestamp
}

// lost is RFC 3550 A.3's cumulative number for the present source.
func (s *Stream) lost() int64 {
	return int64(s.highest-s.first) + 1 - int64(s.fromSource)
}

// Lost is how many packets the peer sent that never came; duplicates make it
// smaller.
func (s *Stream) Lost() int64 {
	if s.fromSource == 0 {
		return s.lostBefore
	}
	return s.lostBefore + s.lost()
}

// Jitter is the interarrival jitter.
func (s *Stream) Jitter() time.Duration {
	if s.clockRate == 0 {
		return 0
	}
	return time.Duration(s.jitter16>>4) * time.Second / time.Duration(s.clockRate)
}

// SSRC is the stream's identifier; 0 before the first packet.
func (s *Stream) SSRC() uint32 { return s.source.SSRC() }

// Highest is the highest sequence number of the present source, extended by the
// cycles since its beginning (RFC 3550 A.1).
func (s *Stream) Highest() uint32 { return s.highest - s.first&^0xffff }

// Counts is what a report is made of. ok is false before the first packet.
func (s *Stream) Counts() (c Counts, ok bool) {
	if s.fromSource == 0 {
		return c, false
	}
	return Counts{
		SSRC: s.SSRC(), Highest: s.Highest(), Expected: s.highest - s.first + 1, Received: s.fromSource,
		Jitter: uint32(s.jitter16 >> 4), //nolint:gosec // less than a second of the clock
		Step:   s.step,
	}, true
}
