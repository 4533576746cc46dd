package playout

import (
	"github.com/skygenesisenterprise/skybridge/media/codec/cn"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
)

// background is the comfort noise of a peer that stopped sending frames.
type background struct {
	generator *cn.Generator // nil until a description came
	on        bool
	after     uint32 // the description's extended sequence number
	level     uint8  // −dBov
	fade      bool   // the next frame is the first
}

// comforting is a decoder that goes on making the background of a silent party by
// itself, for as long as it is asked to conceal (DTX).
type comforting interface {
	Comforts() bool
}

// Noise takes a packet of comfort noise (RFC 3389). It sounds once what came before it
// has been played, until the next packet of audio. The error is the payload's.
func (p *Playout) Noise(ext uint32, payload []byte) error {
	p.Hole(ext)
	desc, err := cn.Parse(payload)
	if err != nil || !p.on {
		return err
	}
	b := &p.noise
	if b.on && int32(ext-b.after) < 0 {
		return nil // overtaken
	}
	if b.generator == nil {
		b.generator = new(cn.Generator)
	}
	b.generator.Set(desc)
	b.fade = b.fade || !b.on
	b.on, b.after, b.level = true, ext, desc.Level
	return nil
}

// hum makes at least n samples of background at the target rate; 0 when there is none.
func (p *Playout) hum(m *Memory, pcm []int16, n int) int {
	b := &p.noise
	rate := p.spoken()
	if !b.on || rate == 0 {
		return 0
	}
	tens := (n*100 + p.target - 1) / p.target
	length := tens * rate / 100
	out := m.decoded[:length]
	b.generator.Fill(out, rate)
	if b.fade {
		dsp.FadeIn(out[:min(length, rate/200)])
		b.fade = false
	}
	if rate == p.target {
		return copy(pcm, out)
	}
	return p.resample(pcm, out, rate)
}

// spoken is the sample rate of what the peer speaks, as far as that is known; 0 when
// nothing can be decoded.
func (p *Playout) spoken() int {
	if p.concealer != nil {
		return p.rate
	}
	for i := range p.formats {
		if c := p.formats[i].Codec; c.Transcodable() {
			return c.SampleRate
		}
	}
	return 0
}

// heard ends the background at a packet that comes after its description.
func (b *background) heard(ext uint32) {
	if b.on && int32(ext-b.after) > 0 {
		b.on, b.fade = false, false
	}
}

// unlimited reports that concealing is not bounded: the decoder knows what it does.
func (p *Playout) unlimited() bool {
	c, ok := p.concealer.(comforting)
	return ok && c.Comforts()
}
