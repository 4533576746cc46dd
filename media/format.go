package media

import (
	"fmt"
	"strings"
	"time"
)

// TelephoneEventName is the encoding name of DTMF events (RFC 4733).
const TelephoneEventName = "telephone-event"

// Format is the meaning that one SDP negotiation gave to a payload type.
type Format struct {
	Codec       *Codec
	PayloadType uint8
	// Fmtp is the peer's a=fmtp for the payload type, without the type.
	Fmtp string
	// Ptime is how much audio one packet carries when we send; 0 means FrameDuration.
	Ptime time.Duration
}

// String is "opus/48000 pt 111", for logs and command output.
func (f Format) String() string {
	if f.Codec == nil {
		return "none"
	}
	return fmt.Sprintf("%s/%d pt %d", f.Codec.Name, f.Codec.ClockRate, f.PayloadType)
}

// What one negotiation may come to at most, for those who negotiate and those who
// carry it out.
const (
	// MaxPtime is the most audio in a packet that we send.
	MaxPtime = 60 * time.Millisecond
	// MaxPacketAudio is the most audio in a packet that we take, RFC 6716's longest.
	MaxPacketAudio = 120 * time.Millisecond
	// MaxReceive is how many payload types of codecs may arrive, MaxReceiveEvents
	// how many of telephone-event.
	MaxReceive       = 16
	MaxReceiveEvents = 4
)

// Events is the negotiated payload type of telephone-event; ClockRate 0 means none.
type Events struct {
	PayloadType uint8
	ClockRate   int
}

// Direction is an SDP direction attribute as seen from our side (RFC 8866 §6.7).
type Direction uint8

// The four directions. The zero value is SendRecv, as in SDP.
const (
	SendRecv Direction = iota
	SendOnly
	RecvOnly
	Inactive
)

// Sends reports whether media may be sent.
func (d Direction) Sends() bool { return d == SendRecv || d == SendOnly }

// Receives reports whether media may be received.
func (d Direction) Receives() bool { return d == SendRecv || d == RecvOnly }

// Reverse is the same direction as the other side says it.
func (d Direction) Reverse() Direction {
	switch d {
	case SendOnly:
		return RecvOnly
	case RecvOnly:
		return SendOnly
	default:
		return d
	}
}

// String is the SDP attribute's name.
func (d Direction) String() string {
	return [...]string{"sendrecv", "sendonly", "recvonly", "inactive"}[d]
}

// Codecs is the explicit, ordered list of the codecs a server knows. It is made
// once in main and passed down; there is no global registry.
type Codecs []*Codec

// ByConfName finds a codec by its name in Asterisk's files ("ulaw"), or nil.
func (cs Codecs) ByConfName(name string) *Codec {
	for _, c := range cs {
		if strings.EqualFold(c.ConfName, name) {
			return c
		}
	}
	return nil
}

// ByEncoding finds a codec by an a=rtpmap (name, clock rate, channels), or nil.
// Channels 0 means 1 (RFC 8866 §6.6).
func (cs Codecs) ByEncoding(name string, clockRate, channels int) *Codec {
	for _, c := range cs {
		if strings.EqualFold(c.Name, name) && c.ClockRate == clockRate && max(c.Channels, 1) == max(channels, 1) {
			return c
		}
	}
	return nil
}

// ByPayloadType finds a codec by its static payload type (RFC 3551 §6), or nil.
func (cs Codecs) ByPayloadType(pt uint8) *Codec {
	for _, c := range cs {
		if c.PayloadType == pt && pt != DynamicPT {
			return c
		}
	}
	return nil
}
