// Package audiosocket reads and prints the messages of AudioSocket, the protocol by which
// Asterisk's application and channel of that name bring a call's audio to a TCP server and
// back: a kind of one byte, a length of two (big-endian) and that many bytes. Samples are of
// 16 bits, little-endian. It starts no goroutine.
package audiosocket

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Kind says what a message is.
type Kind byte

// The kinds. Audio is 0x10 at 8 kHz, and up to 0x18 at other rates.
const (
	Hangup  Kind = 0x00 // the connection's end, by either side; nothing follows
	ID      Kind = 0x01 // the call's UUID, 16 bytes; the client's first message
	Silence Kind = 0x02 // of older servers
	DTMF    Kind = 0x03 // a digit, one character
	Audio   Kind = 0x10
	Error   Kind = 0xff // with a code of one byte, or none
)

const (
	headerBytes = 3
	// MaxPayload is the longest payload, in bytes.
	MaxPayload = 1<<16 - 1
)

// rates are those of the kinds from Audio on, Hz.
var rates = [...]int{8000, 12000, 16000, 24000, 32000, 44100, 48000, 96000, 192000}

// SampleRate is the rate of a message of audio, Hz.
func (k Kind) SampleRate() (hz int, audio bool) {
	if i := int(k) - int(Audio); i >= 0 && i < len(rates) {
		return rates[i], true
	}
	return 0, false
}

// String is the kind's name.
func (k Kind) String() string {
	switch hz, audio := k.SampleRate(); {
	case audio:
		return fmt.Sprintf("audio of %d Hz", hz)
	case k == Hangup:
		return "hangup"
	case k == ID:
		return "id"
	case k == Silence:
		return "silence"
	case k == DTMF:
		return "digit"
	case k == Error:
		return "error"
	}
	return fmt.Sprintf("kind %#02x", byte(k))
}

// Message is one message.
type Message struct {
	Kind    Kind
	Payload []byte
}

// Reader reads messages from a stream.
type Reader struct {
	from   io.Reader
	header [headerBytes]byte
	buf    []byte
}

// NewReader makes a Reader. from wants to be buffered.
func NewReader(from io.Reader) *Reader { return &Reader{from: from} }

// Next reads a message, whose payload is valid until the next one is read. The error is of
// kind fault.Invalid for a message that cannot be, io.EOF for an end between messages, or the
// stream's.
func (r *Reader) Next() (Message, error) {
	if _, err := io.ReadFull(r.from, r.header[:]); err != nil {
		return Message{}, err
	}
	m := Message{Kind: Kind(r.header[0])}
	n := int(binary.BigEndian.Uint16(r.header[1:]))
	if cap(r.buf) < n {
		r.buf = make([]byte, n)
	}
	m.Payload = r.buf[:n]
	if _, err := io.ReadFull(r.from, m.Payload); err != nil {
		return Message{}, fmt.Errorf("audiosocket: %s breaks off: %w", m.Kind, err)
	}
	return m, m.check()
}

// check finds what the kind does not allow.
func (m Message) check() error {
	n := len(m.Payload)
	_, audio := m.Kind.SampleRate()
	switch {
	case audio && n%2 != 0:
		return fault.New(fault.Invalid, "audiosocket: %s ends in half a sample (%d bytes)", m.Kind, n)
	case m.Kind == ID && n != 16:
		return fault.New(fault.Invalid, "audiosocket: an id of %d bytes", n)
	case m.Kind == DTMF && n != 1:
		return fault.New(fault.Invalid, "audiosocket: a digit of %d bytes", n)
	}
	return nil
}

// Append appends a message to dst. A payload beyond MaxPayload is left out: it is the caller's
// to send less.
func (m Message) Append(dst []byte) []byte {
	p := m.Payload[:min(len(m.Payload), MaxPayload)]
	dst = append(dst, byte(m.Kind), byte(len(p)>>8), byte(len(p)))
	return append(dst, p...)
}

// AppendPCM appends samples to a payload.
func AppendPCM(dst []byte, pcm []int16) []byte {
	for _, v := range pcm {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(v))
	}
	return dst
}

// PCM appends the samples of a payload to dst.
func PCM(dst []int16, payload []byte) []int16 {
	for ; len(payload) > 1; payload = payload[2:] {
		dst = append(dst, int16(binary.LittleEndian.Uint16(payload)))
	}
	return dst
}

// Reason is the error that a message of kind Error tells.
func (m Message) Reason() string {
	if len(m.Payload) == 0 {
		return "an error without a code"
	}
	switch m.Payload[0] {
	case 0x00:
		return "no error"
	case 0x01:
		return "the call has hung up"
	case 0x02:
		return "a frame could not be passed on"
	case 0x04:
		return "out of memory"
	}
	return fmt.Sprintf("error %#02x", m.Payload[0])
}
