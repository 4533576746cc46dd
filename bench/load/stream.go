package load

import "github.com/skygenesisenterprise/skybridge/media/rtp"

// Stream is what legs send: payloads that were encoded before, in a cycle. Legs may
// share one.
type Stream struct {
	PayloadType uint8
	// ClockStep is what a packet adds to RTP's timestamp.
	ClockStep uint32
	// Payloads has one for each 20 ms, none of them empty.
	Payloads [][]byte
}

// Marks says which sounds are looked for in what comes back. Who is to make one sends
// Loud instead of its payloads, for Frames packets; there is one every Every frames,
// each of the first Legs legs has its turn.
type Marks struct {
	Loud          []byte
	Every, Frames int
	Legs          int
}

// turn is whether a leg makes a mark in a frame, and whether it begins.
func (m *Marks) turn(leg, frame int) (loud, begins bool) {
	if m == nil || leg >= m.Legs || frame/m.Every%m.Legs != leg {
		return false, false
	}
	at := frame % m.Every
	return at < m.Frames, at == 0
}

// sender is a leg's numbering.
type sender struct {
	header [rtp.HeaderBytes]byte
	next   rtp.Header
	stream *Stream
	offset int // where in the cycle it is
}

// packet prepares the next packet and gives its two pieces.
func (s *sender) packet(loud []byte) (header, payload []byte) {
	s.next.Put(s.header[:])
	s.next.Marker = false
	s.next.SequenceNumber++
	s.next.Timestamp += s.stream.ClockStep
	payload = s.stream.Payloads[s.offset]
	if s.offset++; s.offset == len(s.stream.Payloads) {
		s.offset = 0
	}
	if loud != nil {
		payload = loud
	}
	return s.header[:], payload
}
