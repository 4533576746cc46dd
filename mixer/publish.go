package mixer

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/media/reception"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// publishFrames is how often, in frames, counters reach the control side.
const publishFrames = 10

// portStats is a port's counters as the control side reads them.
type portStats struct {
	written                               written
	ssrc, remoteSSRC, highest, lastTS     atomic.Uint32
	clock                                 atomic.Uint32 // of what is sent, Hz
	received                              atomic.Uint64 // of the present source
	expected, jitterUnits, step           atomic.Uint32
	bursts                                [len(reception.Bursts{})]atomic.Uint32
	codec                                 atomic.Pointer[media.Codec] // that arrives
	heard                                 atomic.Int64                // when reports came, unix nanoseconds; the control side's
	packetsIn, bytesIn                    atomic.Uint64
	packetsOut, bytesOut                  atomic.Uint64
	lost                                  atomic.Int64
	late, duplicate, invalid, concealed   atomic.Uint64
	jitter, delay, lastSent, lastReceived atomic.Int64
	level                                 atomic.Uint32
	talking                               atomic.Bool
}

// housekeep is what a leg does now and then.
func (l *leg) housekeep(w *worker) {
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
	s := &l.port.stats
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
func (l *leg) checkTimeout(w *worker) {
	limit := l.port.cfg.MediaTimeout
	if l.held || !l.media.Direction.Receives() {
		limit = l.port.cfg.HoldTimeout
	}
	if limit <= 0 || l.in.timedOut || len(l.media.Receive) == 0 {
		return
	}
	since := max(l.in.last, l.in.idleSince)
	if heard := l.port.stats.heard.Load(); l.port.cfg.RTCPIsLife && heard != 0 {
		since = max(since, w.now.Tick-(w.now.Wall-heard)/int64(pace.Tick))
	}
	if time.Duration(w.now.Tick-since)*pace.Tick >= limit {
		l.in.timedOut = true
		l.tell(w, event.Event{Kind: event.MediaTimeout})
	}
}

// Stats reads the port's counters.
func (p *Port) Stats() PortStats {
	s := &p.stats
	var stats PortStats
	s.written.read(func() {
		stats = PortStats{
			SSRC: s.ssrc.Load(), RemoteSSRC: s.remoteSSRC.Load(),
			PacketsIn: s.packetsIn.Load(), BytesIn: s.bytesIn.Load(),
			PacketsOut: s.packetsOut.Load(), BytesOut: s.bytesOut.Load(),
			Lost: s.lost.Load(), Late: s.late.Load(), Duplicate: s.duplicate.Load(), Invalid: s.invalid.Load(),
			Concealed:       s.concealed.Load(),
			Jitter:          time.Duration(s.jitter.Load()),
			Delay:           time.Duration(s.delay.Load()),
			HighestSequence: s.highest.Load(),
			LastTimestamp:   s.lastTS.Load(),
			LastSent:        wallTime(s.lastSent.Load()),
			LastPacket:      wallTime(s.lastReceived.Load()),
			Level:           uint8(s.level.Load()),
			Talking:         s.talking.Load(),
		}
		b := s.lossBursts()
		stats.LossRuns = LossRuns{Packets: b.Packets(), Lost: b.Gone(), Runs: b.Runs()}
	})
	stats.Peer = p.peerReport()
	if r := p.reporter.Load(); r != nil {
		of := r.Stats()
		stats.ReportsIn, stats.ReportsOut, stats.ReportsDropped = of.In, of.Out, of.Dropped
	}
	if k := p.keys.Load(); k != nil {
		stats.AuthFailed, stats.Replayed = k.Guard.AuthFailed.Load(), k.Guard.Replayed.Load()
	}
	switch t := p.cfg.Transport.(type) {
	case *rtp.Socket:
		of := t.Stats()
		stats.Unsent, stats.Refused = of.Unsent, of.Refused
	case *Ring:
		stats.Overrun, stats.Unsent = t.Lost()
	}
	return stats
}

func wallTime(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns)
}

// roomStats is what the control side sees of a room.
type roomStats struct {
	members atomic.Pointer[[]*Port]
	speaker atomic.Pointer[Port]
	skipped atomic.Uint64
	mixTime cost
}

func (s *roomStats) snapshot(r *Room) RoomSnapshot {
	snap := RoomSnapshot{
		Name: r.cfg.Name, Speaker: s.speaker.Load(), Skipped: s.skipped.Load(),
		MixTime: time.Duration(s.mixTime.average.Load()),
	}
	if members := s.members.Load(); members != nil {
		for _, p := range *members {
			snap.Members = append(snap.Members, MemberSnapshot{
				Port: p, Level: uint8(p.stats.level.Load()), Talking: p.stats.talking.Load(),
			})
		}
	}
	return snap
}

// membersChanged makes a join or leave visible, at the end of the commands of this
// tick: many may join at once.
func (x *mix) membersChanged(w *worker) {
	if !x.unseen {
		x.unseen = true
		w.unseen = append(w.unseen, x)
	}
}

