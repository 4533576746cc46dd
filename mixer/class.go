package mixer

// class is the legs of a room that hear the same thing in the same encoding: it
// is encoded once for all of them. A leg that hears something else (a talker, who
// must not hear itself) has an encoder of its own, forked from the class's when it
// begins, so that its listener's decoder notices nothing.
type class struct {
	key       encoding
	rate      int // index in clipRates
	stream    *stream
	spare     []*stream
	members   int
	talkers   int    // in this frame
	listeners int    // in this frame
	fresh     bool   // one of them did not hear the last frame of the class
	ran       uint64 // the room's frame that was encoded last
}

func newClass(key encoding) (*class, error) {
	s, err := newStream(key)
	if err != nil {
		return nil, err
	}
	return &class{key: key, rate: rateIndex(key.codec.SampleRate), stream: s}, nil
}

func (c *class) close() {
	c.stream.close()
	for _, s := range c.spare {
		s.close()
	}
	c.spare = nil
}

// begin starts a frame.
func (c *class) begin() { c.talkers, c.listeners, c.fresh = 0, 0, false }

// listen lets a leg hear the class in this frame.
func (c *class) listen(l *leg, frame uint64) {
	c.listeners++
	l.shares, l.hearing = true, nil
	switch {
	case l.heard+1 != frame:
		c.fresh = true
	case l.own == nil:
		return
	case c.ran+1 == frame:
		c.fresh = true // the leg's decoder followed the leg's own encoder until now
	default:
		// Nobody heard the class in the last frame: it goes on where the leg's own
		// encoder stands. A second leg that comes back now finds it running.
		c.stream, l.own = l.own, c.stream
		c.ran = frame - 1
	}
	if l.own != nil {
		c.spare = append(c.spare, l.own)
		l.own = nil
	}
}

// part gives a leg an encoder of its own for this frame. It reports whether the
// frame must be independent of earlier ones.
func (c *class) part(w *worker, l *leg, frame uint64) (independent, ok bool) {
	heard := l.heard+1 == frame
	switch {
	case l.own != nil:
	case len(c.spare) > 0:
		l.own = c.spare[len(c.spare)-1]
		c.spare = c.spare[:len(c.spare)-1]
		if heard {
			l.own.copyFrom(c.stream)
		}
	case !l.ownStream(w):
		return false, false
	case heard:
		l.own.copyFrom(c.stream)
	}
	if !heard {
		l.own.forget()
	}
	l.shares, l.hearing = false, l.own
	return !heard, true
}
