package session

// keep keeps what is agreed, for undo. The lock is held.
func (s *RTP) keep() {
	s.before = agreement{negotiator: *s.negotiator, result: s.result, local: s.local, theirs: s.theirs}
	s.unseen = s.sight.keep()
}

// Mark gives what puts into effect again what is agreed now.
func (s *RTP) Mark() func() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, unseen := s.before, s.unseen
	s.keep()
	kept, sight := s.before, s.unseen
	s.before, s.unseen = before, unseen
	return func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.before, s.unseen = kept, sight
		return s.undo()
	}
}

// Undo puts into effect again what was agreed before the last Answer.
func (s *RTP) Undo() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.undo()
}

func (s *RTP) undo() error {
	*s.negotiator = s.before.negotiator
	s.local, s.theirs = s.before.local, s.before.theirs
	err := s.apply(s.before.result)
	s.fax.close(s)
	s.sight.restore(&s.unseen)
	if err != nil {
		return err
	}
	// One that was under way when the offer came is wanted still; none has begun since.
	s.handshakes.begin(&s.result, s.symmetric)
	return nil
}