// publishMembers makes the joins and leaves of this tick visible.
func (w *worker) publishMembers() {
	for i, x := range w.unseen {
		w.unseen[i] = nil
		x.publishMembers()
	}
	w.unseen = w.unseen[:0]
}

func (x *mix) publishMembers() {
	x.unseen = false
	members := make([]*Port, len(x.members))
	for i, l := range x.members {
		members[i] = l.port
	}
	x.room.stats.members.Store(&members)
}

// speakerMargin, in dB, is how much louder than the active speaker somebody must
// be to take its place.
const speakerMargin = 3

// publish tells how loud everybody was since the last time.
func (x *mix) publish(w *worker) {
	var loudest *leg
	anyone := false
	for _, l := range x.members {
		l.port.stats.level.Store(uint32(l.loudest))
		l.port.stats.talking.Store(l.talking)
		if l.talking {
			anyone = true
			if loudest == nil || l.loudest < loudest.loudest {
				loudest = l
			}
		}
	}
	if s := x.speaker; s != nil && s.talking && loudest != s && int(loudest.loudest)+speakerMargin > int(s.loudest) {
		loudest = s
	}
	x.setSpeaker(w, loudest)
	for _, l := range x.members {
		l.loudest = dsp.Silence
	}
	if anyone || x.anyone {
		x.tell(w, event.Event{Kind: event.Levels})
	}
	x.anyone = anyone
}

// setSpeaker tells who speaks loudest, if that is somebody else than was told last.
func (x *mix) setSpeaker(w *worker, l *leg) {
	x.speaker = l
	var p *Port
	ev := event.Event{Kind: event.ActiveSpeaker}
	if l != nil {
		p, ev.Port = l.port, l.port
	}
	if p == x.told {
		return
	}
	x.told = p
	x.room.stats.speaker.Store(p)
	x.tell(w, ev)
}

// skip counts a frame that was not mixed.
func (x *mix) skip(w *worker) {
	x.ran = w.now.Tick // nobody owes it, wherever the room goes
	x.room.stats.skipped.Add(1)
	w.stats.skipped.Add(1)
}

// pairStats is what the control side sees of a pair.
type pairStats struct {
	modes atomic.Uint32
}

func (s *pairStats) store(k *link) {
	var m uint32
	for i, l := range k.ends {
		if l != nil {
			m |= uint32(l.mode) << (8 * i)
		}
	}
	s.modes.Store(m)
}

// load gives how the second end hears the first, and the other way round.
func (s *pairStats) load() (forth, back PairMode) {
	m := s.modes.Load()
	return PairMode(m >> 8), PairMode(m)
}

// counters are a worker's own; they reach workerStats now and then.
type counters struct {
	in, out, dropped uint64
}

// workerStats is what the control side sees of a worker.
type workerStats struct {
	scheduling       atomic.Pointer[string]
	rooms            atomic.Int64
	links            cost // all of them in a frame
	ticks, missed    atomic.Uint64
	skipped          atomic.Uint64
	busy             atomic.Uint64 // math.Float64bits
	lateness         [LatenessBuckets]atomic.Uint64
	latest, previous atomic.Int64 // of this and the last five seconds
	in, out, dropped atomic.Uint64
	encodeErrors     atomic.Uint64
}

// late takes note of how late a tick started, in nanoseconds.
func (s *workerStats) late(ns int64) {
	i := min(bits.Len64(uint64(max(ns, 0))/1000), LatenessBuckets-1)
	s.lateness[i].Add(1)
	if ns > s.latest.Load() {
		s.latest.Store(ns)
	}
}

// publish lets the control side see the worker's counters.
func (w *worker) publish() {
	s := &w.stats
	s.ticks.Add(1)
	if w.now.Tick%(5*pace.TicksPerSecond) == 0 {
		s.previous.Store(s.latest.Swap(0))
	}
	if w.now.Tick%(pace.TicksPerFrame*publishFrames) != 0 {
		return
	}
	s.busy.Store(math.Float64bits(w.budget.Busy()))
	s.in.Store(w.count.in)
	s.out.Store(w.count.out)
	s.dropped.Store(w.count.dropped + w.memory.Dropped)
	s.encodeErrors.Store(w.batches.Errors)
}

func (w *worker) snapshot() WorkerStats {
	s := &w.stats
	ws := WorkerStats{
		Legs: int(w.legs.Load()), Rooms: int(s.rooms.Load()),
		Ticks: s.ticks.Load(), TicksMissed: s.missed.Load(), Skipped: s.skipped.Load(),
		Busy:        math.Float64frombits(s.busy.Load()),
		LatenessMax: time.Duration(max(s.latest.Load(), s.previous.Load())),
		PacketsIn:   s.in.Load(), PacketsOut: s.out.Load(), PacketsDropped: s.dropped.Load(),
		EncodeErrors: s.encodeErrors.Load(),
	}
	if how := s.scheduling.Load(); how != nil {
		ws.Scheduling = *how
	}
	for i := range ws.Lateness {
		ws.Lateness[i] = s.lateness[i].Load()
	}
	return ws
}
