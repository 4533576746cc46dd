package mixer

import (
	"net/netip"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/reports"
)

// housekeep is what a leg does now and then.
func (l *leg) housekeep(w *bench) {
	if (w.now.Tick/pace.TicksPerFrame+int64(l.out.SSRC%publishFrames))%publishFrames != 0 {
		return
	}
	l.publish()
	l.control = 0
	l.checkTimeout(w)
	l.keepAlive(w)
	if w.now.Tick-l.in.eventTick > eventGone {
		l.flushDigits(w, false)
	}
}

func (l *leg) publish() {
	s := &l.stats
	s.written.begin()
	defer s.written.end()
	s.ssrc.Store(l.out.SSRC)
	s.remoteSSRC.Store(l.in.SSRC())
	s.highest.Store(l.in.Highest())
	s.lastTS.Store(l.out.LastTS)
	s.packetsIn.Store(l.in.Packets)
	s.bytesIn.Store(l.in.Bytes)
	s.packetsOut.Store(l.out.Packets)
	s.bytesOut.Store(l.out.Bytes)
	s.lost.Store(l.in.Lost())
	s.late.Store(l.in.late)
	s.duplicate.Store(l.in.Duplicates)
	s.invalid.Store(l.in.invalid + l.playout.Invalid())
	s.concealed.Store(l.playout.Concealed())
	s.jitter.Store(int64(l.in.Jitter()))
	s.delay.Store(int64(l.playout.Delay()))
	s.lastSent.Store(l.out.LastWall)
	s.lastReceived.Store(l.in.lastWall)
	l.publishReception(s)
	if l.place != inRoom { // the room does that for all its members
		s.level.Store(dsp.Silence)
		s.talking.Store(false)
	}
}

// checkTimeout tells, once, that no RTP comes.
func (l *leg) checkTimeout(w *bench) {
	limit := l.cfg.mediaTimeout
	if l.held || !l.media.Direction.Receives() {
		limit = l.cfg.holdTimeout
	}
	if limit <= 0 || l.in.timedOut || len(l.media.Receive) == 0 {
		return
	}
	since := max(l.in.last, l.in.idleSince)
	if heard := l.stats.heard.Load(); l.cfg.reportsAreLife && heard != 0 {
		since = max(since, w.now.Tick-(w.now.Wall-heard)/int64(pace.Tick))
	}
	if time.Duration(w.now.Tick-since)*pace.Tick >= limit {
		l.in.timedOut = true
		l.tell(w, event.Event{Kind: event.MediaTimeout})
	}
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
func (l *leg) handReport(w *bench, p []byte, arrival int64, from netip.AddrPort) {
	r := l.reporter.Load()
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
	if !w.reports.Hand(packet) {
		w.count.dropped++
	}
	packet.To = nil
}
