package signaling

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/quality"
	"github.com/skygenesisenterprise/skybridge/mixer"
)

// sampleEvery is how often a channel looks at the counters of its media.
const sampleEvery = time.Second

// Quality is how what the party sends has come in during the last minute, a sample a
// second, oldest first; none for a channel that never had media. It never waits.
func (c *Channel) Quality() []quality.Sample { return c.history.Samples() }

// follow begins to sample a port, which counts from nothing. Actor only.
func (c *Channel) follow() {
	c.history.Restart()
	if c.sampling == nil && !c.state.Ended {
		c.sampling = time.AfterFunc(sampleEvery, func() { c.post(c.sample) }) // stopped by end
	}
}

// sample takes what the counters say, once a second for as long as the channel lives.
// Actor only.
func (c *Channel) sample() {
	if c.state.Ended {
		return
	}
	if p := c.port(); p != nil {
		var codec media.Impairment
		if of := p.Codec(); of != nil {
			codec = of.Impairment
		}
		c.history.Add(c.engine.now(), codec, counters(p.Stats()))
	}
	c.sampling.Reset(sampleEvery)
}

// stopSampling leaves what was sampled to be read. Actor only.
func (c *Channel) stopSampling() {
	if c.sampling != nil {
		c.sampling.Stop()
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
