package mixer

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/worker"
)

// PortStats is a port's counters, at most a fifth of a second old.
type PortStats struct {
	SSRC       uint32 // of what we send
	RemoteSSRC uint32 // of what we receive

	PacketsIn, BytesIn   uint64 // valid RTP, payload bytes
	PacketsOut, BytesOut uint64

	// Lost is how many packets the peer sent that never came (RFC 3550 §6.4.1);
	// duplicates make it smaller.
	Lost int64
	// Late came after their place was played, Duplicate twice, Invalid could not
	// be parsed, were of no negotiated payload type, or began more digits than 20 a
	// second.
	Late, Duplicate, Invalid uint64
	// AuthFailed is how many packets were not protected with the peer's key, or not
	// intact, Replayed how many came again or were too late to tell (SRTP). Of neither
	// anything else is counted.
	AuthFailed, Replayed uint64
	// Unsent is how many packets the transport did not take or could not send: no
	// room, no route, not connected. Overrun came and were lost because the port
	// did not keep up; only a Ring knows. Refused came back by ICMP: nobody listens
	// at the peer.
	Unsent, Overrun, Refused uint64
	// Concealed is the number of 20 ms frames that were made up.
	Concealed uint64
	// Unheard is the number of packets of video that were for nobody.
	Unheard uint64
	// Jitter is RFC 3550's interarrival jitter.
	Jitter time.Duration
	// Delay is how much received audio the jitter buffer holds.
	Delay time.Duration
	// HighestSequence is the extended highest sequence number received.
	HighestSequence uint32
	// LastTimestamp is the RTP timestamp of what we would send at LastSent, the
	// pair that a sender report needs.
	LastTimestamp uint32
	LastSent      time.Time
	// LastPacket is when RTP last came; zero before the first.
	LastPacket time.Time
	// LossRuns are losses in the last but 64 packets of the present source, late ones
	// too, and in how many runs they came.
	LossRuns LossRuns
	// Peer is what the peer's reports say.
	Peer PeerReport
	// ReportsIn and ReportsOut are packets of RTCP; ReportsDropped were damaged, from
	// elsewhere or too many. Of a Ring nothing is known.
	ReportsIn, ReportsOut, ReportsDropped uint64
	// Level is what the port last said, in −dBov: 0 loudest, 127 silence. It is
	// known in rooms only.
	Level uint8
	// Talking tells that the port is in its room's sum.
	Talking bool
}

// EngineStats is the engine at one moment.
type EngineStats struct {
	Ports, Rooms, Pairs int
	Workers             []WorkerStats
	// EventsLost is the number of events that found no room; levels and active
	// speakers are lost first, ends never.
	EventsLost uint64
	// Moves is how many rooms and pairs went to another worker because theirs was busier,
	// Moved the last of them, oldest first.
	Moves uint64
	Moved []Move
	// Lent is how many members of rooms that are larger than a worker can carry are served
	// by another.
	Lent int
}

// WorkerStats is one worker's counters.
type WorkerStats = worker.Report

// LatenessBuckets is the number of buckets of WorkerStats.Lateness.
const LatenessBuckets = worker.LatenessBuckets
