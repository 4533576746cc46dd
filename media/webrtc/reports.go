package webrtc

import (
	"math/rand/v2"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtcp"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// reportInterval is the mean time between RTCP reports, the least of RFC 3550 §6.2.
const reportInterval = 5 * time.Second

// nextReport is the time to the next report, half to one and a half of the mean, so
// that peers that came together do not report together for ever (§6.3.1).
func nextReport() time.Duration {
	return reportInterval/2 + rand.N(reportInterval)
}

// remoteReport is what the peer's reports say.
type remoteReport struct {
	source    uint32 // of its latest sender report
	middle    uint32 // that report's NTP time, the middle 32 bits
	at        time.Time
	fraction  uint8 // of our packets lost to it, in 1/256
	lost      int64
	jitter    uint32 // timestamp units
	roundTrip time.Duration
}

// Stats is a peer's traffic so far.
type Stats struct {
	PacketsReceived, BytesReceived uint64 // bytes of payload
	PacketsRefused                 uint64 // not RTP, or payload type or direction not agreed
	PacketsLost                    int64  // on the way, also those of the next
	PacketsRecovered               uint64 // lost, and come with their successors
	PacketsRedundant               uint64 // with earlier frames (RFC 2198)
	Jitter                         time.Duration
	PacketsSent, BytesSent         uint64 // bytes of payload
	PacketsFailed                  uint64 // could not be sent

	// As the peer reports it: round-trip time, and our packets' loss and jitter
	// over there. All zero before its first report.
	RoundTrip         time.Duration
	RemoteLost        int64
	RemoteLostPercent float64 // in the latest interval
	RemoteJitter      time.Duration
}

// Stats counts.
func (p *Peer) Stats() Stats {
	var s Stats
	p.in.mu.Lock()
	r, remote := p.in.stream, p.in.remote
	p.in.mu.Unlock()
	s.PacketsReceived, s.BytesReceived = r.Packets, r.Bytes
	s.PacketsRefused, s.PacketsRecovered = p.in.refused.Load(), p.in.recovered.Load()
	s.PacketsRedundant = p.in.redundant.Load()
	s.PacketsLost, s.Jitter = r.Lost(), r.Jitter()
	s.PacketsSent, s.BytesSent, s.PacketsFailed = p.out.packets.Load(), p.out.octets.Load(), p.out.failed.Load()
	s.RoundTrip, s.RemoteLost = remote.roundTrip, remote.lost
	s.RemoteLostPercent = float64(remote.fraction) / 2.56
	if c := p.Media().Send.Codec; c != nil {
		s.RemoteJitter = time.Duration(remote.jitter) * time.Second / time.Duration(c.ClockRate)
	}
	return s
}

// report sends our sender or receiver report and arms the next (RFC 3550 §6.4). It
// runs on the peer's event goroutine.
func (p *Peer) report() {
	if p.ctx.Err() != nil {
		return
	}
	defer p.reportTime.Reset(nextReport())
	if !p.connected.Load() {
		return
	}
	now := time.Now()
	agreed := p.media.Load()
	if agreed == nil || agreed.Send.Codec == nil { // no audio, as a later offer may have it
		return
	}
	r := rtp.Report{SSRC: agreed.SSRC, Blocks: p.receptionReport(now), CNAME: []byte(p.session.cname)}
	if sent := p.out.packets.Load(); sent > 0 {
		r.Sender = &rtp.SenderInfo{
			NTP:     rtp.NTPTime(now.UnixNano()),
			RTPTime: p.out.stampAt(now, agreed.Send.Codec.ClockRate),
			Packets: uint32(sent),
			Octets:  uint32(p.out.octets.Load()),
		}
	}
	if err := p.path.SendControl(r.Append(nil)); err != nil {
		p.log.Debug("rtcp not sent", "err", err)
	}
}

func (p *Peer) receptionReport(now time.Time) []rtp.ReportBlock {
	p.in.mu.Lock()
	defer p.in.mu.Unlock()
	c, ok := p.in.stream.Counts()
	if !ok {
		return nil
	}
	b := p.in.reported.Block(c)
	if p.in.remote.source == b.SSRC && !p.in.remote.at.IsZero() {
		b.LastSR = p.in.remote.middle
		b.DelaySinceLastSR = elapsed(now.Sub(p.in.remote.at), 1<<16)
	}
	return []rtp.ReportBlock{b}
}

// receiveReport takes one compound RTCP packet, authentic and opened. The socket's reader
// calls it, one at a time.
func (p *Peer) receiveReport(packet []byte, now time.Time) {
	if rtp.ParseRTCP(packet, &p.in.report) != nil {
		p.in.refused.Add(1)
		return
	}
	if f, ok := p.learn(&p.in.report, now); ok && p.config.Reported != nil {
		p.config.Reported(f)
	}
	if v := p.config.Video; v != nil && v.Control != nil {
		v.Control(packet, now)
	}
}

// learn takes what a report says. ok tells that some of it is about our source.
func (p *Peer) learn(r *rtp.Report, now time.Time) (f rtcp.Feedback, ok bool) {
	p.in.mu.Lock()
	defer p.in.mu.Unlock()
	of := &p.in.remote
	// Sources of video report too.
	if c, known := p.in.stream.Counts(); r.Sender != nil && (!known || c.SSRC == r.SSRC) {
		of.source, of.middle, of.at = r.SSRC, uint32(r.Sender.NTP>>16), now
	}
	if ok = of.take(p.session.ssrc, r.Blocks, now); ok {
		p.out.redundancy.reported(float64(of.fraction) / 256)
	}
	f = rtcp.Feedback{
		At: now, RoundTrip: of.roundTrip, Reported: ok, Fraction: float64(of.fraction) / 256, Lost: of.lost,
	}
	if agreed := p.media.Load(); agreed != nil && agreed.Send.Codec != nil {
		f.Jitter = time.Duration(of.jitter) * time.Second / time.Duration(agreed.Send.Codec.ClockRate)
	}
	return f, ok
}

// take reads the block about our source, if ssrc is that, and reports whether there is one.
func (r *remoteReport) take(ssrc uint32, blocks []rtp.ReportBlock, now time.Time) (found bool) {
	for i := range blocks {
		b := &blocks[i]
		if b.SSRC != ssrc {
			continue
		}
		found = true
		r.fraction, r.lost, r.jitter = b.FractionLost, int64(b.Lost), b.Jitter
		if trip, ok := b.RoundTrip(rtp.NTPTime(now.UnixNano())); ok {
			r.roundTrip = trip
		}
	}
	return found
}

// elapsed is a duration in units of a clock.
func elapsed(d time.Duration, clock int) uint32 {
	return uint32(d.Seconds() * float64(clock))
}
