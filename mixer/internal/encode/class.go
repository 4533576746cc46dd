package encode

import "github.com/skygenesisenterprise/skybridge/mixer/internal/rates"

// Class is the legs of a room that hear the same thing in the same encoding: it
// is encoded once for all of them. A leg that hears something else (a talker, who
// must not hear itself) has an encoder of its own, forked from the class's when it
// begins, so that its listener's decoder notices nothing.
type Class struct {
	ID      uint32 // in its room
	Members int    // of the room; the room counts
	Away    int    // of the members listen at other workers; the room counts
	Apart   int    // of the members hear something else than the room; the room counts
	Talkers int    // in this frame, of those who are not apart; the room counts

	key       Key
	rate      int
	stream    *Stream
	spare     []*Stream
	listeners int       // in this frame
	returning []*Stream // in this frame, of those who come back
	fresh     bool      // one of them did not hear the last frame of the class
	ran       uint64    // the room's frame that was encoded last
}

// NewClass makes a class without members. The error is the codec's.
func NewClass(key Key) (*Class, error) {
	s, err := NewStream(key)
	if err != nil {
		return nil, err
	}
	return &Class{key: key, rate: rates.Index(key.Codec.SampleRate), stream: s}, nil
}

// Key is what the class was made with.
func (c *Class) Key() Key { return c.key }

// Rate is the place of the codec's sample rate in rates.Hz.
func (c *Class) Rate() int { return c.rate }

// Stream is what all who listen hear.
func (c *Class) Stream() *Stream { return c.stream }

// Close ends the class's encoders.
func (c *Class) Close() {
	c.stream.Close()
	for _, s := range c.spare {
		s.Close()
	}
	c.spare = nil
}

// Begin starts a frame.
func (c *Class) Begin() {
	c.Talkers, c.listeners, c.fresh = 0, c.Away, false
	c.returning = c.returning[:0]
}

// Listener is who hears a class, or something of its own.
type Listener struct {
	Own     *Stream // its encoder while it hears something of its own
	Hearing *Stream // what of its own to send in this frame
	Shares  bool    // send of the class
	Heard   uint64  // the room's frame that it last heard
}

// NeedOwn makes the listener's own encoder when there is none. The error is the
// codec's.
func (l *Listener) NeedOwn(key Key) error {
	if l.Own != nil {
		return nil
	}
	s, err := NewStream(key)
	if err != nil {
		return err
	}
	l.Own = s
	return nil
}

// DropOwn ends the listener's own encoder.
func (l *Listener) DropOwn() {
	if l.Own != nil {
		l.Own.Close()
		l.Own = nil
	}
	l.Hearing = nil
}

// maxReturning bounds the listeners who come back at one time: each costs an encoder. More
// come back at once, which is heard a little.
const maxReturning = 32

// Listen lets a listener hear the class in this frame. One that had an encoder of its own
// comes back on a frame that needs no earlier one or, with codecs that have none such, once
// its encoder has come to the state of the class's.
func (c *Class) Listen(l *Listener, frame uint64) {
	heard := l.Heard+1 == frame
	l.Heard = frame
	if heard && c.ran+1 == frame && l.Own != nil && len(c.returning) < maxReturning && l.Own.returns(c.stream) {
		c.returning = append(c.returning, l.Own)
		l.Shares, l.Hearing = false, l.Own
		return
	}
	c.listeners++
	l.Shares, l.Hearing = true, nil
	switch {
	case !heard:
		c.fresh = true
	case l.Own == nil:
		return
	case c.ran+1 == frame:
		c.fresh = true // the listener's decoder followed its own encoder until now
	default:
		// Nobody heard the class in the last frame: it goes on where the listener's own
		// encoder stands. A second one that comes back now finds it running.
		c.stream, l.Own = l.Own, c.stream
		c.ran = frame - 1
	}
	if l.Own != nil {
		c.spare = append(c.spare, l.Own)
		l.Own = nil
	}
}

// Part gives a listener an encoder of its own for this frame. It reports whether
// the frame must be independent of earlier ones. The error is the codec's.
func (c *Class) Part(l *Listener, frame uint64) (independent bool, err error) {
	heard := l.Heard+1 == frame
	switch {
	case l.Own != nil:
		l.Own.astray()
	case len(c.spare) > 0:
		l.Own = c.spare[len(c.spare)-1]
		c.spare = c.spare[:len(c.spare)-1]
		if heard {
			l.Own.CopyFrom(c.stream)
		}
	default:
		if err := l.NeedOwn(c.key); err != nil {
			return false, err
		}
		if heard {
			l.Own.CopyFrom(c.stream)
		}
	}
	if !heard {
		l.Own.Forget()
	}
	l.Shares, l.Hearing, l.Heard = false, l.Own, frame
	return !heard, nil
}

// Heard reports whether anybody hears the class in this frame, or what it would.
func (c *Class) Heard() bool { return c.listeners+len(c.returning) > 0 }

// Encode makes the frame of all who hear the class, and of those who come back.
func (c *Class) Encode(b *Batches, pcm []int16, frame uint64, tick int64) {
	if c.listeners > 0 {
		s, independent := c.next(frame)
		b.Encode(s, pcm, independent, tick)
	}
	for _, own := range c.returning {
		if c.ran == frame {
			b.approach(own, c.stream, pcm, tick)
		} else {
			b.Encode(own, pcm, false, tick)
		}
	}
}

// next is the stream to encode this frame with, and whether the frame must be
// independent of earlier ones.
func (c *Class) next(frame uint64) (s *Stream, independent bool) {
	if c.ran+1 != frame {
		c.fresh = true
		c.stream.Forget()
	}
	c.ran = frame
	return c.stream, c.fresh
}
