package mixer

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// maxPtime bounds how much audio one packet carries.
const maxPtime = 60 * time.Millisecond

// unitLength is the grain of packet lengths; a frame has unitsPerFrame.
const (
	unitLength    = 10 * time.Millisecond
	unitsPerFrame = int(media.FrameDuration / unitLength)
	maxUnits      = int(maxPtime / unitLength)
)

// encoding is what makes two legs able to share payloads.
type encoding struct {
	codec  *media.Codec
	units  int // of 10 ms in a packet
	config media.EncoderConfig
}

// encodingOf is the encoding for a format. A codec whose payloads cannot be cut
// and joined sends one frame per packet, whatever ptime was asked for.
func encodingOf(f media.Format, cfg media.EncoderConfig) encoding {
	units := unitsPerFrame
	if f.Ptime > 0 && isConstantRate(f.Codec) {
		units = int(f.Ptime / unitLength)
	}
	return encoding{codec: f.Codec, units: units, config: cfg}
}

// isConstantRate reports whether n bytes of the codec are always the same length
// of audio, so that payloads can be cut at 10 ms and joined.
func isConstantRate(c *media.Codec) bool {
	if c.PayloadDuration == nil || c.MaxFrameBytes%unitsPerFrame != 0 {
		return false
	}
	zeros := make([]byte, 2*c.MaxFrameBytes)
	for units := 1; units <= 2*unitsPerFrame; units++ {
		if c.PayloadDuration(zeros[:units*c.MaxFrameBytes/unitsPerFrame]) != time.Duration(units)*unitLength {
			return false
		}
	}
	return true
}

// piece is one packet of a stream's frame: a header to be filled in, and the
// payload, in stream.out.
type piece struct {
	from, to int
	start    int // of its audio, in units from the start of the frame; may be negative
	units    int
}

// stream is an encoder and the packets it makes. Packets end where the time, in
// units since the engine's epoch, is a multiple of their length: all streams of
// one encoding and phase are cut alike, and a leg can go from one to another
// between any two frames.
type stream struct {
	enc     media.Encoder
	alone   media.IndependentEncoder // enc, if it is one
	key     encoding
	frame   []byte // one frame's payload, when it does not go straight to out
	pending []byte // units that wait for their packet to fill
	waiting int    // units in pending
	out     []byte
	pieces  [unitsPerFrame]piece
	n       int // pieces of this frame
}

func newStream(key encoding) (*stream, error) {
	enc, err := key.codec.NewEncoder(key.config)
	if err != nil {
		return nil, err
	}
	s := &stream{enc: enc, key: key}
	s.alone, _ = enc.(media.IndependentEncoder)
	if s.direct() {
		s.out = make([]byte, rtp.HeaderBytes+key.codec.MaxFrameBytes)
		return s, nil
	}
	unit := key.codec.MaxFrameBytes / unitsPerFrame
	s.frame = make([]byte, key.codec.MaxFrameBytes)
	s.pending = make([]byte, 0, key.units*unit)
	s.out = make([]byte, unitsPerFrame*(rtp.HeaderBytes+key.units*unit))
	return s, nil
}

func (s *stream) close() { s.enc.Close() }

// direct reports whether a frame is a packet.
func (s *stream) direct() bool { return s.key.units == unitsPerFrame }

// copyFrom makes s go on as src would, bit for bit.
func (s *stream) copyFrom(src *stream) {
	s.enc.CopyFrom(src.enc)
	s.pending = append(s.pending[:0], src.pending...)
	s.waiting = src.waiting
}

// forget drops units that wait, after a break.
func (s *stream) forget() {
	s.pending, s.waiting = s.pending[:0], 0
}

// target is where the encoder puts the payload of the next frame.
func (s *stream) target() []byte {
	if s.direct() {
		return s.out[rtp.HeaderBytes:]
	}
	return s.frame
}

// cut makes packets of the n bytes in target, for the frame that begins at tick.
func (s *stream) cut(n int, tick int64) {
	s.n = 0
	if n <= 0 {
		return
	}
	if s.direct() {
		s.n = 1
		s.pieces[0] = piece{to: rtp.HeaderBytes + n, units: unitsPerFrame}
		return
	}
	unit := n / unitsPerFrame
	at := tick / ticksPerFrame * int64(unitsPerFrame)
	end := 0
	for i := range unitsPerFrame {
		s.pending = append(s.pending, s.frame[i*unit:(i+1)*unit]...)
		s.waiting++
		if (at+int64(i)+1)%int64(s.key.units) != 0 && s.waiting < s.key.units {
			continue
		}
		p := piece{from: end, to: end + rtp.HeaderBytes + len(s.pending), start: i + 1 - s.waiting, units: s.waiting}
		copy(s.out[p.from+rtp.HeaderBytes:p.to], s.pending)
		s.pieces[s.n] = p
		s.n++
		end = p.to
		s.forget()
	}
}
