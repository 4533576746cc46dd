package encode

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/cn"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// maxPacketBytes keeps packets, with what SRTP, UDP and IP add, in one Ethernet
// frame: fragments are lost together, and many firewalls drop them.
const maxPacketBytes = 1400

// Unit is the grain of packet lengths; a frame has unitsPerFrame.
const (
	Unit = 10 * time.Millisecond

	unitsPerFrame = int(media.FrameDuration / Unit)
)

// Key is what makes two legs able to share payloads.
type Key struct {
	Codec  *media.Codec
	Units  int // of 10 ms in a packet
	Config media.EncoderConfig
	Noise  bool // frames of nothing but background are described instead (RFC 3389)
}

// KeyOf is the encoding for a format. A codec whose payloads cannot be cut
// and joined sends one frame per packet, whatever ptime was asked for; others send
// less than that where it would not fit into one packet.
func KeyOf(f media.Format, cfg media.EncoderConfig) Key {
	units := unitsPerFrame
	if f.Ptime > 0 && isConstantRate(f.Codec) {
		most := (maxPacketBytes - rtp.HeaderBytes) / (f.Codec.MaxFrameBytes / unitsPerFrame)
		units = min(int(f.Ptime/Unit), max(most, 1))
	}
	return Key{Codec: f.Codec, Units: units, Config: cfg}
}

// isConstantRate reports whether n bytes of the codec are always the same length
// of audio, so that payloads can be cut at 10 ms and joined.
func isConstantRate(c *media.Codec) bool {
	if c.PayloadDuration == nil || c.MaxFrameBytes%unitsPerFrame != 0 {
		return false
	}
	zeros := make([]byte, 2*c.MaxFrameBytes)
	for units := 1; units <= 2*unitsPerFrame; units++ {
		if c.PayloadDuration(zeros[:units*c.MaxFrameBytes/unitsPerFrame]) != time.Duration(units)*Unit {
			return false
		}
	}
	return true
}

// Piece is one packet of a stream's frame.
type Piece struct {
	// Packet is rtp.HeaderBytes to be filled in, and the payload. It is the stream's
	// until the next frame.
	Packet []byte
	Start  int // of its audio, in units from the start of the frame; may be negative
	Units  int
	Noise  bool // it describes noise (RFC 3389)
}

// Stream is an encoder and the packets it makes. Packets end where the time, in
// units since the engine's epoch, is a multiple of their length: all streams of
// one encoding and phase are cut alike, and a leg can go from one to another
// between any two frames.
type Stream struct {
	enc     media.Encoder
	alone   media.IndependentEncoder // enc, if it is one
	toward  media.ApproachingEncoder // enc, if it is one
	key     Key
	frame   []byte // one frame's payload, when it does not go straight to out
	pending []byte // units that wait for their packet to fill
	waiting int    // units in pending
	out     []byte
	pieces  [unitsPerFrame]Piece
	n       int // pieces of this frame
	bytes   int // of the last payload

	approached int      // frames on the way back to the class
	alike      int      // the last of them, in a row
	same       bool     // after the last of them
	pause      *pausing // nil without Key.Noise
}

// pausing is what a stream needs that sends comfort noise.
type pausing struct {
	analyser cn.Analyser
	packet   [rtp.HeaderBytes + cn.MaxBytes]byte
}

// NewStream makes an encoder. The error is the codec's.
func NewStream(key Key) (*Stream, error) {
	enc, err := key.Codec.NewEncoder(key.Config)
	if err != nil {
		return nil, err
	}
	s := &Stream{enc: enc, key: key}
	s.alone, _ = enc.(media.IndependentEncoder)
	if key.Codec.EncodeBatch == nil { // a batch is encoded too late to approach it
		s.toward, _ = enc.(media.ApproachingEncoder)
	}
	if key.Noise {
		s.pause = new(pausing)
	}
	if s.direct() {
		s.out = make([]byte, rtp.HeaderBytes+key.Codec.MaxFrameBytes)
		return s, nil
	}
	unit := key.Codec.MaxFrameBytes / unitsPerFrame
	s.frame = make([]byte, key.Codec.MaxFrameBytes)
	s.pending = make([]byte, 0, key.Units*unit)
	s.out = make([]byte, unitsPerFrame*(rtp.HeaderBytes+key.Units*unit))
	return s, nil
}

// Close ends the encoder.
func (s *Stream) Close() { s.enc.Close() }

// direct reports whether a frame is a packet.
func (s *Stream) direct() bool { return s.key.Units == unitsPerFrame }

// CopyFrom makes s go on as src would, bit for bit.
func (s *Stream) CopyFrom(src *Stream) {
	s.enc.CopyFrom(src.enc)
	s.pending = append(s.pending[:0], src.pending...)
	s.waiting = src.waiting
	if s.pause != nil && src.pause != nil {
		s.pause.analyser = src.pause.analyser
	}
	s.astray()
}

// maxApproach, in frames, is how long a stream may be on its way back: 10 s.
const maxApproach = 500

// returns reports whether the stream is on its way back to another. It is not when it is
// there, nor where a codec has none.
func (s *Stream) returns(to *Stream) bool {
	there := s.same || s.alike >= media.AlikeEnough || s.approached >= maxApproach
	return s.toward != nil && !(there && s.waiting == 0 && to.waiting == 0)
}

// astray is for a stream that hears something else again.
func (s *Stream) astray() { s.approached, s.alike, s.same = 0, 0, false }

// rests reports whether a frame has nothing but background, which is described when
// that is due. The units that wait are background too.
func (s *Stream) rests(pcm []int16) bool {
	if s.pause == nil {
		return false
	}
	desc, silent, due := s.pause.analyser.Frame(pcm)
	if !silent {
		return false
	}
	s.Forget()
	s.n, s.bytes = 0, 0
	if due {
		packet := desc.Append(s.pause.packet[:rtp.HeaderBytes])
		s.n, s.pieces[0] = 1, Piece{Packet: packet, Units: unitsPerFrame, Noise: true}
	}
	return true
}

// Forget drops units that wait, after a break.
func (s *Stream) Forget() {
	s.pending, s.waiting = s.pending[:0], 0
}

// Pieces are the packets that the frame encoded last has made.
func (s *Stream) Pieces() []Piece { return s.pieces[:s.n] }

// Key is what the stream was made with.
func (s *Stream) Key() Key { return s.key }

// target is where the encoder puts the payload of the next frame.
func (s *Stream) target() []byte {
	if s.direct() {
		return s.out[rtp.HeaderBytes:]
	}
	return s.frame
}

// cut makes packets of the n bytes in target, for the frame that begins at tick.
func (s *Stream) cut(n int, tick int64) {
	s.n = 0
	if n <= 0 {
		return
	}
	if s.direct() {
		s.n = 1
		s.pieces[0] = Piece{Packet: s.out[:rtp.HeaderBytes+n], Units: unitsPerFrame}
		return
	}
	unit := n / unitsPerFrame
	at := tick / pace.TicksPerFrame * int64(unitsPerFrame)
	end := 0
	for i := range unitsPerFrame {
		s.pending = append(s.pending, s.frame[i*unit:(i+1)*unit]...)
		s.waiting++
		if (at+int64(i)+1)%int64(s.key.Units) != 0 && s.waiting < s.key.Units {
			continue
		}
		packet := s.out[end : end+rtp.HeaderBytes+len(s.pending)]
		copy(packet[rtp.HeaderBytes:], s.pending)
		s.pieces[s.n] = Piece{Packet: packet, Start: i + 1 - s.waiting, Units: s.waiting}
		s.n++
		end += len(packet)
		s.Forget()
	}
}
