package leg

import (
	"net/netip"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/reports"
)

// Housekeep is what a leg does now and then.
func (l *Leg) Housekeep(w *Bench) {
	if (w.Now.Tick/pace.TicksPerFrame+int64(l.out.SSRC%PublishFrames))%PublishFrames != 0 {
		return
	}
	l.Publish()
	l.Control, l.keying = 0, keying{}
	l.checkTimeout(w)
	l.keepAlive(w)
	if w.Now.Tick-l.In.eventTick > EventGone {
		l.FlushDigits(w, false)
	}
}

// Publish lets the control side see the leg's counters.
func (l *Leg) Publish() {
	s := &l.Stats
	s.Written.begin()
	defer s.Written.end()
	s.SSRC.Store(l.out.SSRC)
	s.RemoteSSRC.Store(l.In.SSRC())
	s.Highest.Store(l.In.Highest())
	s.LastTS.Store(l.out.LastTS)
	s.PacketsIn.Store(l.In.Packets)
	s.BytesIn.Store(l.In.Bytes)
	s.PacketsOut.Store(l.out.Packets)
	s.BytesOut.Store(l.out.Bytes)
	s.Lost.Store(l.In.Lost())
	s.Late.Store(l.In.late)
	s.Duplicate.Store(l.In.Duplicates)
	s.Invalid.Store(l.In.invalid + l.Playout.Invalid())
	s.Concealed.Store(l.Playout.Concealed())
	s.Jitter.Store(int64(l.In.Jitter()))
	s.Delay.Store(int64(l.Playout.Delay()))
	s.LastSent.Store(l.out.LastWall)
	s.LastReceived.Store(l.In.lastWall)
	l.publishReception(s)
	if l.Place != InRoom { // the room does that for all its members
		s.Level.Store(dsp.Silence)
		s.Talking.Store(false)
	}
}

// checkTimeout tells, once, that no RTP comes.
func (l *Leg) checkTimeout(w *Bench) {
	limit := l.Config.MediaTimeout
	switch {
	case l.Held || !l.Media.Direction.Receives():
		limit = l.Config.HoldTimeout
	case l.Config.MutedIsHeld && l.InMuted:
		l.In.IdleSince = w.Now.Tick // it counts from the end of that on
		return
	}
	if limit <= 0 || l.In.timedOut || len(l.Media.Receive) == 0 {
		return
	}
	since := max(l.In.last, l.In.IdleSince)
	if heard := l.Stats.Heard.Load(); l.Config.ReportsAreLife && heard != 0 {
		since = max(since, w.Now.Tick-(w.Now.Wall-heard)/int64(pace.Tick))
	}
	if time.Duration(w.Now.Tick-since)*pace.Tick >= limit {
		l.In.timedOut = true
		l.Tell(w, event.Event{Kind: event.MediaTimeout})
	}
}

// publishReception is the part of publish that reports are made of.
func (l *Leg) publishReception(s *Stats) {
	s.Clock.Store(l.out.Clock())
	s.Codec.Store(l.In.codec)
	c, _ := l.In.Counts() // none received before the first packet
	s.received.Store(c.Received)
	s.expected.Store(c.Expected)
	s.jitterUnits.Store(c.Jitter)
	s.step.Store(c.Step)
	for i, n := range l.In.Bursts() {
		s.bursts[i].Store(n)
	}
}

// maxReports is how many packets of RTCP a leg hands over from one housekeeping to the
// next, five times a second.
const maxReports = 8

// maxRequests is maxReports of video, which is asked for what was lost.
const maxRequests = 32

// handReport hands RTCP that came on the port of RTP to the control side. Who sends it
// must be who sends RTP. arrival is as in take.
func (l *Leg) handReport(w *Bench, p []byte, arrival int64, from netip.AddrPort) {
	r := l.Reporter.Load()
	if r == nil {
		return
	}
	most := maxReports
	if l.PassedOnly() {
		most = maxRequests
	}
	if l.Control >= most || len(p) > reports.MaxPacket || !l.aim.ready() || from.IsValid() && from != l.aim.remote {
		w.Count.Dropped++
		return
	}
	l.Control++
	if arrival == 0 {
		arrival = w.Now.Wall
	}
	packet := &w.report
	packet.To, packet.Arrival, packet.From, packet.N = r, arrival, from, copy(packet.Data[:], p)
	if !w.Reports.Hand(packet) {
		w.Count.Dropped++
	}
	packet.To = nil
}
