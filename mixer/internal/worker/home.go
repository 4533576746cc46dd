package worker

import (
	"sync/atomic"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
)

// Home tells which worker something lives at. A worker has one that never changes,
// for legs that are in no conversation; a room and a pair have one each, which all
// legs in them share: a room moves with all its members in one store.
//
// Only the worker that at names may store another one, as the last thing it does with
// what it gives away. So a worker that finds itself there stays there until it
// decides otherwise.
type Home struct {
	At atomic.Pointer[Worker]
}

// Elsewhere is the worker that the leg belongs to, or nil when that is w. Anybody may
// ask; w keeps the leg until it gives it away.
func (s *Seat) Elsewhere(w *Worker) *Worker {
	for {
		h := s.home.Load()
		if at := h.At.Load(); at != w {
			return at
		}
		// The leg may have left h before h came to w.
		if s.home.Load() == h {
			return nil
		}
	}
}

// land takes in hand what came to w with its commands, or before them. The leg is w's.
func (s *Seat) land(w *Worker) {
	switch {
	case s.Closed:
	case s.Place == leg.InRoom:
		s.Hall.land(w)
		if s.away != nil {
			s.Hall.takeBack(w, s)
		}
	case s.Place == leg.InLink:
		s.couple.land(w)
	case s.Bench == nil:
		s.arrive(w)
	}
}
