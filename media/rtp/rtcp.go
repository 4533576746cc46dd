package rtp

import (
	"encoding/binary"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// RTCP packet types (RFC 3550 §12.1).
const (
	typeSR   = 200
	typeRR   = 201
	typeSDES = 202
	typeBYE  = 203
)

const (
	sdesCNAME    = 1
	blockBytes   = 24
	maxBlocks    = 31
	maxCNAME     = 255
	ntpUnixEpoch = 2208988800 // seconds from 1900 to 1970
)

// ErrRTCP is what ParseRTCP refuses, of kind fault.Invalid.
var ErrRTCP = fault.New(fault.Invalid, "rtp: damaged RTCP packet")

// Report is one compound RTCP packet as far as a leg needs it (RFC 3550 §6): a
// sender's or receiver's report, the CNAME, an extended report (RFC 3611), and a
// farewell.
type Report struct {
	// SSRC is the stream of whoever sends the report.
	SSRC uint32
	// Sender is nil for a receiver's report. After ParseRTCP it points into the
	// Report itself.
	Sender *SenderInfo
	// Blocks are about the streams received, at most 31 in a report that is sent.
	Blocks []ReportBlock
	// CNAME names the sender; a view into the packet after ParseRTCP.
	CNAME []byte
	// ReferenceTime is an NTPTime of sending, to be answered by a DelayBlock; 0 is none.
	ReferenceTime uint64
	// Delays answer the reference times of others, Metrics are about the streams
	// received; at most 31 of each in a report that is sent.
	Delays  []DelayBlock
	Metrics []VoIPMetrics
	// Bye says that the stream ends.
	Bye bool

	info SenderInfo // what Sender points to after ParseRTCP
}

// SenderInfo is the middle of a sender's report (RFC 3550 §6.4.1).
type SenderInfo struct {
	NTP     uint64 // NTPTime of sending
	RTPTime uint32 // the same moment in the stream's clock
	Packets uint32
	Octets  uint32 // of payload
}

// ReportBlock is reception quality of one stream (RFC 3550 §6.4.1).
type ReportBlock struct {
	SSRC             uint32
	FractionLost     uint8 // of 256, since the report before
	Lost             int32 // in total; negative when packets came twice
	Highest          uint32
	Jitter           uint32 // in units of the RTP clock
	LastSR           uint32 // middle of the NTP time of the last sender's report
	DelaySinceLastSR uint32 // in 1/65536 s
}

// NTPTime is a moment in the form of RTCP, 32.32 bits of seconds since 1900
// (RFC 3550 §4), from nanoseconds since 1970.
func NTPTime(unixNano int64) uint64 {
	seconds, rest := uint64(unixNano/1e9), uint64(unixNano%1e9)
	return (seconds+ntpUnixEpoch)<<32 | rest<<32/1e9
}

// RoundTrip is the time to the sender of the block and back, for a report that
// arrived at an NTPTime; false when it had no report of ours to refer to
// (RFC 3550 §6.4.1, figure 2).
func (b *ReportBlock) RoundTrip(arrival uint64) (time.Duration, bool) {
	return roundTrip(arrival, b.LastSR, b.DelaySinceLastSR)
}

func roundTrip(arrival uint64, last, delay uint32) (time.Duration, bool) {
	if last == 0 {
		return 0, false
	}
	units := int32(uint32(arrival>>16) - last - delay)
	if units < 0 { // clocks that are not quite even
		units = 0
	}
	return time.Duration(units) * time.Second >> 16, true
}

// Append adds the report to dst as a compound packet: SR or RR, SDES, and XR and BYE
// where they apply. It allocates only to grow dst.
func (r *Report) Append(dst []byte) []byte {
	blocks := r.Blocks[:min(len(r.Blocks), maxBlocks)]
	words := 1 + len(blocks)*blockBytes/4
	kind := byte(typeRR)
	if r.Sender != nil {
		kind, words = typeSR, words+5
	}
	dst = appendHead(dst, len(blocks), kind, words)
	dst = binary.BigEndian.AppendUint32(dst, r.SSRC)
	if s := r.Sender; s != nil {
		dst = binary.BigEndian.AppendUint64(dst, s.NTP)
		dst = binary.BigEndian.AppendUint32(dst, s.RTPTime)
		dst = binary.BigEndian.AppendUint32(dst, s.Packets)
		dst = binary.BigEndian.AppendUint32(dst, s.Octets)
	}
	for i := range blocks {
		dst = blocks[i].append(dst)
	}
	name := r.CNAME[:min(len(r.CNAME), maxCNAME)]
	item := (2+len(name))/4*4 + 4 // ends in one to four zeros (§6.5)
	dst = appendHead(dst, 1, typeSDES, 1+item/4)
	dst = binary.BigEndian.AppendUint32(dst, r.SSRC)
	dst = append(dst, sdesCNAME, byte(len(name)))
	dst = append(dst, name...)
	for range item - 2 - len(name) {
		dst = append(dst, 0)
	}
	dst = r.appendXR(dst)
	if r.Bye {
		dst = appendHead(dst, 1, typeBYE, 1)
		dst = binary.BigEndian.AppendUint32(dst, r.SSRC)
	}
	return dst
}

func appendHead(dst []byte, count int, kind byte, words int) []byte {
	dst = append(dst, 2<<6|byte(count), kind)
	return binary.BigEndian.AppendUint16(dst, uint16(words))
}

func (b *ReportBlock) append(dst []byte) []byte {
	lost := min(max(b.Lost, -1<<23), 1<<23-1)
	dst = binary.BigEndian.AppendUint32(dst, b.SSRC)
	dst = binary.BigEndian.AppendUint32(dst, uint32(b.FractionLost)<<24|uint32(lost)&0xffffff)
	dst = binary.BigEndian.AppendUint32(dst, b.Highest)
	dst = binary.BigEndian.AppendUint32(dst, b.Jitter)
	dst = binary.BigEndian.AppendUint32(dst, b.LastSR)
	return binary.BigEndian.AppendUint32(dst, b.DelaySinceLastSR)
}

// ParseRTCP reads a compound packet into r, or a part of one as RFC 5506 allows.
// Packets of other types are passed over. It keeps the memory of r's slices and
// allocates only where that is too small.
func ParseRTCP(packet []byte, r *Report) error {
	*r = Report{Blocks: r.Blocks[:0], Delays: r.Delays[:0], Metrics: r.Metrics[:0]}
	if len(packet) == 0 {
		return ErrRTCP
	}
	for len(packet) > 0 {
		if len(packet) < 4 || packet[0]>>6 != 2 {
			return ErrRTCP
		}
		n := 4 + 4*int(binary.BigEndian.Uint16(packet[2:]))
		if n > len(packet) {
			return ErrRTCP
		}
		body := packet[4:n]
		if packet[0]&0x20 != 0 {
			if len(body) == 0 || int(body[len(body)-1]) > len(body) || body[len(body)-1] == 0 {
				return ErrRTCP
			}
			body = body[:len(body)-int(body[len(body)-1])]
		}
		if !r.take(packet[1], int(packet[0]&0x1f), body) {
			return ErrRTCP
		}
		packet = packet[n:]
	}
	return nil
}

// take reads one packet of the compound, less its head and padding.
func (r *Report) take(kind byte, count int, body []byte) bool {
	switch kind {
	case typeSR:
		if len(body) < 24 {
			return false
		}
		r.info = SenderInfo{
			NTP:     binary.BigEndian.Uint64(body[4:]),
			RTPTime: binary.BigEndian.Uint32(body[12:]),
			Packets: binary.BigEndian.Uint32(body[16:]),
			Octets:  binary.BigEndian.Uint32(body[20:]),
		}
		r.SSRC, r.Sender = binary.BigEndian.Uint32(body), &r.info
		return r.takeBlocks(count, body[24:])
	case typeRR:
		if len(body) < 4 {
			return false
		}
		r.SSRC = binary.BigEndian.Uint32(body)
		return r.takeBlocks(count, body[4:])
	case typeSDES:
		return count == 0 || r.takeCNAME(body)
	case typeXR:
		return r.takeXR(body)
	case typeBYE:
		if len(body) < 4*count {
			return false
		}
		if r.SSRC == 0 && count > 0 {
			r.SSRC = binary.BigEndian.Uint32(body)
		}
		r.Bye = true
	}
	return true
}

func (r *Report) takeBlocks(count int, body []byte) bool {
	if len(body) < count*blockBytes {
		return false
	}
	for range count {
		lost := binary.BigEndian.Uint32(body[4:])
		r.Blocks = append(r.Blocks, ReportBlock{
			SSRC:             binary.BigEndian.Uint32(body),
			FractionLost:     uint8(lost >> 24),
			Lost:             int32(lost<<8) >> 8,
			Highest:          binary.BigEndian.Uint32(body[8:]),
			Jitter:           binary.BigEndian.Uint32(body[12:]),
			LastSR:           binary.BigEndian.Uint32(body[16:]),
			DelaySinceLastSR: binary.BigEndian.Uint32(body[20:]),
		})
		body = body[blockBytes:]
	}
	return true
}

// takeCNAME looks through the first chunk (§6.5), where the sender is described.
func (r *Report) takeCNAME(body []byte) bool {
	if len(body) < 4 {
		return false
	}
	for body = body[4:]; len(body) > 0 && body[0] != 0; {
		if len(body) < 2 || len(body) < 2+int(body[1]) {
			return false
		}
		if body[0] == sdesCNAME {
			r.CNAME = body[2 : 2+int(body[1])]
		}
		body = body[2+int(body[1]):]
	}
	return true
}
