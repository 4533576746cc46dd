package mixer

import "sync/atomic"

// home tells which worker something lives at. A worker has one that never changes,
// for legs that are in no conversation; a room and a pair have one each, which all
// legs in them share: a room moves with all its members in one store.
//
// Only the worker that at names may store another one, as the last thing it does with
// what it gives away. So a worker that finds itself there stays there until it
// decides otherwise.
type home struct {
	at atomic.Pointer[worker]
}

// elsewhere is the worker that the leg belongs to, or nil when that is w. Anybody may
// ask; w keeps the leg until it gives it away.
func (s *seat) elsewhere(w *worker) *worker {
	for {
		h := s.home.Load()
		if at := h.at.Load(); at != w {
			return at
		}
		// The leg may have left h before h came to w.
		if s.home.Load() == h {
			return nil
		}
	}
}

// land takes in hand what came to w with its commands, or before them. The leg is w's.
func (s *seat) land(w *worker) {
	switch {
	case s.closed:
	case s.place == inRoom:
		s.hall.land(w)
	case s.place == inLink:
		s.couple.land(w)
	case s.w == nil:
		s.arrive(w)
	}
}
