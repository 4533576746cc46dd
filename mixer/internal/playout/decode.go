package playout

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/media/jitter"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
)

// redundant is a decoder that can make a lost frame of what the packet after it
// repeats (in-band FEC, RFC 6716 §2.1.7).
type redundant interface {
	DecodeFEC(pcm []int16, packet []byte) (samples int, err error)
}

// restore decodes a lost packet from the one after it, if that is there already.
// It returns 0 when that cannot be done.
func (p *Playout) restore(m *Memory, pcm []int16, lost jitter.Packet) int {
	fec, ok := p.concealer.(redundant)
	if !ok {
		return 0
	}
	next, ok := p.buffer.Peek()
	if !ok || next.Sequence != lost.Sequence+1 {
		return 0
	}
	payload, format := m.pool.get(next.Handle)
	if int(format) >= len(p.formats) || p.formats[format].decoder != p.concealer {
		return 0
	}
	out := pcm
	if p.rate != p.target {
		out = m.decoded[:]
	}
	n, err := fec.DecodeFEC(out[:int64(lost.Samples)*int64(p.rate)/int64(p.clockRate)], payload)
	if err != nil {
		return 0
	}
	p.made++
	if p.rate != p.target {
		return p.resample(pcm, out[:n], p.rate)
	}
	return n
}

// decode decodes a kept payload and gives its slot back. It returns 0 when that
// cannot be done.
func (p *Playout) decode(m *Memory, pcm []int16, handle int32) int {
	payload, format := m.pool.get(handle)
	defer m.pool.release(handle)
	if int(format) >= len(p.formats) {
		return 0 // renegotiated meanwhile
	}
	f := &p.formats[format]
	if f.decoder == nil {
		d, err := f.Codec.NewDecoder()
		if err != nil {
			p.err = err
			return 0
		}
		f.decoder = d
	}
	p.concealer, p.rate = f.decoder, f.Codec.SampleRate
	if f.Codec.SampleRate == p.target {
		n, err := f.decoder.Decode(pcm, payload)
		if err != nil {
			p.reject(m)
			return 0
		}
		return n
	}
	n, err := f.decoder.Decode(m.decoded[:], payload)
	if err != nil {
		p.reject(m)
		return 0
	}
	return p.resample(pcm, m.decoded[:n], f.Codec.SampleRate)
}

// conceal makes up about n samples at the target rate in place of what did not
// come; 0 when enough was made up.
func (p *Playout) conceal(m *Memory, pcm []int16, n int) int {
	if p.concealer == nil || n <= 0 || p.concealed >= maxNoise && !p.unlimited() {
		return 0
	}
	tens := min((n*100+p.target-1)/p.target, int(maxConcealed/(10*time.Millisecond)))
	if p.concealed < maxConcealed {
		p.made++
	}
	p.concealed = min(p.concealed+time.Duration(tens)*10*time.Millisecond, maxNoise)
	length := tens * p.rate / 100
	if p.rate == p.target {
		p.concealer.Conceal(pcm[:length])
		return p.fade(pcm[:length])
	}
	p.concealer.Conceal(m.decoded[:length])
	return p.fade(pcm[:p.resample(pcm, m.decoded[:length], p.rate)])
}

// fade ends the last of what is made up in silence.
func (p *Playout) fade(pcm []int16) int {
	if p.concealed >= maxNoise && !p.unlimited() {
		dsp.FadeOut(pcm)
	}
	return len(pcm)
}

// resample brings PCM to the target rate.
func (p *Playout) resample(pcm, decoded []int16, rate int) int {
	r, err := p.resamplerFrom(rate)
	if err != nil {
		p.err = err
		return 0
	}
	if rate > p.target {
		decoded = decoded[:len(decoded)-len(decoded)%(rate/p.target)]
	}
	r.ProcessPCM(pcm, decoded)
	return r.Out(len(decoded))
}

// resamplerFrom is the filter from a rate in Hz to the target. All that were needed are
// kept: a peer may speak now one codec, now the other.
func (p *Playout) resamplerFrom(rate int) (*dsp.Resampler, error) {
	at := rates.Index(rate)
	if at < 0 {
		return dsp.NewResampler(rate, p.target) // no codec of a mixer's has such a rate
	}
	r := p.resamplers[at]
	switch {
	case r == nil:
		var err error
		if r, err = dsp.NewResampler(rate, p.target); err != nil {
			return nil, err
		}
		p.resamplers[at] = r
	case rate != p.from:
		r.Reset() // what it has is of long ago
	}
	p.from = rate
	return r, nil
}

// reject counts a packet that cannot be decoded.
func (p *Playout) reject(m *Memory) {
	p.invalid++
	m.Dropped++
}
