package udptl

import (
	"encoding/binary"
	"errors"
)

// MaxPacketBytes is the longest datagram that is passed on.
const MaxPacketBytes = 1500

// maxRecovered limits the packets that one repeats or protects: gateways send 3, some 7.
const maxRecovered = 64

// ErrMalformed is what Parse says of a datagram that is no UDPTL.
var ErrMalformed = errors.New("udptl: malformed packet")

// Packet is one UDPTL packet (T.38 §9.1.2). Its memory is the datagram's.
type Packet struct {
	Sequence uint16
	// Primary is the IFP packet of that number.
	Primary []byte
	// Recovered is how many earlier packets it repeats, or protects by parity with FEC.
	Recovered int
	FEC       bool
}

// Parse reads a datagram and checks it to its end: aligned PER of T.38's Annex A.
func Parse(b []byte) (Packet, error) {
	if len(b) < 2 || len(b) > MaxPacketBytes {
		return Packet{}, ErrMalformed
	}
	p := Packet{Sequence: binary.BigEndian.Uint16(b)}
	r := reader{b: b[2:]}
	p.Primary = r.octets()
	switch choice := r.byte(); {
	case choice == 0:
		p.Recovered = r.length()
		for i := 0; i < min(p.Recovered, maxRecovered); i++ {
			r.octets()
		}
	case choice&0x80 != 0:
		p.FEC = true
		r.octets() // the span, as an integer
		p.Recovered = r.length()
		for i := 0; i < min(p.Recovered, maxRecovered); i++ {
			r.octets()
		}
	default:
		r.bad = true
	}
	if r.bad || p.Recovered > maxRecovered || len(r.b) > 0 || len(p.Primary) == 0 {
		return Packet{}, ErrMalformed
	}
	return p, nil
}

// Append adds a packet that repeats earlier ones, the latest first (T.38 §9.1.4.1), to dst.
// What is longer than 16,383 octets cannot be told in one length and is not sent.
func Append(dst []byte, sequence uint16, primary []byte, earlier ...[]byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, sequence)
	dst = appendOctets(dst, primary)
	dst = append(dst, 0)
	dst = appendLength(dst, len(earlier))
	for _, e := range earlier {
		dst = appendOctets(dst, e)
	}
	return dst
}

func appendOctets(dst, octets []byte) []byte {
	return append(appendLength(dst, len(octets)), octets...)
}

func appendLength(dst []byte, n int) []byte {
	if n < 0x80 {
		return append(dst, byte(n))
	}
	return append(dst, byte(0x80|n>>8), byte(n))
}

// reader takes a datagram apart; once bad, all that follows is empty.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) byte() byte {
	if r.bad || len(r.b) == 0 {
		r.bad = true
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

// length is a length determinant (X.691 §10.9) of one or two octets; parts of 16 K, which
// no datagram holds, are malformed.
func (r *reader) length() int {
	first := r.byte()
	switch {
	case first&0x80 == 0:
		return int(first)
	case first&0x40 == 0:
		return int(first&0x3f)<<8 | int(r.byte())
	}
	r.bad = true
	return 0
}

func (r *reader) octets() []byte {
	n := r.length()
	if r.bad || n > len(r.b) {
		r.bad = true
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}
