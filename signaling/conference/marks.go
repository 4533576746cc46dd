package conference

// Marks are a room's marked participants, for whom others wait and with whom they
// leave.
type Marks struct {
	Now    int  // how many are in the room
	Leaves int  // how many have left it so far
	Ends   int  // how many times the last one has
	Over   bool // the room has ended
	// Changed is closed when this is not so any more, and when the room ends.
	Changed <-chan struct{}
}

// Marks are the room's at this moment.
func (r *Room) Marks() Marks {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.marks
	m.Over, m.Changed = r.closed, r.remarked
	return m
}

// Mark makes who enters by this place a marked participant.
func (p *Place) Mark() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.marked = true
}

func (p *Place) isMarked() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.marked
}

// StepOut keeps a place for a participant who is about to leave the room and will come
// back: no limit keeps them from it. It fails with fault.Gone when the room has ended.
func (r *Room) StepOut() (*Place, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, r.ended()
	}
	r.reserved++
	return &Place{room: r}, nil
}

// markEnters and markLeaves count marked participants. The lock is held.
func (r *Room) markEnters() {
	r.marks.Now++
	r.remark()
}

func (r *Room) markLeaves() {
	r.marks.Now--
	r.marks.Leaves++
	if r.marks.Now == 0 {
		r.marks.Ends++
	}
	r.remark()
}

// remark wakes who waits for a change. The lock is held.
func (r *Room) remark() {
	close(r.remarked)
	r.remarked = make(chan struct{})
}
