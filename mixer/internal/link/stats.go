package link

import (
	"sync/atomic"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
)

// Stats is what the control side sees of a pair.
type Stats struct {
	modes atomic.Uint32
}

func (s *Stats) store(modes [2]leg.Mode) {
	s.modes.Store(uint32(modes[0]) | uint32(modes[1])<<8)
}

// Load gives how the second end hears the first, and the other way round.
func (s *Stats) Load() (forth, back leg.Mode) {
	m := s.modes.Load()
	return leg.Mode(m >> 8), leg.Mode(m)
}
