package encode

import (
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// maxJoin is how many frames go into the longest packet.
const maxJoin = int(media.MaxPtime / media.FrameDuration)

// split makes two packets of a frame that was encoded as two.
func (s *Stream) split(n int) {
	first, second := s.key.Codec.Split(s.frame[:n])
	for i, payload := range [...][]byte{first, second} {
		if len(payload) > 0 {
			s.add(copy(s.room(), payload), i, 1)
		}
	}
}

// join puts a frame to those that wait. A packet leaves when its time is full, and
// before that when the frame does not go with the others, or tells of silence.
func (s *Stream) join(n int, tick int64) {
	frame := s.frame[:n]
	quiet := s.key.Config.DTX && s.key.Codec.Pausing != nil && s.key.Codec.Pausing(frame)
	if s.waiting > 0 && (quiet || !s.goesWith(frame)) {
		s.leave(-s.waiting)
	}
	s.lengths[s.waiting/unitsPerFrame] = n
	s.pending = append(s.pending, frame...)
	s.waiting += unitsPerFrame
	at := tick / pace.TicksPerFrame * int64(unitsPerFrame)
	if full := (at+int64(unitsPerFrame))%int64(s.key.Units) == 0 || s.waiting >= s.key.Units; full || quiet {
		s.leave(unitsPerFrame - s.waiting)
	}
}

// goesWith tries a frame out, in the room that its packet will have.
func (s *Stream) goesWith(frame []byte) bool {
	n := s.apart()
	s.parts[n] = frame
	return s.key.Codec.Join(s.packet(), s.parts[:n+1]) > 0
}

// leave makes a packet of the frames that wait.
func (s *Stream) leave(start int) {
	n := s.apart()
	if size := s.key.Codec.Join(s.packet(), s.parts[:n]); size > 0 {
		s.add(size, start, s.waiting)
	}
	s.Forget()
}

// packet is room, no longer than a packet may be.
func (s *Stream) packet() []byte { return s.room()[:maxPacketBytes-rtp.HeaderBytes] }

// apart fills parts with the frames that wait, and counts them.
func (s *Stream) apart() int {
	n, rest := s.waiting/unitsPerFrame, s.pending
	for i := range n {
		s.parts[i], rest = rest[:s.lengths[i]], rest[s.lengths[i]:]
	}
	return n
}
