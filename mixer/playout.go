package mixer

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/media/jitter"
)

const (
	// maxConcealed is how much is made up in a row before silence follows.
	maxConcealed = 60 * time.Millisecond
	// maxRate is the highest rate of a codec, Hz; maxFrame a frame at that rate and
	// maxDecoded the most that Decode writes, in samples.
	maxRate    = 48000
	maxFrame   = maxRate / 50
	maxDecoded = maxRate * int(maxPacketAudio/time.Millisecond) / 1000
)

// playout turns what a leg receives into one frame of PCM per frame of time.
type playout struct {
	buffer    jitter.Buffer
	on        bool // somebody listens; else packets are only counted
	clockRate int  // that buffer is configured for
	concealed time.Duration
	concealer media.Decoder // of the packet played last
	rate      int           // its sample rate

	target    int     // sample rate wanted, Hz
	left      []int16 // PCM at target beyond the last frame; nil until packets are not frames
	resampler *dsp.Resampler
	from      int // rate of resampler

	frames uint64 // made up
}

// start begins or ends listening. The rate is what frames will have.
func (p *playout) start(on bool, rate int) {
	if on == p.on && rate == p.target {
		return
	}
	p.reset()
	if rate != p.target {
		p.resampler, p.left = nil, nil
	}
	p.on, p.target = on, rate
}

// reset forgets what was received and not played.
func (p *playout) reset() {
	p.buffer.Reset()
	p.left = p.left[:0]
	p.concealed = maxConcealed
}

// takeAudio puts a packet where the leg's listener wants it.
func (l *leg) takeAudio(w *worker, ext uint32, format uint8) {
	h := &w.header
	f := &l.in.formats[format]
	if !l.in.first {
		l.in.first = true
		l.tell(w, Event{Kind: FirstPacket})
	}
	if f.Codec != l.in.codec {
		l.in.codec, l.in.clockRate, l.in.transitOK = f.Codec, f.Codec.ClockRate, false
		l.chooseAgain(w)
	}
	if !l.media.Direction.Receives() || l.passes(w, ext) || !l.playout.on {
		return
	}
	if !f.Codec.Transcodable() {
		return
	}
	length := f.Codec.PayloadDuration(h.Payload)
	if length <= 0 || length > maxPacketAudio {
		l.reject(w)
		l.hole(ext)
		return
	}
	p := &l.playout
	if p.clockRate != f.Codec.ClockRate {
		p.clockRate = f.Codec.ClockRate
		cfg := jitter.Defaults(p.clockRate)
		cfg.Cap = samples(w.engine.cfg.JitterCap, p.clockRate)
		p.buffer.Configure(cfg)
	}
	handle := w.pool.put(h.Payload, format)
	pkt := jitter.Packet{Sequence: ext, Samples: samples(length, p.clockRate), Handle: handle}
	switch p.buffer.Push(pkt) {
	case jitter.Late:
		l.in.late++
		w.count.dropped++
		w.pool.release(handle)
	case jitter.Duplicate:
		l.in.duplicates++
		w.count.dropped++
		w.pool.release(handle)
	case jitter.Kept:
	}
}

// samples is how many samples a duration has at a rate.
func samples(d time.Duration, rate int) uint32 {
	return uint32(int64(d) * int64(rate) / int64(time.Second))
}

// hole keeps the place of a packet without audio in the numbering.
func (l *leg) hole(ext uint32) {
	if l.playout.on {
		l.playout.buffer.Push(jitter.Packet{Sequence: ext, Handle: jitter.None})
	}
}

// frame writes the next 20 ms of what the leg says into pcm, at the rate of
// start. pcm has room for maxDecoded samples beyond the frame. It reports false,
// and writes nothing, while there is nothing but silence.
func (l *leg) frame(w *worker, pcm []int16) bool {
	p := &l.playout
	n := p.target / 50
	have := copy(pcm[:n], p.left)
	if have > 0 {
		p.left = p.left[:copy(p.left, p.left[have:])]
	}
	for have < n {
		got := l.next(w, pcm[have:], n-have)
		if got == 0 {
			clear(pcm[have:n])
			return have > 0
		}
		have += got
	}
	if have > n {
		if p.left == nil {
			p.left = make([]int16, 0, maxDecoded*p.target/maxRate)
		}
		p.left = append(p.left, pcm[n:have]...)
	}
	return true
}

