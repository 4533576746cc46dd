package rtp

import "encoding/binary"

// Kinds of feedback: of the transport, and of what is transported (RFC 4585 §6.1).
const (
	TransportFeedback = 205
	PayloadFeedback   = 206
)

// Formats of transport feedback.
const (
	FormatNACK          = 1  // RFC 4585 §6.2.1
	FormatTransportWide = 15 // draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1
)

// Formats of payload feedback.
const (
	FormatPLI         = 1  // RFC 4585 §6.3.1
	FormatSLI         = 2  // RFC 4585 §6.3.2
	FormatRPSI        = 3  // RFC 4585 §6.3.3
	FormatFIR         = 4  // RFC 5104 §4.3.1
	FormatApplication = 15 // RFC 4585 §6.4; REMB
)

// Feedback is one message to the sender of a stream (RFC 4585 §6.1).
type Feedback struct {
	Kind, Format uint8
	// Sender is who says it, Media which stream it is about; 0 where Detail tells that.
	Sender, Media uint32
	// Detail is its control information, a multiple of four bytes.
	Detail []byte
}

const (
	feedbackHead = 12
	maxFeedback  = 16 // messages of a packet that are looked at
)

// ParseFeedback adds the messages in a compound packet, which has passed ParseRTCP, to
// list. Details are copies.
func ParseFeedback(packet []byte, list []Feedback) []Feedback {
	for len(packet) >= 4 && len(list) < maxFeedback {
		n := 4 + 4*int(binary.BigEndian.Uint16(packet[2:]))
		if n > len(packet) {
			break
		}
		kind, end := packet[1], unpadded(packet, n)
		if kind == TransportFeedback && packet[0]&0x1f == FormatTransportWide {
			end = n // senders pad it by one to three bytes; it says itself how long it is
		}
		if (kind == TransportFeedback || kind == PayloadFeedback) && end >= feedbackHead {
			list = append(list, Feedback{
				Kind: kind, Format: packet[0] & 0x1f,
				Sender: binary.BigEndian.Uint32(packet[4:]), Media: binary.BigEndian.Uint32(packet[8:]),
				Detail: append([]byte(nil), packet[feedbackHead:end]...),
			})
		}
		packet = packet[n:]
	}
	return list
}

// unpadded is how long the first packet of a compound one, of n bytes, is without padding,
// which only the last may have (RFC 3550 §6.4.1); 0 where it is wrong.
func unpadded(packet []byte, n int) int {
	if packet[0]&0x20 == 0 {
		return n
	}
	by := int(packet[n-1])
	if n < len(packet) || by == 0 || by%4 != 0 || by > n {
		return 0
	}
	return n - by
}

// Append adds the message to a compound packet.
func (f *Feedback) Append(dst []byte) []byte {
	dst = appendHead(dst, int(f.Format), f.Kind, 2+len(f.Detail)/4)
	dst = binary.BigEndian.AppendUint32(dst, f.Sender)
	dst = binary.BigEndian.AppendUint32(dst, f.Media)
	return append(dst, f.Detail...)
}

// Redirect makes of a message about a stream one about another, of which the stream is
// made by adding shift to the sequence numbers. It is false for one that is not about the
// stream, or not understood.
func (f *Feedback) Redirect(stream, source uint32, shift uint16) bool {
	switch {
	case f.Kind == PayloadFeedback && f.Format == FormatFIR:
		return f.redirectEntries(stream, source)
	case f.Kind == PayloadFeedback && f.Format == FormatApplication:
		return f.redirectEstimate(stream, source)
	case f.Media != stream:
		return false
	}
	f.Media = source
	switch {
	case f.Kind == TransportFeedback && f.Format == FormatNACK:
		for at := 0; at+4 <= len(f.Detail); at += 4 {
			lost := f.Detail[at:]
			binary.BigEndian.PutUint16(lost, binary.BigEndian.Uint16(lost)-shift)
		}
		return len(f.Detail) > 0
	case f.Kind == PayloadFeedback:
		return f.Format == FormatPLI || f.Format == FormatSLI || f.Format == FormatRPSI
	}
	return false
}

// redirectEntries keeps the entries, of eight bytes, that begin with the stream.
func (f *Feedback) redirectEntries(stream, source uint32) bool {
	kept := f.Detail[:0]
	for at := 0; at+8 <= len(f.Detail); at += 8 {
		entry := f.Detail[at : at+8]
		if binary.BigEndian.Uint32(entry) == stream {
			binary.BigEndian.PutUint32(entry, source)
			kept = append(kept, entry...)
		}
	}
	f.Media, f.Detail = 0, kept
	return len(kept) > 0
}

// estimateHead is what stands before the streams of REMB: its name, their number, the
// rate (draft-alvestrand-rmcat-remb §2.2).
const estimateHead = 8

// redirectEstimate is for REMB.
func (f *Feedback) redirectEstimate(stream, source uint32) bool {
	d := f.Detail
	if len(d) < estimateHead || string(d[:4]) != "REMB" || len(d) < estimateHead+4*int(d[4]) {
		return false
	}
	for i := range int(d[4]) {
		if binary.BigEndian.Uint32(d[estimateHead+4*i:]) == stream {
			binary.BigEndian.PutUint32(d[estimateHead:], source)
			d[4] = 1
			f.Media, f.Detail = 0, d[:estimateHead+4]
			return true
		}
	}
	return false
}
