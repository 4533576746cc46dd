package tap

import (
	"slices"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/inject"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/playout"
)

// Set is the taps of one port at its worker, and what is injected to it. Its methods are the
// worker's.
type Set struct {
	lines []*Line
	sides [directions]side
}

// side is what goes one way. It is decoded here where the conversation does not: what is said
// while nobody hears it, and what is heard while it is relayed.
type side struct {
	playout playout.Playout
	rate    int  // the highest that a line wants; 0 for none
	told    bool // lines have this frame of it
	sources []*inject.Source
	mixed   bool // sources have given this frame
}

// NewSet makes a Set without taps. limit and release are as for playout.Init.
func NewSet(limit time.Duration, release func(handle int32)) *Set {
	s := &Set{}
	for d := range s.sides {
		s.sides[d].playout.Init(limit, release)
	}
	return s
}

// SetFormats says what the port receives, and sends.
func (s *Set) SetFormats(receive []media.Format, send media.Format) {
	s.sides[Said].playout.SetFormats(receive)
	var heard []media.Format
	if send.Codec != nil {
		heard = []media.Format{send}
	}
	s.sides[Heard].playout.SetFormats(heard)
}

// Add takes a line in.
func (s *Set) Add(l *Line) {
	s.lines = append(s.lines, l)
	s.listen()
}

// Remove takes a line out, and reports whether nothing is left.
func (s *Set) Remove(l *Line) (empty bool) {
	s.lines = slices.DeleteFunc(s.lines, func(x *Line) bool { return x == l })
	s.listen()
	return s.empty()
}

func (s *Set) empty() bool { return len(s.lines) == 0 && !s.Injects(Said) && !s.Injects(Heard) }

func (s *Set) listen() {
	for d := range s.sides {
		side := &s.sides[d]
		side.rate = 0
		for _, l := range s.lines {
			if l.offset[d] >= 0 {
				side.rate = max(side.rate, l.cfg.Rate)
			}
		}
		side.playout.Listen(side.rate > 0, max(side.rate, 8000))
	}
}

// Packet takes a packet: one that the port received, with the index of its format among
// those received, or one that was relayed to it, with 0.
func (s *Set) Packet(d Direction, m *playout.Memory, a *playout.Arrival) {
	if side := &s.sides[d]; side.rate > 0 {
		// What comes late or twice is as good as not come.
		side.playout.Push(m, a)
	}
}

// Hole keeps the place of a packet without audio in the numbering.
func (s *Set) Hole(d Direction, ext uint32) { s.sides[d].playout.Hole(ext) }

// Noise takes a packet of comfort noise (RFC 3389). The error is the payload's.
func (s *Set) Noise(d Direction, ext uint32, payload []byte) error {
	return s.sides[d].playout.Noise(ext, payload)
}

// Hear takes what the port is sent in this frame, at a rate in Hz. It is copied.
func (s *Set) Hear(pcm []int16, rate int) {
	for _, l := range s.lines {
		l.Put(Heard, pcm, rate)
	}
}

// Wants reports whether a line has a side.
func (s *Set) Wants(d Direction) bool { return s.sides[d].rate > 0 }

// Says takes what the port says in this frame, at a rate in Hz, where the conversation has
// decoded it: it is not decoded again. codec is the rate of what was sent. spoke tells that
// there is anything, muted that nobody hears it.
func (s *Set) Says(pcm []int16, rate, codec int, spoke, muted bool) {
	side := &s.sides[Said]
	if side.rate == 0 || rate < min(side.rate, codec) {
		return // a line wants more
	}
	side.told = true
	if spoke {
		s.put(Said, pcm, rate, muted)
	}
}

// put gives the lines a frame.
func (s *Set) put(d Direction, pcm []int16, rate int, muted bool) {
	for _, l := range s.lines {
		if !muted || l.cfg.Unmuted {
			l.Put(d, pcm, rate)
		}
	}
}

// Frame ends a frame at a tick. muted tells that nobody hears what the port says,
// relayed that it hears the packets that came by Packet. scratch has room for
// playout.MaxDecoded samples beyond a frame of 48 kHz. The error is a decoder's that
// could not be made.
func (s *Set) Frame(m *playout.Memory, scratch []int16, tick int64, muted, relayed bool) error {
	now := time.Duration(tick) * pace.Tick
	err := s.decode(Said, m, scratch, now, muted)
	if relayed && err == nil {
		err = s.decode(Heard, m, scratch, now, false)
	}
	for _, l := range s.lines {
		l.Commit(tick)
	}
	s.pass()
	return err
}

// decode makes a frame of packets.
func (s *Set) decode(d Direction, m *playout.Memory, scratch []int16, now time.Duration, muted bool) error {
	side := &s.sides[d]
	switch {
	case side.rate == 0:
		return nil
	case side.told:
		side.told = false
		side.playout.Pass(m, now)
		return nil
	}
	spoke, err := side.playout.Frame(m, scratch, now)
	if !spoke || err != nil {
		return err
	}
	s.put(d, scratch[:side.rate/framesPerSecond], side.rate, muted)
	return nil
}

// Reset forgets packets that went one way and were not decoded.
func (s *Set) Reset(d Direction) { s.sides[d].playout.Reset() }

// Close ends every line, with an error or nil, and gives back what the Set has.
func (s *Set) Close(err error) {
	for _, l := range s.lines {
		l.End(err)
	}
	s.lines = nil
	for d := range s.sides {
		for _, src := range s.sides[d].sources {
			src.End()
		}
		s.sides[d].sources = nil
		s.sides[d].playout.Reset()
		s.sides[d].playout.Close()
		s.sides[d].rate = 0
	}
}
