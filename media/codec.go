// Package media is the vocabulary of the media plane: codecs, formats and the
// direction of a stream. It does no I/O and starts no goroutine; everything
// above it (mixer, sdp, webrtc, the technologies) speaks in its terms.
//
// Audio is mono 16-bit linear PCM in host order, []int16, everywhere between
// decoder and encoder. Lengths of PCM are in samples, lengths of payloads in
// bytes, rates in Hz.
package media

import "time"

// DynamicPT marks a codec without a static RTP payload type (RFC 3551 §6).
const DynamicPT = 0xff

// FrameDuration is the length of one frame on every hot path of the server.
const FrameDuration = 20 * time.Millisecond

// Codec is one audio encoding: data, plus constructors for its two directions.
// A codec is one folder below media/codec and one line in cmd/skybridge.
type Codec struct {
	// Name is the encoding name of the RTP payload format as in a=rtpmap
	// ("PCMU", "opus"); it compares without case.
	Name string
	// ConfName is the name in Asterisk's configuration files ("ulaw").
	ConfName string
	// ClockRate is the RTP clock in Hz. It differs from SampleRate for G.722
	// (RFC 3551 §4.5.2).
	ClockRate int
	// SampleRate is the rate of the PCM that decoders give and encoders take, Hz.
	SampleRate int
	// Channels is the channel count in a=rtpmap (opus says 2); PCM is mono.
	Channels int
	// PayloadType is the static payload type, or DynamicPT.
	PayloadType uint8
	// Fmtp is what we offer in a=fmtp, without the payload type; may be empty.
	Fmtp string
	// Variant is what two parties' formats have in common that are one, though their
	// parameters differ; empty for audio, whose codecs are the same only where they are
	// one.
	Variant string
	// Bitrate is what an encoder makes that was not told any, in bits per second; 0
	// for a codec that cannot be told.
	Bitrate int
	// MaxFrameBytes bounds an encoded frame of FrameDuration.
	MaxFrameBytes int
	// Impairment is what the codec costs in the E-model, as this package decodes it.
	Impairment Impairment

	// NewEncoder and NewDecoder are nil for a codec that is only passed through.
	NewEncoder func(EncoderConfig) (Encoder, error)
	NewDecoder func() (Decoder, error)

	// EncodeBatch, where not nil, runs many encoders of this codec in one call
	// (one crossing into C). It allocates nothing.
	EncodeBatch func(jobs []EncodeJob)

	// PayloadDuration tells how much audio a payload holds, without decoding;
	// zero for a payload that cannot be understood. Never nil where NewDecoder is set.
	PayloadDuration func(payload []byte) time.Duration
	// PayloadLevel, where not nil, tells the audio level of a payload in −dBov
	// (RFC 6464: 0 loudest, 127 silence) at a fraction of what decoding costs. known
	// is false for a payload that only decoding tells the level of.
	PayloadLevel func(payload []byte) (level uint8, known bool)
	// Voiceless, where not nil, reports that whoever encoded a payload found no voice in
	// it, as the payload tells without being decoded. That is no level: there may be noise.
	Voiceless func(payload []byte) bool
	// Join, where not nil, makes one payload of several that follow each other, and
	// returns its length: 0 where they do not go together or dst is too short. It is
	// for codecs whose frames are not of one length; others' are put end to end.
	Join func(dst []byte, payloads [][]byte) int
	// Split, where not nil, takes apart what an encoder with Short made.
	Split func(encoded []byte) (first, second []byte)
	// Pausing, where not nil, reports that a payload of an encoder with DTX only tells
	// that the party is silent. The second of a row need not be sent.
	Pausing func(payload []byte) bool
	// Fade, where not nil, brings up the first 5 ms of a payload from silence (in), or brings
	// them down to it and ends the payload in silence: in place, and without a decoder's or
	// encoder's state. It is for packets that are relayed. It allocates nothing.
	Fade func(payload []byte, in bool)
	// History is how much audio a decoder wants to have decoded before a frame for
	// that frame, or one made up in its place, to come out as if it had decoded
	// everything; 0 when that is not known.
	History time.Duration
}

// Same reports whether what is encoded with one can be decoded with the other.
func (c *Codec) Same(o *Codec) bool { return c == o || c.Variant != "" && c.Variant == o.Variant }

// Transcodable reports whether the codec can be turned into PCM and back.
func (c *Codec) Transcodable() bool { return c.NewEncoder != nil && c.NewDecoder != nil }

