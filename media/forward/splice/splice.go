// Package splice makes one stream of several (RFC 7667 §3.6.2): what a receiver is sent of one
// source goes on with that of another, under the same SSRC, with numbers and time stamps that go
// on, and frame numbers in dependency descriptors: who has one of a frame drops key frames that seem
// to come before it. The sources' streams, the inputs, are subscriptions of media/forward, each with an SSRC of
// its own: such a one begins with a key frame, so an input takes over with its first packet. Until
// then the one before goes on.
//
// It does no I/O and starts no goroutine, and nothing allocates after New. Methods may be called
// from any goroutine, but Packet and Report by one at a time, and Control by one at a time.
package splice

import (
	"encoding/binary"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/video/payload"
)

const (
	clockRate = 90_000 // of video
	// leastStep is how much later the first frame of an input is than the last of the one before:
	// a millisecond.
	leastStep = clockRate / 1000
	// leastDescriptor is how long a dependency descriptor is at least.
	leastDescriptor = 3
	// maxControl is the longest RTCP packet that is read.
	maxControl = 2048
)

// Config is what the receiver knows of the stream.
type Config struct {
	// SSRC is the stream's, RTX that of what is sent again (RFC 4588).
	SSRC, RTX uint32
	// Reporter is who we are in reports that are about no stream.
	Reporter uint32
}

// Splice is one stream.
type Splice struct {
	cfg Config

	mu         sync.Mutex
	dependency uint8 // id of the extension; 0 is none

	current input // what is sent; SSRC 0 is nothing
	next    input // what takes over; SSRC 0 is nothing

	began   bool
	highest uint16 // number of the newest packet
	newest  uint32 // its time stamp
	at      time.Duration
	ended   bool   // it ended a frame
	repairs uint16 // number of the next packet on RTX

	packets, octets uint32 // sent, as sender's reports count them

	described bool
	frame     uint16 // the highest number in a descriptor

	reports, controls [maxControl]byte
}

// input is one of the streams.
type input struct {
	ssrc, rtx uint32
	number    uint16 // added to its sequence numbers
	time      uint32 // added to its time stamps
	described bool
	frame     uint16 // added to its frame numbers
}

// New makes a stream of nothing yet.
func New(cfg Config) *Splice { return &Splice{cfg: cfg, ended: true} }

// SetDependency says under which id packets bear a dependency descriptor, if they do; 0 is that they
// do not.
func (s *Splice) SetDependency(id uint8) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dependency = id
}

// Await has an input take over with its first packet; with rtx 0 nothing of it is sent again. One
// that was awaited is so no more, and with the SSRC that is sent, or 0, none is.
func (s *Splice) Await(ssrc, rtx uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = input{}
	if ssrc != s.current.ssrc {
		s.next = input{ssrc: ssrc, rtx: rtx}
	}
}

// Stop lets nothing of an input through any more.
func (s *Splice) Stop(ssrc uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current.ssrc == ssrc {
		s.current = input{}
	}
	if s.next.ssrc == ssrc {
		s.next = input{}
	}
}

// Current is the SSRC of the input that is sent, 0 for none.
func (s *Splice) Current() uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current.ssrc
}

// Packet makes an input's packet, in place, one of the stream. It tells whether it is to be sent,
// and whether its input has just taken over. now is of any clock that goes on.
func (s *Splice) Packet(now time.Duration, packet []byte) (send, took bool) {
	var h rtp.Header
	if rtp.Parse(packet, &h) != nil {
		return false, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.SSRC == s.next.ssrc && h.SSRC != 0 {
		s.begin(now, &h)
		took = true
	}
	switch c := &s.current; {
	case h.SSRC == 0:
		return false, false
	case h.SSRC == c.ssrc:
		s.pass(now, packet, &h)
	case h.SSRC == c.rtx:
		s.repair(packet, &h)
	default:
		return false, false
	}
	return true, took
}

// begin has the input that was awaited take over.
func (s *Splice) begin(now time.Duration, h *rtp.Header) {
	s.current, s.next = s.next, input{}
	if !s.began { // as it comes, which is at random
		s.began, s.highest, s.newest, s.at = true, h.SequenceNumber-1, h.Timestamp, now
		return
	}
	number := s.highest + 1
	if !s.ended { // a frame whose end did not come leaves a hole
		number++
	}
	passed := min(max(now-s.at, 0), time.Hour)
	stamp := s.newest + max(uint32(int64(passed)*clockRate/int64(time.Second)), leastStep)
	s.current.number, s.current.time = number-h.SequenceNumber, stamp-h.Timestamp
}

func (s *Splice) pass(now time.Duration, packet []byte, h *rtp.Header) {
	number, stamp := h.SequenceNumber+s.current.number, h.Timestamp+s.current.time
	if int16(number-s.highest) > 0 {
		s.highest = number
		if stamp != s.newest {
			s.newest, s.at = stamp, now
		}
		s.ended = h.Marker || s.ended && len(h.Payload) == 0
	}
	s.packets++
	s.octets += uint32(len(h.Payload))
	s.describe(h)
	put(packet, number, stamp, s.cfg.SSRC)
}

// describe turns the number in a packet's descriptor. It begins with the first one of an input, which
// is its key frame's, unless descriptors were agreed on later.
func (s *Splice) describe(h *rtp.Header) {
	if s.dependency == 0 {
		return
	}
	v := h.Element(s.dependency)
	if len(v) < leastDescriptor {
		return
	}
	c, frame := &s.current, binary.BigEndian.Uint16(v[1:])
	if !c.described {
		c.described = true
		if s.described {
			c.frame = s.frame + 1 - frame
		}
	}
	frame += c.frame
	if !s.described || int16(frame-s.frame) > 0 {
		s.described, s.frame = true, frame
	}
	payload.PutFrame(v, frame)
}

func (s *Splice) repair(packet []byte, h *rtp.Header) {
	if original := h.Payload; len(original) >= 2 {
		binary.BigEndian.PutUint16(original, binary.BigEndian.Uint16(original)+s.current.number)
	}
	s.describe(h)
	put(packet, s.repairs, h.Timestamp+s.current.time, s.cfg.RTX)
	s.repairs++
}

func put(packet []byte, number uint16, stamp, ssrc uint32) {
	binary.BigEndian.PutUint16(packet[2:], number)
	binary.BigEndian.PutUint32(packet[4:], stamp)
	binary.BigEndian.PutUint32(packet[8:], ssrc)
}
