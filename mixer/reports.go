package mixer

import (
	"net/netip"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/reception"
	"github.com/skygenesisenterprise/skybridge/media/rtcp"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/reports"
)

// ReportPeer is what was agreed on about RTCP.
type ReportPeer = reports.Peer

// PeerReport is what the peer's reports say of what we send; zero before the first.
type PeerReport struct {
	At time.Time // of the last one about our stream
	// RoundTrip is the time there and back; 0 while it is not known.
	RoundTrip time.Duration
	// Loss is the share of our packets that were lost before the last report, 0 to 1,
	// Lost their number in all.
	Loss   float64
	Lost   int64
	Jitter time.Duration
	// Metrics are the peer's own (RFC 3611 §4.7), where Measured.
	Metrics  rtp.VoIPMetrics
	Measured bool

	expectation rtcp.Expectation
}

// LossRuns is how losses lie together.
type LossRuns struct {
	Packets, Lost, Runs uint32
}

// with adds what one packet says.
func (r *PeerReport) with(f rtcp.Feedback) *PeerReport {
	var next PeerReport
	if r != nil {
		next = *r
	}
	if f.RoundTrip > 0 {
		next.RoundTrip = f.RoundTrip
	}
	if f.Reported {
		next.At, next.Loss, next.Lost, next.Jitter = f.At, f.Fraction, f.Lost, f.Jitter
		next.expectation = next.expectation.With(f.Fraction)
	}
	if f.Measured {
		next.Metrics, next.Measured = f.Metrics, true
	}
	return &next
}

func (p *Port) peerReport() PeerReport {
	if r := p.feedback.Load(); r != nil {
		return *r
	}
	return PeerReport{}
}

// SetReports sets to whom reports are sent, and what is in them. A Ring has none and
// ignores it.
func (p *Port) SetReports(peer ReportPeer) {
	sock, ok := p.cfg.Transport.(*rtp.Socket)
	if !ok {
		return
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return
	}
	r := p.reporter.Load()
	if r == nil {
		r = p.engine.reports.NewReporter(p, sock, p.cfg.RTCP)
		p.reporter.Store(r)
	}
	p.mu.Unlock()
	r.Set(peer)
}

// learned tells the reports where RTP comes from.
func (p *Port) learned(remote netip.AddrPort) {
	if r := p.reporter.Load(); r != nil {
		r.Learned(remote)
	}
}

// endReports says farewell, before the transport is closed.
func (p *Port) endReports() error {
	if r := p.reporter.Load(); r != nil {
		return r.Close()
	}
	if p.cfg.RTCP != nil {
		return p.cfg.RTCP.Close()
	}
	return nil
}

// Reported is told what a packet of the peer's reports says: by our own reports, or by
// whoever has those of a Ring.
func (p *Port) Reported(f rtcp.Feedback) {
	expected := int8(0)
	for {
		before := p.feedback.Load()
		next := before.with(f)
		if before != nil {
			expected = before.expectation.Percent()
		}
		if p.feedback.CompareAndSwap(before, next) {
			if loss := next.expectation.Percent(); loss != expected {
				p.post(func(w *worker) *worker { return p.leg.expect(loss) })
			}
			break
		}
	}
	p.stats.heard.Store(f.At.UnixNano())
}

// Counters are what a sender's or receiver's report is made of.
func (p *Port) Counters() (l rtcp.Local) {
	s := &p.stats
	s.written.read(func() {
		l = rtcp.Local{
			SSRC: s.ssrc.Load(), Packets: s.packetsOut.Load(), Octets: s.bytesOut.Load(),
			RTPTime: s.lastTS.Load(), At: s.lastSent.Load(), SendClock: int(s.clock.Load()),
			Received: s.counts(),
		}
	})
	l.Receiving = l.Received.Received > 0
	return l
}

// counts is the reception of the present source. It is for written.read.
func (s *portStats) counts() reception.Counts {
	return reception.Counts{
		SSRC: s.remoteSSRC.Load(), Highest: s.highest.Load(), Expected: s.expected.Load(), Received: s.received.Load(),
		Jitter: s.jitterUnits.Load(), Step: s.step.Load(),
	}
}

// Receiving is what VoIP metrics are made of.
func (p *Port) Receiving() (r rtcp.Receiving) {
	s := &p.stats
	var counts reception.Counts
	var codec *media.Codec
	s.written.read(func() {
		counts, codec = s.counts(), s.codec.Load()
		r = rtcp.Receiving{SSRC: counts.SSRC, Bursts: s.lossBursts(), Delay: time.Duration(s.delay.Load())}
	})
	r.Packet = media.FrameDuration
	if codec != nil {
		r.Codec = codec.Impairment
		if d := time.Duration(counts.Step) * time.Second / time.Duration(codec.ClockRate); d > 0 && d <= media.MaxPacketAudio {
			r.Packet = d
		}
	}
	if r.Delay > 0 {
		r.Limit = p.engine.cfg.JitterCap
	}
	r.RoundTrip = p.peerReport().RoundTrip
	return r
}

func (s *portStats) lossBursts() (b reception.Bursts) {
	for i := range b {
		b[i] = s.bursts[i].Load()
	}
	return b
}

// publishReception is the part of publish that reports are made of.
func (l *leg) publishReception(s *portStats) {
	s.clock.Store(l.out.Clock())
	s.codec.Store(l.in.codec)
	c, _ := l.in.Counts() // none received before the first packet
	s.received.Store(c.Received)
	s.expected.Store(c.Expected)
	s.jitterUnits.Store(c.Jitter)
	s.step.Store(c.Step)
	for i, n := range l.in.Bursts() {
		s.bursts[i].Store(n)
	}
}

// maxReports is how many packets of RTCP a leg hands over from one housekeeping to the
// next, five times a second.
const maxReports = 8

// handReport hands RTCP that came on the port of RTP to the control side. Who sends it
// must be who sends RTP. arrival is as in take.
func (l *leg) handReport(w *worker, p []byte, arrival int64, from netip.AddrPort) {
	r := l.port.reporter.Load()
	if r == nil {
		return
	}
	if l.control >= maxReports || len(p) > reports.MaxPacket || !l.aim.ready() || from.IsValid() && from != l.aim.remote {
		w.count.dropped++
		return
	}
	l.control++
	if arrival == 0 {
		arrival = w.now.Wall
	}
	packet := &w.report
	packet.To, packet.Arrival, packet.From, packet.N = r, arrival, from, copy(packet.Data[:], p)
	if !w.engine.reports.Hand(packet) {
		w.count.dropped++
	}
	packet.To = nil
}
