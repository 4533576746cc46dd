package room

import (
	"sync/atomic"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// Stats is what the control side sees of a room.
type Stats struct {
	Members atomic.Pointer[[]*leg.Leg]
	Speaker atomic.Pointer[leg.Leg]
	Skipped atomic.Uint64
	Away    atomic.Int64 // members at other workers
	MixTime pace.Cost
}

// MeterFrame is the frame of publishFrames that is measured; not the one in which counters
// are published.
const MeterFrame = leg.PublishFrames / 2