// FrameSamples is the number of PCM samples in one frame of FrameDuration.
func (c *Codec) FrameSamples() int { return c.SampleRate / 50 }

// EncoderConfig chooses how an encoder trades size, loss and work. Zero values
// mean the codec's own default; codecs without a choice ignore it. It is small, as every
// leg has some.
type EncoderConfig struct {
	Bitrate int32 // bits per second
	// Bandwidth is the sample rate, in Hz, beyond half of which nothing needs to be kept
	// (8000, 12000, 16000, 24000 or 48000); 0 keeps all.
	Bandwidth  int32
	Complexity int8 // 1..10 (Opus)
	LossPct    int8 // expected packet loss in percent
	CBR        bool // all packets of one length
	FEC        bool // in-band forward error correction
	DTX        bool // next to nothing is made of silence
	LowDelay   bool // less delay rather than better speech
	// Short makes two payloads of 10 ms of each frame; Codec.Split takes them apart.
	Short bool
}

// Encoder turns PCM into payloads. It is used by one goroutine at a time.
type Encoder interface {
	// Encode writes one frame into dst and returns its length in bytes. pcm is
	// one frame of FrameDuration at the codec's SampleRate; dst holds at least
	// MaxFrameBytes. It allocates nothing.
	Encode(dst []byte, pcm []int16) (int, error)
	// CopyFrom makes this encoder's state equal to src's, bit for bit, so that
	// the next frames of both, fed the same PCM, are the same. src is of the
	// same codec and configuration. It allocates nothing.
	CopyFrom(src Encoder)
	// Close frees what the encoder holds outside the Go heap.
	Close()
}

// LossyEncoder is an Encoder that can be told of another loss while it runs.
type LossyEncoder interface {
	Encoder
	// Expect is EncoderConfig's FEC and LossPct from the next frame on.
	Expect(fec bool, lossPct int8)
}

// BandEncoder is an Encoder that works less, and codes better, where it is told that the
// PCM does not fill its band.
type BandEncoder interface {
	Encoder
	// Narrow tells that from the next frame on the PCM came from so many samples a second;
	// 0 is any number.
	Narrow(rate int32)
}

// IndependentEncoder is an Encoder whose frames depend on earlier ones and that
// can make one that does not, for a listener that joins the stream in its middle.
type IndependentEncoder interface {
	Encoder
	// EncodeIndependent is Encode with prediction from earlier frames disabled.
	EncodeIndependent(dst []byte, pcm []int16) (int, error)
}

// Approached is how near an encoder has come to another.
type Approached uint8

// The outcomes of ApproachingEncoder.Approach.
const (
	Apart Approached = iota // they made different payloads
	Alike                   // they made the same payload
	Same                    // their states are the same, bit for bit: so will be all that they make
)

// AlikeEnough is after how many frames in a row that were Alike, half a second, what the
// states still differ by is heard no more.
const AlikeEnough = 25

// ApproachingEncoder is an Encoder whose frames depend on earlier ones, of a codec that
// cannot make one that does not, but whose state can be brought to another encoder's, so
// that a listener can go from one stream to the other and its decoder notices nothing.
type ApproachingEncoder interface {
	Encoder
	// Approach is Encode, of PCM that another encoder, of the same codec and
	// configuration, has made payload of. What it makes is for a decoder that has
	// followed this encoder, and brings both closer. frame counts the frames since it
	// began to. It allocates nothing.
	Approach(dst []byte, pcm []int16, to Encoder, payload []byte, frame int) (n int, how Approached, err error)
}

// Decoder turns payloads into PCM. It is used by one goroutine at a time.
type Decoder interface {
	// Decode writes the payload's audio into pcm and returns the number of
	// samples, at the codec's SampleRate. pcm holds at least 120 ms. A payload
	// that is no valid frame gives an error and leaves the decoder usable.
	// It allocates nothing.
	Decode(pcm []int16, payload []byte) (samples int, err error)
	// Conceal fills the whole of pcm (a multiple of 10 ms) in place of lost
	// audio. It allocates nothing.
	Conceal(pcm []int16)
	// Close frees what the decoder holds outside the Go heap.
	Close()
}

// EncodeJob is one encoder's share of an EncodeBatch call.
type EncodeJob struct {
	Encoder     Encoder
	PCM         []int16
	Dst         []byte
	Independent bool // as EncodeIndependent
	// N is the length in bytes of what was written, Err why nothing was.
	N   int
	Err error
}
