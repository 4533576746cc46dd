package load

import (
	"math/rand/v2"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// Stream is what legs send: payloads that were encoded before, in a cycle. Legs may
// share one.
type Stream struct {
	PayloadType uint8
	// ClockStep is what a packet adds to RTP's timestamp.
	ClockStep uint32
	// Payloads has one for each 20 ms, none of them empty.
	Payloads [][]byte
	// Levels is how loud each of them is, in −dBov; it is sent along if LevelID is not 0
	// (RFC 6464).
	Levels  []uint8
	LevelID uint8
}

// Marks says which sounds are looked for in what comes back. Who is to make one sends
// Loud instead of its payloads, for Frames packets; there is one every Every frames,
// each of the first Legs legs has its turn. The turns go round in steps of Stride legs, so
// that few of them, too, are of all parts of a frame alike.
type Marks struct {
	Loud          []byte
	Every, Frames int
	Legs          int
	Stride        int // without a divisor in common with Legs; 0 is 1
}

// Evenly is the stride that spreads any number of turns over so many legs.
func Evenly(legs int) int {
	stride := Slots*618/1000 + 1 // the golden section of a frame
	for divisor(stride, legs) > 1 {
		stride++
	}
	return stride
}

// divisor is the greatest that two numbers have in common.
func divisor(a, b int) int {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}

// turn is whether a leg makes a mark in a frame, and whether it begins.
func (m *Marks) turn(leg, frame int) (loud, begins bool) {
	if m == nil || leg >= m.Legs || frame/m.Every*max(m.Stride, 1)%m.Legs != leg {
		return false, false
	}
	at := frame % m.Every
	return at < m.Frames, at == 0
}

// Sender makes the packets of a leg.
type Sender struct {
	header [rtp.HeaderBytes + levelBytes]byte
	next   rtp.Header
	stream *Stream
	offset int // where in the cycle it is

	srtp           *srtp.Sender // nil for plain RTP
	plain, secured []byte
}

// levelBytes is the length of a header extension with one level, its head and padding
// (RFC 8285 §4.2).
const levelBytes = 8

// NewSender begins a leg's packets somewhere in the stream's cycle.
func NewSender(s *Stream, offset int, ssrc uint32) Sender {
	return Sender{
		stream: s, offset: offset % len(s.Payloads),
		next: rtp.Header{
			Marker: true, PayloadType: s.PayloadType,
			SequenceNumber: uint16(rand.Uint32()), Timestamp: rand.Uint32(), SSRC: ssrc,
		},
	}
}

// Secure has the packets protected.
func (s *Sender) Secure(m srtp.Master) (err error) {
	longest := 0
	for _, p := range s.stream.Payloads {
		longest = max(longest, len(p))
	}
	s.srtp, err = srtp.NewSender(m, srtp.State{}, srtp.RTPOnly)
	size := len(s.header) + longest
	s.plain, s.secured = make([]byte, 0, size), make([]byte, size+srtp.Overhead)
	return err
}

// Packet prepares the next packet and gives its two pieces; loud, where not nil, is its payload.
func (s *Sender) Packet(loud []byte) (header, payload []byte) {
	s.next.Put(s.header[:])
	s.next.Marker = false
	s.next.SequenceNumber++
	s.next.Timestamp += s.stream.ClockStep
	payload = s.stream.Payloads[s.offset]
	header = s.header[:rtp.HeaderBytes]
	if s.stream.LevelID != 0 {
		header = s.header[:]
		s.putLevel()
	}
	if s.offset++; s.offset == len(s.stream.Payloads) {
		s.offset = 0
	}
	if loud != nil {
		payload = loud
	}
	if s.srtp == nil {
		return header, payload
	}
	s.plain = append(append(s.plain[:0], header...), payload...)
	sealed, err := s.srtp.Protect(s.secured, s.plain)
	if err != nil { // never: numbers go up, and not for long enough to run out
		return header, payload
	}
	return sealed[:len(header)], sealed[len(header):]
}

// putLevel writes the extension behind the header.
func (s *Sender) putLevel() {
	s.header[0] |= 0x10
	x := s.header[rtp.HeaderBytes:]
	x[0], x[1], x[2], x[3] = 0xbe, 0xde, 0, 1
	x[4], x[5] = s.stream.LevelID<<4, s.stream.Levels[s.offset]
	const voice, quiet = 0x80, 60
	if x[5] < quiet {
		x[5] |= voice
	}
}
