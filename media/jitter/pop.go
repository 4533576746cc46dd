package jitter

import "time"

// step is what a Pop will do.
type step struct {
	next   uint32 // the position, once what is passed over is passed
	waited uint32 // of what was waited for, what is left then
	what   Outcome
}

// plan works out the next Pop at a moment, in microseconds, and changes nothing.
func (b *Buffer) plan(now int64, quiet bool) step {
	s := step{next: b.next, waited: b.waited, what: Empty}
	due, lost := b.due, b.lost
	length := uint32(b.delays.micros(b.length))
	for left := b.used; left > 0; {
		gap, head := b.find(s.next)
		switch {
		case gap == 0 && head.samples == 0: // a packet without audio
			s.next++
			left--
			due += length
			continue
		case gap == 0:
			if quiet && b.wait(now, head.nominal) < b.target() {
				return s
			}
			s.what = Play
			return s
		case !b.resting && b.wait(now, due) < b.target():
			return s // what is missing may still come in time
		case gap*b.length <= s.waited:
			// The time spent waiting already stands for what is lost.
			s.waited -= gap * b.length
		case lost < maxConceal:
			s.what = Lost
			return s
		}
		s.next += gap
		due += gap * length
	}
	return s
}

// find gives the number of places from a position to the next packet, and that.
func (b *Buffer) find(from uint32) (gap uint32, head *place) {
	for gap = range uint32(Places) {
		if head = &b.places[(from+gap)%Places]; head.used {
			break
		}
	}
	return gap, head
}

// wait is how long ago something would have come without delay, in microseconds.
func (b *Buffer) wait(now int64, nominal uint32) int64 { return int64(int32(uint32(now) - nominal)) }

// pass moves the position to that of a step, over packets without audio.
func (b *Buffer) pass(s step) {
	for b.next != s.next {
		b.drop(&b.places[b.next%Places])
		b.advance(1)
	}
	b.waited = s.waited
}

// Pop gives what is to be played next at a moment of the clock that Push goes by. It
// is called when a frame is needed and what was popped before is used up. quiet tells
// that nobody hears what comes now: then packets are held until they have the delay
// that is aimed for.
func (b *Buffer) Pop(now time.Duration, quiet bool) (Packet, Outcome) {
	s := b.plan(inMicros(now), quiet || b.resting)
	b.pass(s)
	switch s.what {
	case Play:
		return b.take(inMicros(now)), Play
	case Lost:
		b.advance(b.waited/b.length + 1)
		b.waited = 0
		b.lost++
		return Packet{Sequence: b.next - 1, Samples: b.length, Handle: None}, Lost
	default:
		return b.empty(), Empty
	}
}

func (b *Buffer) empty() Packet {
	if b.started {
		b.waited = min(b.waited+b.cfg.Frame, maxWaited)
		b.adapt.restart()
		b.resting = b.resting || b.delays.micros(b.waited) >= restMicros
	}
	return Packet{Samples: b.cfg.Frame, Handle: None}
}

// take removes the packet at the position.
func (b *Buffer) take(now int64) Packet {
	at := &b.places[b.next%Places]
	p := Packet{Sequence: b.next, Samples: uint32(at.samples), Handle: at.handle}
	length := b.delays.micros(p.Samples)
	b.adapt.played(b.wait(now, at.nominal), length)
	b.due = at.nominal + uint32(length)
	b.remove(at)
	b.next++
	b.played = b.played<<1 | 1
	b.waited, b.lost, b.resting = 0, 0, false
	return p
}

// Peek gives the packet at the position, which stays there: after a Lost, the one
// that follows what is lost. ok is false when it has not come.
func (b *Buffer) Peek() (p Packet, ok bool) {
	at := &b.places[b.next%Places]
	if !at.used || at.samples == 0 {
		return Packet{}, false
	}
	return Packet{Sequence: b.next, Samples: uint32(at.samples), Handle: at.handle}, true
}

// Upcoming gives the packet that a Pop at that moment will Play, which stays there. ok
// is false when it will find something lost, or nothing.
func (b *Buffer) Upcoming(now time.Duration, quiet bool) (p Packet, ok bool) {
	s := b.plan(inMicros(now), quiet || b.resting)
	if s.what != Play {
		return Packet{}, false
	}
	at := &b.places[s.next%Places]
	return Packet{Sequence: s.next, Samples: uint32(at.samples), Handle: at.handle}, true
}

// Short reports, right after a Play, whether the packet waited for less than is aimed
// for: what is played is to be made longer.
func (b *Buffer) Short() bool { return b.adapt.wait < b.target() }

// Surplus gives one more packet right after a Play when the delay should shrink: the
// caller plays it in the time of others. ok is false when there is none to spare.
func (b *Buffer) Surplus(now time.Duration, quiet bool) (p Packet, ok bool) {
	at := &b.places[b.next%Places]
	if !at.used || at.samples == 0 {
		return Packet{}, false
	}
	length := b.delays.micros(uint32(at.samples))
	need := b.target()
	if recent := b.delays.recent(); recent > slackMicros {
		need = max(need, min(recent, need+rareMicros))
	}
	if !b.adapt.mayShrink(length, need, b.delays.grain(), quiet) {
		return Packet{}, false
	}
	p = b.take(inMicros(now) + length) // as the one before it
	b.adapt.shrunk(length)
	return p, true
}
