package mixer

import "sync/atomic"

// roomStats is what the control side sees of a room.
type roomStats struct {
	members atomic.Pointer[[]*leg]
	speaker atomic.Pointer[leg]
	skipped atomic.Uint64
	mixTime cost
}

// meterFrame is the frame of publishFrames that is measured; not the one in which counters
// are published.
const meterFrame = publishFrames / 2
