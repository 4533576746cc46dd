package rtp

import (
	"encoding/binary"
	"time"
)

// typeXR is the packet type of extended reports (RFC 3611 §2).
const typeXR = 207

// Block types of extended reports (RFC 3611 §4).
const (
	xrReferenceTime = 4
	xrDelays        = 5
	xrVoIPMetrics   = 7
)

const (
	delayBytes   = 12
	metricsBytes = 32
)

// Unavailable stands in VoIPMetrics for a level, a rating or a score that nobody
// measured (RFC 3611 §4.7).
const Unavailable = 127

// DelayBlock answers a reference time: what a sender report is for a sender, for one
// who only receives (RFC 3611 §4.5).
type DelayBlock struct {
	SSRC             uint32 // of whom is answered
	LastRR           uint32 // middle of the NTP time of its last reference time
	DelaySinceLastRR uint32 // in 1/65536 s
}

// RoundTrip is ReportBlock.RoundTrip for a reference time.
func (b *DelayBlock) RoundTrip(arrival uint64) (time.Duration, bool) {
	return roundTrip(arrival, b.LastRR, b.DelaySinceLastRR)
}

// VoIPMetrics is how a call is received (RFC 3611 §4.7).
type VoIPMetrics struct {
	SSRC                       uint32 // of the stream received
	LossRate, DiscardRate      uint8  // of 256, of all packets
	BurstDensity, GapDensity   uint8  // of 256, of the packets within bursts and gaps
	BurstDuration, GapDuration uint16 // mean, ms
	RoundTrip, EndSystemDelay  uint16 // ms
	SignalLevel, NoiseLevel    int8   // dBm0, or Unavailable
	EchoReturnLoss             uint8  // residual, dB, or Unavailable
	Gmin                       uint8  // packets received in a row that end a burst
	R, ExternalR               uint8  // 0 to 100, or Unavailable
	// MOSListening and MOSConversation are 10 to 50, ten times the score, or
	// Unavailable.
	MOSListening, MOSConversation uint8
	// Receiver tells how loss is concealed and of what kind the jitter buffer is
	// (§4.7.6).
	Receiver                                     uint8
	BufferNominal, BufferMaximum, BufferAbsolute uint16 // delays of the jitter buffer, ms
}

// appendXR adds the extended report, if there is anything for one.
func (r *Report) appendXR(dst []byte) []byte {
	delays, metrics := r.Delays[:min(len(r.Delays), maxBlocks)], r.Metrics[:min(len(r.Metrics), maxBlocks)]
	words := 1 + len(metrics)*(1+metricsBytes/4)
	if r.ReferenceTime != 0 {
		words += 3
	}
	if len(delays) > 0 {
		words += 1 + len(delays)*delayBytes/4
	}
	if words == 1 {
		return dst
	}
	dst = appendHead(dst, 0, typeXR, words)
	dst = binary.BigEndian.AppendUint32(dst, r.SSRC)
	if r.ReferenceTime != 0 {
		dst = append(dst, xrReferenceTime, 0, 0, 2)
		dst = binary.BigEndian.AppendUint64(dst, r.ReferenceTime)
	}
	if len(delays) > 0 {
		dst = append(dst, xrDelays, 0)
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(delays)*delayBytes/4)) //nolint:gosec // at most 31 of them
		for _, d := range delays {
			dst = binary.BigEndian.AppendUint32(dst, d.SSRC)
			dst = binary.BigEndian.AppendUint32(dst, d.LastRR)
			dst = binary.BigEndian.AppendUint32(dst, d.DelaySinceLastRR)
		}
	}
	for i := range metrics {
		dst = metrics[i].append(dst)
	}
	return dst
}

func (m *VoIPMetrics) append(dst []byte) []byte {
	dst = append(dst, xrVoIPMetrics, 0, 0, metricsBytes/4)
	dst = binary.BigEndian.AppendUint32(dst, m.SSRC)
	dst = append(dst, m.LossRate, m.DiscardRate, m.BurstDensity, m.GapDensity)
	for _, v := range [...]uint16{m.BurstDuration, m.GapDuration, m.RoundTrip, m.EndSystemDelay} {
		dst = binary.BigEndian.AppendUint16(dst, v)
	}
	dst = append(dst, byte(m.SignalLevel), byte(m.NoiseLevel), m.EchoReturnLoss, m.Gmin,
		m.R, m.ExternalR, m.MOSListening, m.MOSConversation, m.Receiver, 0)
	for _, v := range [...]uint16{m.BufferNominal, m.BufferMaximum, m.BufferAbsolute} {
		dst = binary.BigEndian.AppendUint16(dst, v)
	}
	return dst
}

// takeXR reads the blocks of an extended report. Those of other types are passed over.
func (r *Report) takeXR(body []byte) bool {
	if len(body) < 4 {
		return false
	}
	if r.SSRC == 0 { // an extended report may come alone (RFC 5506)
		r.SSRC = binary.BigEndian.Uint32(body)
	}
	for body = body[4:]; len(body) > 0; {
		if len(body) < 4 {
			return false
		}
		n := 4 + 4*int(binary.BigEndian.Uint16(body[2:]))
		if n > len(body) || !r.takeXRBlock(body[0], body[4:n]) {
			return false
		}
		body = body[n:]
	}
	return true
}

func (r *Report) takeXRBlock(kind byte, body []byte) bool {
	switch kind {
	case xrReferenceTime:
		if len(body) != 8 {
			return false
		}
		r.ReferenceTime = binary.BigEndian.Uint64(body)
	case xrDelays:
		if len(body)%delayBytes != 0 {
			return false
		}
		for ; len(body) > 0; body = body[delayBytes:] {
			r.Delays = append(r.Delays, DelayBlock{
				SSRC:             binary.BigEndian.Uint32(body),
				LastRR:           binary.BigEndian.Uint32(body[4:]),
				DelaySinceLastRR: binary.BigEndian.Uint32(body[8:]),
			})
		}
	case xrVoIPMetrics:
		if len(body) != metricsBytes {
			return false
		}
		r.Metrics = append(r.Metrics, parseMetrics(body))
	}
	return true
}

func parseMetrics(b []byte) VoIPMetrics {
	u16 := func(at int) uint16 { return binary.BigEndian.Uint16(b[at:]) }
	return VoIPMetrics{
		SSRC:     binary.BigEndian.Uint32(b),
		LossRate: b[4], DiscardRate: b[5], BurstDensity: b[6], GapDensity: b[7],
		BurstDuration: u16(8), GapDuration: u16(10), RoundTrip: u16(12), EndSystemDelay: u16(14),
		SignalLevel: int8(b[16]), NoiseLevel: int8(b[17]), EchoReturnLoss: b[18], Gmin: b[19], //nolint:gosec // two's complement on the wire
		R: b[20], ExternalR: b[21], MOSListening: b[22], MOSConversation: b[23],
		Receiver: b[24], BufferNominal: u16(26), BufferMaximum: u16(28), BufferAbsolute: u16(30),
	}
}
