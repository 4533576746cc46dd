package worker

import "time"

// Report is one worker's counters.
type Report struct {
	// Scheduling is "fifo", "nice" or "normal".
	Scheduling string
	// IO is IOUring or IOEpoll.
	IO    IO
	Legs  int
	Rooms int
	// Ticks that ran, and those left out because the worker came back from its
	// sleep too late to catch up.
	Ticks, TicksMissed uint64
	// Skipped is the number of frames of rooms and ports that were not worked on
	// for want of time.
	Skipped uint64
	// Busy is the share of its time the worker spent working, over about the last
	// second.
	Busy float64
	// LatenessMax is the latest start of a tick in about the last ten seconds.
	LatenessMax time.Duration
	// Lateness counts ticks by how late they started: Lateness[0] under 1 µs,
	// Lateness[i] under 2^i µs, the last all others.
	Lateness [LatenessBuckets]uint64

	PacketsIn, PacketsOut, PacketsDropped uint64
	// EncodeErrors is the number of frames left out because an encoder failed.
	EncodeErrors uint64
}

// LatenessBuckets is the number of buckets of WorkerStats.Lateness.
const LatenessBuckets = 20

// LatenessQuantile is an upper bound of the lateness that a share q (0.99) of all
// ticks kept.
func (s *Report) LatenessQuantile(q float64) time.Duration {
	var all, seen uint64
	for _, n := range s.Lateness {
		all += n
	}
	for i, n := range s.Lateness {
		seen += n
		if n > 0 && float64(seen) >= q*float64(all) {
			return time.Microsecond << i
		}
	}
	return 0
}
