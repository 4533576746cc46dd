package mixer

import (
	"sync/atomic"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/reception"
)

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

// counts is the reception of the present source. It is for written.read.
func (s *portStats) counts() reception.Counts {
	return reception.Counts{
		SSRC: s.remoteSSRC.Load(), Highest: s.highest.Load(), Expected: s.expected.Load(), Received: s.received.Load(),
		Jitter: s.jitterUnits.Load(), Step: s.step.Load(),
	}
}

func (s *portStats) lossBursts() (b reception.Bursts) {
	for i := range b {
		b[i] = s.bursts[i].Load()
	}
	return b
}

// publishFrames is how often, in frames, counters reach the control side.
const publishFrames = 10
