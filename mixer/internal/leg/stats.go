package leg

import (
	"sync/atomic"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/reception"
)

// Stats is a port's counters as the control side reads them.
type Stats struct {
	Written                               written
	SSRC, RemoteSSRC, Highest, LastTS     atomic.Uint32
	Clock                                 atomic.Uint32 // of what is sent, Hz
	received                              atomic.Uint64 // of the present source
	expected, jitterUnits, step           atomic.Uint32
	bursts                                [len(reception.Bursts{})]atomic.Uint32
	Codec                                 atomic.Pointer[media.Codec] // that arrives
	Heard                                 atomic.Int64                // when reports came, unix nanoseconds; the control side's
	PacketsIn, BytesIn                    atomic.Uint64
	PacketsOut, BytesOut                  atomic.Uint64
	Lost                                  atomic.Int64
	Late, Duplicate, Invalid, Concealed   atomic.Uint64
	Jitter, Delay, LastSent, LastReceived atomic.Int64
	Level                                 atomic.Uint32
	Talking                               atomic.Bool
}

// Counts is the reception of the present source. It is for written.read.
func (s *Stats) Counts() reception.Counts {
	return reception.Counts{
		SSRC: s.RemoteSSRC.Load(), Highest: s.Highest.Load(), Expected: s.expected.Load(), Received: s.received.Load(),
		Jitter: s.jitterUnits.Load(), Step: s.step.Load(),
	}
}

// LossBursts is how losses of the present source lie together. It is for Written.Read.
func (s *Stats) LossBursts() (b reception.Bursts) {
	for i := range b {
		b[i] = s.bursts[i].Load()
	}
	return b
}

// PublishFrames is how often, in frames, counters reach the control side.
const PublishFrames = 10
