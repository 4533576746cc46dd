package mixer

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// Stats reads the port's counters.
func (p *Port) Stats() PortStats {
	s := &p.leg.Stats
	var stats PortStats
	video := p.passing()
	s.Written.Read(func() {
		stats = PortStats{
			SSRC: s.SSRC.Load(), RemoteSSRC: s.RemoteSSRC.Load(),
			PacketsIn: s.PacketsIn.Load(), BytesIn: s.BytesIn.Load(),
			PacketsOut: s.PacketsOut.Load(), BytesOut: s.BytesOut.Load(),
			Lost: s.Lost.Load(), Late: s.Late.Load(), Duplicate: s.Duplicate.Load(), Invalid: s.Invalid.Load(),
			Concealed:       s.Concealed.Load(),
			Jitter:          time.Duration(s.Jitter.Load()),
			Delay:           time.Duration(s.Delay.Load()),
			HighestSequence: s.Highest.Load(),
			LastTimestamp:   s.LastTS.Load(),
			LastSent:        wallTime(s.LastSent.Load()),
			LastPacket:      wallTime(s.LastReceived.Load()),
			Level:           uint8(s.Level.Load()),
			Talking:         s.Talking.Load(),
		}
		b := s.LossBursts()
		stats.LossRuns = LossRuns{Packets: b.Packets(), Lost: b.Gone(), Runs: b.Runs()}
	})
	stats.Peer = p.peerReport()
	if r := p.leg.Reporter.Load(); r != nil {
		of := r.Stats()
		stats.ReportsIn, stats.ReportsOut, stats.ReportsDropped = of.In, of.Out, of.Dropped
	}
	if k := p.keys.Load(); k != nil {
		stats.AuthFailed, stats.Replayed = k.Guard.AuthFailed.Load(), k.Guard.Replayed.Load()
	}
	switch t := p.cfg.Transport.(type) {
	case *rtp.Socket:
		of := t.Stats()
		stats.Unsent, stats.Refused, stats.Overrun = of.Unsent, of.Refused, of.Overrun
	case *Ring:
		stats.Overrun, stats.Unsent = t.Lost()
	}
	if video != nil {
		stats.Unheard = video.Unheard.Load()
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
	s := &r.mix.Stats
	snap := RoomSnapshot{
		Name: r.cfg.Name, Skipped: s.Skipped.Load(), Away: int(s.Away.Load()),
		MixTime: time.Duration(s.MixTime.Average.Load()),
	}
	if l := s.Speaker.Load(); l != nil {
		snap.Speaker = l.Handle.(*Port)
	}
	if members := s.Members.Load(); members != nil {
		for _, l := range *members {
			snap.Members = append(snap.Members, MemberSnapshot{
				Port: l.Handle.(*Port), Level: uint8(l.Stats.Level.Load()), Talking: l.Stats.Talking.Load(),
			})
		}
	}
	return snap
}
