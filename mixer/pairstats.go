package mixer

import "sync/atomic"

// pairStats is what the control side sees of a pair.
type pairStats struct {
	modes atomic.Uint32
}

func (s *pairStats) store(modes [2]PairMode) {
	s.modes.Store(uint32(modes[0]) | uint32(modes[1])<<8)
}

// load gives how the second end hears the first, and the other way round.
func (s *pairStats) load() (forth, back PairMode) {
	m := s.modes.Load()
	return PairMode(m >> 8), PairMode(m)
}
