package doorbell

import "sync/atomic"

// Sleeper is one goroutine that waits for what a worker does. It says that it will (Rests),
// looks once more whether there is something, and receives from Woken; or it Stays.
type Sleeper struct {
	bell  *Bell
	call  Call
	rests atomic.Bool
	woken chan struct{}
}

// NewSleeper makes a Sleeper that is woken by way of a Bell. It may be nil as long as no
// worker has to do with it.
func NewSleeper(b *Bell) *Sleeper {
	s := &Sleeper{bell: b, woken: make(chan struct{}, 1)}
	s.call.Answer = s.wake
	return s
}

// Use has it woken by way of another Bell. It is for before a worker has to do with it.
func (s *Sleeper) Use(b *Bell) { s.bell = b }

// Rests says that the goroutine is about to wait. What is there to be found was perhaps put
// there before that could be seen, so it looks again, and Stays or receives from Woken.
func (s *Sleeper) Rests() { s.rests.Store(true) }

// Stays takes back Rests. A wake that is on its way ends the next wait too soon.
func (s *Sleeper) Stays() { s.rests.Store(false) }

// Woken is what the goroutine waits for. It may be woken for nothing.
func (s *Sleeper) Woken() <-chan struct{} { return s.woken }

// Resting reports whether Rouse would do something.
func (s *Sleeper) Resting() bool { return s.rests.Load() }

// Rouse wakes the goroutine if it rests. It is for workers: it never waits, allocates
// nothing, and readies no goroutine.
func (s *Sleeper) Rouse() {
	if s.rests.Load() && s.rests.CompareAndSwap(true, false) {
		s.bell.Call(&s.call)
	}
}

func (s *Sleeper) wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}
