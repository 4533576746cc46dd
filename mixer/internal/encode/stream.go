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

// KeyOf is the encoding for a format. A codec whose payloads can be neither cut nor
// joined sends one frame per packet, whatever ptime was asked for, and one that joins
// frames sends whole ones; others send less than that where it would not fit into one
// packet.
// FEC without loss to expect is none.
func KeyOf(f media.Format, cfg media.EncoderConfig) Key {
	cfg.FEC = cfg.FEC && cfg.LossPct > 0
	units := unitsPerFrame
	switch c := f.Codec; {
	case f.Ptime <= 0:
	case isConstantRate(c):
		most := (maxPacketBytes - rtp.HeaderBytes) / (c.MaxFrameBytes / unitsPerFrame)
		units = min(int(f.Ptime/Unit), max(most, 1))
	case f.Ptime < media.FrameDuration && c.Split != nil:
		units, cfg.Short = 1, true
	case f.Ptime > media.FrameDuration && c.Join != nil:
		units = int(f.Ptime/media.FrameDuration) * unitsPerFrame
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
	Start  int16 // of its audio, in units from the start of the frame; may be negative
	Units  int16
	Noise  bool // it describes noise (RFC 3389)
}

// Stream is an encoder and the packets it makes. Packets end where the time, in
// units since the engine's epoch, is a multiple of their length: all streams of
// one encoding and phase are cut alike, and a leg can go from one to another
// between any two frames.
type Stream struct {
	enc    media.Encoder
	alone  media.IndependentEncoder // enc, if it is one
	toward media.ApproachingEncoder // enc, if it is one
	band   media.BandEncoder        // enc, if it is one
	key    Key
	out    []byte
	pieces [unitsPerFrame]Piece
	n      int32 // pieces of this frame
	end    int32 // of them in out
	bytes  int32 // of the last payload

	approached int16    // frames on the way back to the class
	alike      int16    // the last of them, in a row
	same       bool     // after the last of them
	resting    bool     // the last payload told of silence (DTX)
	*cutter             // nil where a frame is a packet
	pause      *pausing // nil without Key.Noise
}

// cutter is what a stream needs whose packets are not frames.
type cutter struct {
	frame   []byte       // one frame's payload, which does not go straight to out
	pending []byte       // units that wait for their packet to fill
	waiting int          // units in pending
	lengths [maxJoin]int // of the payloads in pending, when they are joined
	parts   [maxJoin][]byte
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
	s.band, _ = enc.(media.BandEncoder)
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
	s.cutter = new(cutter)
	if !isConstantRate(key.Codec) {
		s.frame = make([]byte, key.Codec.MaxFrameBytes)
		s.pending = make([]byte, 0, maxPacketBytes+key.Codec.MaxFrameBytes)
		s.out = make([]byte, unitsPerFrame*(maxPacketBytes+key.Codec.MaxFrameBytes))
		return s, nil
	}
	unit := key.Codec.MaxFrameBytes / unitsPerFrame
	s.frame = make([]byte, key.Codec.MaxFrameBytes)
	s.pending = make([]byte, 0, key.Units*unit)
	s.out = make([]byte, unitsPerFrame*(rtp.HeaderBytes+key.Units*unit))
	return s, nil
}

// Retune goes on with another key, if that differs in the loss to expect only; false
// leaves the stream as it is.
func (s *Stream) Retune(key Key) bool {
	enc, ok := s.enc.(media.LossyEncoder)
	as := s.key
	as.Config.FEC, as.Config.LossPct = key.Config.FEC, key.Config.LossPct
	if !ok || as != key {
		return false
	}
	enc.Expect(key.Config.FEC, key.Config.LossPct)
	s.key = key
	return true
}

// Narrow tells that what follows came from so many samples a second; 0 is any number.
func (s *Stream) Narrow(rate int) {
	if s.band != nil {
		s.band.Narrow(int32(rate))
	}
}

// Close ends the encoder.
func (s *Stream) Close() { s.enc.Close() }

// direct reports whether a frame is a packet.
func (s *Stream) direct() bool { return s.key.Units == unitsPerFrame }

// CopyFrom makes s go on as src would, bit for bit.
func (s *Stream) CopyFrom(src *Stream) {
	s.enc.CopyFrom(src.enc)
	s.resting = src.resting
	if s.cutter != nil {
		s.pending = append(s.pending[:0], src.pending...)
		s.waiting, s.lengths = src.waiting, src.lengths
	}
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
	return s.toward != nil && !(there && !s.waits() && !to.waits())
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
		s.n, s.pieces[0] = 1, Piece{Packet: packet, Units: int16(unitsPerFrame), Noise: true}
	}
	return true
}

// Forget drops units that wait, after a break.
func (s *Stream) Forget() {
	if s.cutter != nil {
		s.pending, s.waiting = s.pending[:0], 0
	}
}

// waits reports whether a packet is not full yet.
func (s *Stream) waits() bool { return s.cutter != nil && s.waiting > 0 }

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
	s.n, s.end = 0, 0
	if n <= 0 {
		return
	}
	switch {
	case s.direct():
		s.add(n, 0, unitsPerFrame)
		return
	case s.key.Config.Short:
		s.split(n)
		return
	case s.key.Codec.Join != nil:
		s.join(n, tick)
		return
	}
	unit := n / unitsPerFrame
	at := tick / pace.TicksPerFrame * int64(unitsPerFrame)
	for i := range unitsPerFrame {
		s.pending = append(s.pending, s.frame[i*unit:(i+1)*unit]...)
		s.waiting++
		if (at+int64(i)+1)%int64(s.key.Units) != 0 && s.waiting < s.key.Units {
			continue
		}
		n := copy(s.room(), s.pending)
		s.add(n, i+1-s.waiting, s.waiting)
		s.Forget()
	}
}

// room is where the payload of the next piece goes.
func (s *Stream) room() []byte { return s.out[s.end+rtp.HeaderBytes:] }

// add makes a piece of the n bytes in room, unless they tell of silence again.
func (s *Stream) add(n, start, units int) {
	if s.key.Config.DTX && s.key.Codec.Pausing != nil {
		was := s.resting
		if s.resting = s.key.Codec.Pausing(s.room()[:n]); s.resting && was {
			return
		}
	}
	end := int(s.end) + rtp.HeaderBytes + n
	s.pieces[s.n] = Piece{Packet: s.out[s.end:end:end], Start: int16(start), Units: int16(units)}
	s.n++
	s.end = int32(end)
}