// next decodes or makes up some PCM at the target rate, and returns the number of
// samples; 0 means silence from here on.
func (l *leg) next(w *worker, pcm []int16, want int) int {
	p := &l.playout
	pkt, outcome := p.buffer.Pop()
	switch outcome {
	case jitter.Lost:
		if got := l.restore(w, pcm, pkt); got > 0 {
			return got
		}
		return l.conceal(w, pcm, int(int64(pkt.Samples)*int64(p.target)/int64(p.clockRate)))
	case jitter.Empty:
		return l.conceal(w, pcm, want)
	case jitter.Play:
	}
	got := l.decode(w, pcm, pkt.Handle)
	if got == 0 {
		return l.conceal(w, pcm, want)
	}
	p.concealed = 0
	if extra, ok := p.buffer.Surplus(); ok {
		if n := l.decode(w, w.extra[:], extra.Handle); n == got {
			crossfade(pcm[:n], w.extra[:n])
		}
	}
	return got
}

// redundant is a decoder that can make a lost frame of what the packet after it
// repeats (in-band FEC, RFC 6716 §2.1.7).
type redundant interface {
	DecodeFEC(pcm []int16, packet []byte) (samples int, err error)
}

// restore decodes a lost packet from the one after it, if that is there already.
// It returns 0 when that cannot be done.
func (l *leg) restore(w *worker, pcm []int16, lost jitter.Packet) int {
	p := &l.playout
	fec, ok := p.concealer.(redundant)
	if !ok {
		return 0
	}
	next, ok := p.buffer.Peek()
	if !ok || next.Sequence != lost.Sequence+1 {
		return 0
	}
	payload, format := w.pool.get(next.Handle)
	if int(format) >= len(l.in.formats) || l.in.formats[format].decoder != p.concealer {
		return 0
	}
	out := pcm
	if p.rate != p.target {
		out = w.decoded[:]
	}
	n, err := fec.DecodeFEC(out[:int64(lost.Samples)*int64(p.rate)/int64(p.clockRate)], payload)
	if err != nil {
		return 0
	}
	p.frames++
	if p.rate != p.target {
		return l.resample(w, pcm, out[:n], p.rate)
	}
	return n
}

// crossfade plays two pieces in the time of one: from the first into the second.
func crossfade(pcm, then []int16) {
	n := int32(len(pcm))
	for i := range n {
		pcm[i] = int16((int32(pcm[i])*(n-i) + int32(then[i])*i) / n)
	}
}

// decode decodes a kept payload and gives its slot back. It returns 0 when that
// cannot be done.
func (l *leg) decode(w *worker, pcm []int16, handle int32) int {
	p := &l.playout
	payload, format := w.pool.get(handle)
	defer w.pool.release(handle)
	if int(format) >= len(l.in.formats) {
		return 0 // renegotiated meanwhile
	}
	f := &l.in.formats[format]
	if f.decoder == nil {
		d, err := f.Codec.NewDecoder()
		if err != nil {
			l.failSoon(w, err)
			return 0
		}
		f.decoder = d
	}
	p.concealer, p.rate = f.decoder, f.Codec.SampleRate
	if f.Codec.SampleRate == p.target {
		n, err := f.decoder.Decode(pcm, payload)
		if err != nil {
			l.reject(w)
			return 0
		}
		return n
	}
	n, err := f.decoder.Decode(w.decoded[:], payload)
	if err != nil {
		l.reject(w)
		return 0
	}
	return l.resample(w, pcm, w.decoded[:n], f.Codec.SampleRate)
}

// conceal makes up about n samples at the target rate in place of what did not
// come; 0 when enough was made up.
func (l *leg) conceal(w *worker, pcm []int16, n int) int {
	p := &l.playout
	if p.concealer == nil || p.concealed >= maxConcealed || n <= 0 {
		return 0
	}
	tens := min((n*100+p.target-1)/p.target, int(maxConcealed/(10*time.Millisecond)))
	p.concealed += time.Duration(tens) * 10 * time.Millisecond
	p.frames++
	length := tens * p.rate / 100
	if p.rate == p.target {
		p.concealer.Conceal(pcm[:length])
		return length
	}
	p.concealer.Conceal(w.decoded[:length])
	return l.resample(w, pcm, w.decoded[:length], p.rate)
}

// resample brings PCM to the target rate.
func (l *leg) resample(w *worker, pcm, decoded []int16, rate int) int {
	p := &l.playout
	if p.resampler == nil || p.from != rate {
		r, err := dsp.NewResampler(rate, p.target)
		if err != nil {
			l.failSoon(w, err)
			return 0
		}
		p.resampler, p.from = r, rate
	}
	if rate > p.target {
		decoded = decoded[:len(decoded)-len(decoded)%(rate/p.target)]
	}
	p.resampler.ProcessPCM(pcm, decoded)
	return p.resampler.Out(len(decoded))
}
