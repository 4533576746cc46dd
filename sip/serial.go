package sip

import "sync"

// serial runs functions one after the other, in the order they were posted, on
// a goroutine that lives only while there are any: an idle dialog has none.
type serial struct {
	limit   int
	spawn   func(func()) bool // starts a goroutine that Server.Close waits for
	onPanic func(any)

	mu      sync.Mutex
	queue   []func()
	running bool
	closed  bool
}

// post takes f unless too many wait or the last one was taken.
func (s *serial) post(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.queue) >= s.limit {
		return false
	}
	return s.push(f)
}

// must takes f however many wait, unless the last one was taken: for what comes
// at most a few times.
func (s *serial) must(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.push(f)
	}
}

// last takes f in any case, and nothing after it.
func (s *serial) last(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	s.push(f)
}

func (s *serial) push(f func()) bool {
	s.queue = append(s.queue, f)
	if s.running {
		return true
	}
	s.running = s.spawn(s.run)
	return s.running
}

func (s *serial) run() {
	for {
		s.mu.Lock()
		if len(s.queue) == 0 {
			s.running, s.queue = false, nil
			s.mu.Unlock()
			return
		}
		f := s.queue[0]
		s.queue = s.queue[1:]
		s.mu.Unlock()
		s.call(f)
	}
}

func (s *serial) call(f func()) {
	defer func() {
		if r := recover(); r != nil {
			s.onPanic(r)
		}
	}()
	f()
}
