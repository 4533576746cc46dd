package mixer

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// Stats reads the port's counters.
func (p *Port) Stats() PortStats {
	s := &p.leg.stats
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
	if r := p.leg.reporter.Load(); r != nil {
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

func (r *Room) snapshot() RoomSnapshot {
	s := &r.mix.stats
	snap := RoomSnapshot{
		Name: r.cfg.Name, Skipped: s.skipped.Load(),
		MixTime: time.Duration(s.mixTime.average.Load()),
	}
	if l := s.speaker.Load(); l != nil {
		snap.Speaker = l.handle.(*Port)
	}
	if members := s.members.Load(); members != nil {
		for _, l := range *members {
			snap.Members = append(snap.Members, MemberSnapshot{
				Port: l.handle.(*Port), Level: uint8(l.stats.level.Load()), Talking: l.stats.talking.Load(),
			})
		}
	}
	return snap
}
