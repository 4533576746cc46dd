package forward

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/media/reception"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// received is what reports to the sender of a layer tell (RFC 3550 §6.4.1).
type received struct {
	first    uint32 // extended number
	packets  uint64
	jitter16 int64 // 16 times the jitter, in units of the clock
	transit  uint32
	interval reception.Interval

	report   uint32 // middle of the NTP time of the last sender's report; 0 is none
	reportAt time.Duration
}

// restart counts another stream, from a number on.
func (r *received) restart(ext uint32) { *r = received{first: ext} }

// count takes a packet. Only those that come in order tell of the jitter (A.8).
func (r *received) count(now time.Duration, p *packet, ahead bool) {
	if r.packets == 0 {
		r.first = p.ext
	}
	r.packets++
	if !ahead {
		return
	}
	transit := uint32(int64(now)/int64(time.Microsecond)*clockRate/1_000_000) - p.timestamp
	if r.packets > 1 {
		d := int64(int32(transit - r.transit))
		if d = max(d, -d); d < clockRate { // a second is a jump of time stamps
			r.jitter16 += d - (r.jitter16+8)>>4
		}
	}
	r.transit = transit
}

// Blocks adds to list what a receiver's report says of each layer that is received.
func (s *Source) Blocks(now time.Duration, list []rtp.ReportBlock) []rtp.ReportBlock {
	for i := range s.layers {
		l := &s.layers[i]
		r := &l.received
		if r.packets == 0 || l.ssrc == 0 {
			continue
		}
		b := r.interval.Block(reception.Counts{
			SSRC: l.ssrc, Highest: l.newest - r.first&^0xffff, Expected: l.newest - r.first + 1, Received: r.packets,
			Jitter: uint32(r.jitter16 >> 4), //nolint:gosec // less than a second of the clock
		})
		if r.report != 0 {
			b.LastSR = r.report
			b.DelaySinceLastSR = uint32(int64(now-r.reportAt) << 16 / int64(time.Second))
		}
		list = append(list, b)
	}
	return list
}

// Report takes a sender's report about a stream, by which time stamps of layers are compared.
func (s *Source) Report(now time.Duration, ssrc uint32, info *rtp.SenderInfo) {
	for i := range s.layers {
		if l := &s.layers[i]; l.ssrc == ssrc && ssrc != 0 && info.NTP != 0 {
			l.reported, l.toNTP = true, ntpUnits(info.NTP)-info.RTPTime
			l.received.report, l.received.reportAt = uint32(info.NTP>>16), now
		}
	}
}

// ntpUnits is an NTP time in units of the RTP clock, the lowest bits.
func ntpUnits(ntp uint64) uint32 {
	return uint32(ntp>>32)*clockRate + uint32((ntp&0xffffffff)*clockRate>>32)
}

// Has tells whether packets of an SSRC are the track's, as far as is known by now.
func (s *Source) Has(ssrc uint32) bool {
	for i := range s.layers {
		if l := &s.layers[i]; l.ssrc == ssrc || l.rtx == ssrc {
			return ssrc != 0
		}
	}
	return false
}

// SSRC is that of a layer that is received, 0 for none yet.
func (s *Source) SSRC() uint32 {
	for i := range s.layers {
		if s.layers[i].ssrc != 0 {
			return s.layers[i].ssrc
		}
	}
	return 0
}
