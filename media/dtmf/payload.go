// Package dtmf carries digits as telephone-event RTP payloads (RFC 4733) and as
// audible tones: parsing and printing payloads, a receiver that turns a lossy
// stream of them into digits, a sender, DTMF pairs (ITU-T Q.23), a detector of them
// in audio (ITU-T Q.24), and call progress tones from a cadence such as
// "440+480/2000,0/4000".
//
// Receivers, detectors and senders allocate nothing after construction, hold no clock of
// their own and start no goroutine.
package dtmf

import (
	"encoding/binary"
	"errors"
	"strings"
	"time"
)

// PayloadSize is the length of one telephone-event payload in bytes.
const PayloadSize = 4

// FlashDigit stands for event 16, the hook flash.
const FlashDigit = '!'

const digits = "0123456789*#ABCD!"

// ErrShort is a payload too short for an event.
var ErrShort = errors.New("dtmf: telephone-event payload shorter than 4 bytes")

// Payload is one telephone-event payload (RFC 4733 §2.3).
type Payload struct {
	Event    uint8  // event code: 0..15 digits, 16 flash
	End      bool   // the E bit
	Volume   uint8  // power in −dBm0, 0..63
	Duration uint16 // so far, in timestamp units
}

// ParsePayload reads a payload; the reserved bit and anything after the fourth
// byte are ignored. The error is ErrShort.
func ParsePayload(b []byte) (Payload, error) {
	if len(b) < PayloadSize {
		return Payload{}, ErrShort
	}
	return Payload{
		Event:    b[0],
		End:      b[1]&0x80 != 0,
		Volume:   b[1] & 0x3f,
		Duration: binary.BigEndian.Uint16(b[2:]),
	}, nil
}

// Bytes is the payload on the wire.
func (p Payload) Bytes() (b [PayloadSize]byte) {
	b[0] = p.Event
	b[1] = min(p.Volume, 0x3f)
	if p.End {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], p.Duration)
	return b
}

// Digit is the digit of an event code: 0-9, *, #, A-D, or FlashDigit.
func Digit(event uint8) (digit byte, ok bool) {
	if int(event) >= len(digits) {
		return 0, false
	}
	return digits[event], true
}

// EventCode is the event code of a digit; letters in either case.
func EventCode(digit byte) (event uint8, ok bool) {
	if 'a' <= digit && digit <= 'd' {
		digit -= 'a' - 'A'
	}
	i := strings.IndexByte(digits, digit)
	return uint8(max(i, 0)), i >= 0
}

// span is a length in timestamp units as time.
func span(units uint64, clockRate int) time.Duration {
	return time.Duration(units * uint64(time.Second) / uint64(clockRate))
}
