package mixer

import (
	"net/netip"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/reception"
	"github.com/skygenesisenterprise/skybridge/media/rtcp"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
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
	r := p.leg.Reporter.Load()
	if r == nil {
		r = p.engine.reports.NewReporter(p, sock, p.cfg.RTCP, p.cfg.KeyingRTCP)
		p.leg.Reporter.Store(r)
	}
	p.mu.Unlock()
	r.Set(peer)
}

// learned tells the reports where RTP comes from.
func (p *Port) learned(remote netip.AddrPort) {
	if r := p.leg.Reporter.Load(); r != nil {
		r.Learned(remote)
	}
}

// endReports says farewell, before the transport is closed.
func (p *Port) endReports() error {
	if r := p.leg.Reporter.Load(); r != nil {
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
				p.do(func(*leg.Bench) { p.leg.Expect(loss) })
			}
			break
		}
	}
	p.leg.Stats.Heard.Store(f.At.UnixNano())
}

// Counters are what a sender's or receiver's report is made of.
func (p *Port) Counters() (l rtcp.Local) {
	s := &p.leg.Stats
	s.Written.Read(func() {
		l = rtcp.Local{
			SSRC: s.SSRC.Load(), Packets: s.PacketsOut.Load(), Octets: s.BytesOut.Load(),
			RTPTime: s.LastTS.Load(), At: s.LastSent.Load(), SendClock: int(s.Clock.Load()),
			Received: s.Counts(),
		}
	})
	l.Receiving = l.Received.Received > 0
	return l
}

// Receiving is what VoIP metrics are made of.
func (p *Port) Receiving() (r rtcp.Receiving) {
	s := &p.leg.Stats
	var counts reception.Counts
	var codec *media.Codec
	s.Written.Read(func() {
		counts, codec = s.Counts(), s.Codec.Load()
		r = rtcp.Receiving{SSRC: counts.SSRC, Bursts: s.LossBursts(), Delay: time.Duration(s.Delay.Load())}
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
