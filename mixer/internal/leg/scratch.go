package leg

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/encode"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/mixminus"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/playout"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/reports"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/secure"
)

// scratch is a worker's memory for one tick. Nothing in it outlives the tick.
type scratch struct {
	header    rtp.Header    // of the packet at hand
	packet    []byte        // HeaderBytes of room and its payload
	came      time.Duration // when, by the clock of the ticks
	room      secure.Room
	report    reports.Packet // of RTCP, to be handed over
	keepalive [rtp.HeaderBytes + 1]byte

	// frames are pieces of PCM, rates.MaxFrame apart. A decoder may write beyond a frame,
	// into frames that are not in use yet; there is room for that after the last.
	frames []int16
	used   int

	Silence [rates.MaxFrame]int16

	Batches encode.Batches
}

// ReserveFrames makes sure that n frames can be in use without allocating. Memory
// at least doubles, so that a room that fills one by one costs little.
func (s *scratch) ReserveFrames(n int) {
	if need := n*rates.MaxFrame + playout.MaxDecoded; len(s.frames) < need {
		// Frames in use stay valid: their holders keep the former memory.
		s.frames = make([]int16, max(need, 2*len(s.frames)))
	}
}

// ResetFrames takes back every frame.
func (s *scratch) ResetFrames() { s.used = 0 }

// NextFrame is a frame for a sample rate, with room behind it for playout.MaxDecoded. It
// is not kept until keepFrame.
func (s *scratch) NextFrame(rate int) []int16 {
	if (s.used+1)*rates.MaxFrame+playout.MaxDecoded > len(s.frames) {
		s.ReserveFrames(2 * (s.used + 1))
	}
	return s.frames[s.used*rates.MaxFrame:][:rate/50]
}

// KeepFrame keeps the frame of NextFrame.
func (s *scratch) KeepFrame() { s.used++ }

// DropFrame takes back the frame kept last.
func (s *scratch) DropFrame() { s.used-- }

// Frame is nextFrame, kept.
func (s *scratch) Frame(rate int) []int16 {
	f := s.NextFrame(rate)
	s.KeepFrame()
	return f
}

// FadeTo goes from one frame to another, or to silence, within 5 ms.
func (s *scratch) FadeTo(from, to []int16, hz int) []int16 {
	pcm := s.Frame(hz)
	copy(pcm, to)
	if to == nil {
		clear(pcm)
	}
	out := s.Frame(hz)
	copy(out, from)
	mixminus.Cross(out, pcm, hz)
	return pcm
}
