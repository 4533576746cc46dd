package mixer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// probe is a codec without loss, to see exactly what the mixer does to PCM. What
// is said is a tone, told by its payload; what is heard is kept beside the wire,
// under the number that the payload carries. Encoders have a state, the sum of all
// they have encoded, that a fork must take over.
type probe struct {
	codec media.Codec
	kept  map[uint64]probeFrame

	panicOn   func(payload []byte) bool // the decoder's
	fails     bool                      // encoders do
	encodes   func()                    // called by encoders
	redundant bool                      // decoders know the frame before each
	encoders  int
	open      int
	encodings int
}

type probeFrame struct {
	pcm         []int16
	state       int64 // of the encoder, before
	independent bool
}

func newProbe(rate int) *probe {
	p := &probe{kept: map[uint64]probeFrame{}}
	p.codec = media.Codec{
		Name: fmt.Sprintf("probe%d", rate/1000), ClockRate: rate, SampleRate: rate, Channels: 1,
		PayloadType: uint8(70 + rate/1000), MaxFrameBytes: 16,
		NewEncoder: func(media.EncoderConfig) (media.Encoder, error) {
			p.encoders++
			p.open++
			return &probeEncoder{probe: p}, nil
		},
		NewDecoder: func() (media.Decoder, error) {
			if p.redundant {
				return &redundantDecoder{probeDecoder{probe: p}}, nil
			}
			return &probeDecoder{probe: p}, nil
		},
		PayloadDuration: func(b []byte) time.Duration {
			if len(b) != 16 {
				return 0
			}
			return media.FrameDuration
		},
	}
	return p
}

type probeEncoder struct {
	probe *probe
	state int64
}

func (e *probeEncoder) Encode(dst []byte, pcm []int16) (int, error) { return e.encode(dst, pcm, false) }

func (e *probeEncoder) EncodeIndependent(dst []byte, pcm []int16) (int, error) {
	return e.encode(dst, pcm, true)
}

func (e *probeEncoder) encode(dst []byte, pcm []int16, independent bool) (int, error) {
	p := e.probe
	if p.encodes != nil {
		p.encodes()
	}
	if p.fails {
		return 0, errTold
	}
	p.encodings++
	key := uint64(p.encodings)
	p.kept[key] = probeFrame{pcm: append([]int16(nil), pcm...), state: e.state, independent: independent}
	for _, v := range pcm {
		e.state = e.state*31 + int64(v)
	}
	binary.BigEndian.PutUint64(dst, 0)
	binary.BigEndian.PutUint64(dst[8:], key)
	return 16, nil
}

func (e *probeEncoder) CopyFrom(src media.Encoder) { e.state = src.(*probeEncoder).state }
func (e *probeEncoder) Close()                     { e.probe.open-- }

// saying is the payload that decodes to one frame of a tone.
func (p *probe) saying(hz, peak uint16, frame uint32) []byte {
	b := make([]byte, 16)
	b[0] = 1
	binary.BigEndian.PutUint16(b[1:], hz)
	binary.BigEndian.PutUint16(b[3:], peak)
	binary.BigEndian.PutUint32(b[5:], frame)
	return b
}

var errTold = errors.New("probe: told to fail")

type probeDecoder struct{ probe *probe }

var errNotSaid = errors.New("probe: not a payload to decode")

func (d *probeDecoder) Decode(pcm []int16, b []byte) (int, error) {
	if f := d.probe.panicOn; f != nil && f(b) {
		panic("probe: told to panic")
	}
	if len(b) != 16 {
		return 0, errNotSaid
	}
	n := d.probe.codec.FrameSamples()
	if b[0] == 0 { // what an encoder made
		return copy(pcm, d.probe.kept[binary.BigEndian.Uint64(b[8:])].pcm), nil
	}
	hz, peak := binary.BigEndian.Uint16(b[1:]), binary.BigEndian.Uint16(b[3:])
	frame := int(binary.BigEndian.Uint32(b[5:]))
	return copy(pcm, tone(float64(hz), float64(peak), d.probe.codec.SampleRate, frame*n, n)), nil
}

func (d *probeDecoder) Conceal(pcm []int16) { clear(pcm) }
func (d *probeDecoder) Close()              {}

// redundantDecoder finds in each payload the frame before it, too.
type redundantDecoder struct{ probeDecoder }

func (d *redundantDecoder) DecodeFEC(pcm []int16, b []byte) (int, error) {
	b = append([]byte(nil), b...)
	binary.BigEndian.PutUint32(b[5:], binary.BigEndian.Uint32(b[5:])-1)
	return d.Decode(pcm, b)
}

// frames are the probe's record of what a phone heard.
func (p *probe) frames(heard []heardPacket) []probeFrame {
	var out []probeFrame
	for _, h := range heard {
		out = append(out, p.kept[binary.BigEndian.Uint64(h.payload[8:])])
	}
	return out
}

// talker is a phone with a probe codec.
type talker struct {
	*phone
	probe *probe
	hz    uint16
	peak  uint16
	frame uint32
}

func (r *rig) talker(name string, p *probe, hz, peak uint16) *talker {
	return &talker{phone: r.phone(name, &p.codec), probe: p, hz: hz, peak: peak}
}

// say sends a frame; a talker of peak 0 sends silence.
func (s *talker) say() {
	c := s.format.Codec
	s.send(s.format.PayloadType, false, s.ts, s.probe.saying(s.hz, s.peak, s.frame))
	s.ts += uint32(c.ClockRate / 50)
	s.frame++
}

func (r *rig) talk(n int, talkers ...*talker) {
	r.t.Helper()
	for range n {
		for _, s := range talkers {
			s.say()
		}
		r.ticks(pace.TicksPerFrame)
		for _, s := range talkers {
			s.hear()
		}
	}
}
