// Package sampling keeps how a party's audio comes in: its port's counters, once a second,
// as the samples that package quality rates.
//
// It starts no goroutine; what its timer calls only posts.
package sampling

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/quality"
	"github.com/skygenesisenterprise/skybridge/mixer"
)

// every is how often the counters are looked at.
const every = time.Second

// Sampler samples one party's port. Its zero value has none. But for Samples its methods
// belong to one goroutine.
type Sampler struct {
	history quality.History
	timer   *time.Timer
}

// Samples are the last minute's, a sample a second, oldest first. It never waits.
func (s *Sampler) Samples() []quality.Sample { return s.history.Samples() }

// Follow begins to sample a port, which counts from nothing: due is called when it is time
// for Take, until Stop.
func (s *Sampler) Follow(due func()) {
	s.history.Restart()
	if s.timer == nil {
		s.timer = time.AfterFunc(every, due)
	}
}

// Take is one sample, of a port or of none, and sets the time of the next.
func (s *Sampler) Take(now time.Time, p *mixer.Port) {
	if p != nil {
		var codec media.Impairment
		if of := p.Codec(); of != nil {
			codec = of.Impairment
		}
		s.history.Add(now, codec, counters(p.Stats()))
	}
	s.timer.Reset(every)
}

// Stop leaves what was sampled to be read.
func (s *Sampler) Stop() {
	if s.timer != nil {
		s.timer.Stop()
	}
}

func counters(s mixer.PortStats) quality.Counters {
	return quality.Counters{
		Packets: s.PacketsIn, Lost: s.Lost, Late: s.Late, Concealed: s.Concealed,
		Jitter: s.Jitter, Delay: s.Delay, Level: s.Level,
		Runs: quality.Runs{Packets: s.LossRuns.Packets, Lost: s.LossRuns.Lost, Number: s.LossRuns.Runs},
		Remote: quality.Remote{
			RoundTrip: s.Peer.RoundTrip, Reported: !s.Peer.At.IsZero(), Loss: s.Peer.Loss, Jitter: s.Peer.Jitter,
		},
	}
}
