package repeat

// Answer is a 2xx to an INVITE that is repeated until its ACK comes.
type Answer struct {
	Seq    uint32        // its CSeq
	Offers bool          // the ACK must bring the answer
	Over   chan struct{} // closed by the ACK, or when it is waited for no more

	repetition *Repetition
}

// Answers are those of a dialog that have no ACK. The zero value has none; its owner's lock
// guards it.
type Answers struct{ waiting map[uint32]*Answer }

// Add begins the repetition of one.
func (s *Answers) Add(a *Answer, c Config) {
	a.Over, a.repetition = make(chan struct{}), Start(c)
	if s.waiting == nil {
		s.waiting = make(map[uint32]*Answer, 1)
	}
	s.waiting[a.Seq] = a
}

// Of is that of a CSeq number, or nil.
func (s *Answers) Of(seq uint32) *Answer { return s.waiting[seq] }

// Any is one of them, or nil.
func (s *Answers) Any() *Answer {
	for _, a := range s.waiting {
		return a
	}
	return nil
}

// Offers says that an ACK is to bring the answer to an offer of ours.
func (s *Answers) Offers() bool {
	for _, a := range s.waiting {
		if a.Offers {
			return true
		}
	}
	return false
}

// Forget ends the repetition of one, for the ACK or for want of it, and reports whether it
// was under way.
func (s *Answers) Forget(a *Answer) bool {
	a.repetition.Stop()
	if s.waiting[a.Seq] != a {
		return false
	}
	if delete(s.waiting, a.Seq); len(s.waiting) == 0 {
		s.waiting = nil
	}
	close(a.Over)
	return true
}

// Stop ends every repetition.
func (s *Answers) Stop() {
	for _, a := range s.waiting {
		a.repetition.Stop()
	}
}
