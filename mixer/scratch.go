package mixer

import "github.com/skygenesisenterprise/skybridge/media/rtp"

// scratch is a worker's memory for one tick. Nothing in it outlives the tick.
type scratch struct {
	header rtp.Header // of the packet at hand
	packet []byte     // HeaderBytes of room and its payload
	small  [64]byte   // for packets made here

	// frames are pieces of PCM, maxFrame apart. A decoder may write beyond a frame,
	// into frames that are not in use yet; there is room for that after the last.
	frames []int16
	used   int

	decoded [maxDecoded]int16 // before resampling
	extra   [maxDecoded]int16 // a second packet, to be blended into the first

	sum     [len(clipRates)][maxFrame]int32 // what was said at each rate
	total   [len(clipRates)][maxFrame]int32 // what was said anywhere, at each rate
	bridged [maxFrame]int32
	mixed   [len(clipRates)][maxFrame]int16 // total for those who only listen
	plain   [len(clipRates)]bool            // mixed is made
	playing [maxFrame]int16
	silence [maxFrame]int16
	talkers []*leg

	batches []batch
}

// reserveFrames makes sure that n frames can be in use without allocating.
func (s *scratch) reserveFrames(n int) {
	if need := n*maxFrame + maxDecoded; len(s.frames) < need {
		// Frames in use stay valid: their holders keep the former memory.
		s.frames = make([]int16, need)
	}
}

// resetFrames takes back every frame.
func (s *scratch) resetFrames() { s.used = 0 }

// nextFrame is a frame for a sample rate, with room behind it for maxDecoded. It
// is not kept until keepFrame.
func (s *scratch) nextFrame(rate int) []int16 {
	if (s.used+1)*maxFrame+maxDecoded > len(s.frames) {
		s.reserveFrames(2 * (s.used + 1))
	}
	return s.frames[s.used*maxFrame:][:rate/50]
}

func (s *scratch) keepFrame() { s.used++ }

// frame is nextFrame, kept.
func (s *scratch) frame(rate int) []int16 {
	f := s.nextFrame(rate)
	s.keepFrame()
	return f
}
