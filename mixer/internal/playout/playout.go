package playout

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/media/jitter"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
)

const (
	// MaxDecoded is the most that one packet decodes to, in samples.
	MaxDecoded = rates.Max * int(media.MaxPacketAudio/time.Millisecond) / 1000
	// maxConcealed is how much is made up in a row of what did not come; then comfort
	// noise follows, or what the decoder makes, and after maxNoise silence.
	maxConcealed = 60 * time.Millisecond
	maxNoise     = 2 * time.Second
)

// Playout is one leg's. It is used by one worker at a time, whose Memory its
// methods are given.
type Playout struct {
	buffer    jitter.Buffer
	formats   []inbound
	on        bool // somebody listens; else packets are only counted
	limit     time.Duration
	clockRate int           // that buffer is configured for
	concealed time.Duration // in a row
	concealer media.Decoder // of the packet played last
	rate      int           // its sample rate
	now       time.Duration // of the frame that is made

	noise background

	release func(handle int32)
	kept    [keepPackets]int32 // played unheard, oldest first
	keeps   int                // of them
	passing bool               // the last frame was not decoded
	over    int                // samples at target of the last packet beyond the frames passed
	last    Level              // of the packet played last

	target     int                         // sample rate wanted, Hz
	left       []int16                     // PCM at target beyond the last frame; nil until packets are not frames
	excess     int                         // samples of it that are to be left out
	tries      int                         // frames that were unfit for it
	short      bool                        // more is to be left
	from       int                         // rate of the audio resampled last, Hz
	resamplers [rates.Count]*dsp.Resampler // to target, by where they are from; nil until needed

	made    uint64 // frames made up
	invalid uint64 // packets that could not be decoded
	err     error
}

// inbound is one format that may arrive, and its decoder once one was needed.
type inbound struct {
	media.Format
	decoder media.Decoder
}

// Init prepares a playout, which never holds more audio than limit. release gives
// a packet back to the Memory that is the playout's at that time.
func (p *Playout) Init(limit time.Duration, release func(handle int32)) {
	p.limit, p.release = limit, release
	p.buffer.Init(p.configFor(8000), release)
}

// configFor is the buffer's for a clock, which it takes note of.
func (p *Playout) configFor(clockRate int) jitter.Config {
	p.clockRate = clockRate
	cfg := jitter.Defaults(clockRate)
	cfg.Cap = rates.Samples(p.limit, clockRate)
	return cfg
}

// Codec is the codec of a format, by its index.
func (p *Playout) Codec(format uint8) *media.Codec { return p.formats[format].Codec }

// SetFormats replaces what may arrive; packets that wait are dropped. Decoders of
// codecs that stay are kept with their state.
func (p *Playout) SetFormats(formats []media.Format) {
	p.Reset()
	p.concealer = nil
	old := p.formats
	p.formats = make([]inbound, len(formats))
	for i, f := range formats {
		p.formats[i].Format = f
		for j := range old {
			if old[j].Codec == f.Codec && old[j].decoder != nil {
				p.formats[i].decoder, old[j].decoder = old[j].decoder, nil
				break
			}
		}
	}
	closeDecoders(old)
}

// Close ends the decoders.
func (p *Playout) Close() { closeDecoders(p.formats) }

func closeDecoders(formats []inbound) {
	for i := range formats {
		if d := formats[i].decoder; d != nil {
			d.Close()
			formats[i].decoder = nil
		}
	}
}

// Listen begins or ends listening. The rate, in Hz, is what frames will have.
func (p *Playout) Listen(on bool, rate int) {
	if on == p.on && rate == p.target {
		return
	}
	if on != p.on {
		p.Reset()
	}
	if rate != p.target {
		p.resamplers, p.left, p.over = [rates.Count]*dsp.Resampler{}, nil, 0
		p.excess, p.tries, p.short = 0, 0, false
	}
	p.on, p.target = on, rate
}

// On reports whether somebody listens.
func (p *Playout) On() bool { return p.on }

// SourceRate is the sample rate, in Hz, of what was decoded last; 0 before that.
func (p *Playout) SourceRate() int { return p.rate }

// Reset forgets what was received and not played.
func (p *Playout) Reset() {
	p.buffer.Reset()
	p.forget()
	p.left = p.left[:0]
	p.excess, p.tries, p.short = 0, 0, false
	p.concealed = maxNoise
	p.noise.on, p.noise.fade = false, false
}

// Arrival is a packet that came.
type Arrival struct {
	Sequence  uint32 // extended
	Timestamp uint32 // RTP's
	// Format is the index of the payload's, Payload at most MaxPayload bytes, which hold
	// Length of audio, at most media.MaxPacketAudio.
	Format  uint8
	Payload []byte
	Length  time.Duration
	// At is when it came, by the clock that Frame goes by.
	At time.Duration
	// Claimed is the level that the sender tells, or Unknown.
	Claimed uint8
}

// Push takes a packet.
func (p *Playout) Push(m *Memory, a *Arrival) jitter.Verdict {
	if clock := p.Codec(a.Format).ClockRate; clock != p.clockRate {
		p.buffer.Configure(p.configFor(clock))
	}
	handle := m.pool.put(a.Payload, a.Format, Level{DBov: a.Claimed, Claimed: a.Claimed != Unknown})
	verdict := p.buffer.Push(jitter.Packet{
		Sequence: a.Sequence, Timestamp: a.Timestamp, Samples: rates.Samples(a.Length, p.clockRate), Handle: handle,
	}, a.At)
	if verdict != jitter.Kept {
		m.pool.release(handle)
	}
	return verdict
}

// Hole keeps the place of a packet without audio in the numbering.
func (p *Playout) Hole(ext uint32) {
	if p.on {
		p.buffer.Push(jitter.Packet{Sequence: ext, Handle: jitter.None}, 0)
	}
}

// Delay is how much audio waits to be played.
func (p *Playout) Delay() time.Duration {
	return time.Duration(p.buffer.Delay()) * time.Second / time.Duration(p.clockRate)
}

// Concealed is the number of frames that were made up.
func (p *Playout) Concealed() uint64 { return p.made }

// Invalid is the number of packets that no decoder took.
func (p *Playout) Invalid() uint64 { return p.invalid }

// Target is the delay that the jitter buffer aims for.
func (p *Playout) Target() time.Duration { return p.buffer.Target() }

// Frame writes the next 20 ms into pcm, at the rate of Listen. now is when they are
// played, by the clock that packets come by. pcm has room for MaxDecoded samples beyond
// the frame. It reports false, and writes nothing, while there is nothing but silence.
// The error is a decoder's that could not be made; the playout is of no more use then.
func (p *Playout) Frame(m *Memory, pcm []int16, now time.Duration) (spoke bool, err error) {
	p.now = now
	if p.passing {
		p.warm(m)
	}
	n := p.target / 50
	have := copy(pcm, p.left)
	p.left = p.left[:0]
	p.short = false
	made := p.made
	for have < n {
		got := p.next(m, pcm[have:], n-have)
		if got == 0 {
			clear(pcm[have:n])
			return have > 0, p.err
		}
		have += got
	}
	if p.made == made {
		have = p.stretch(pcm, have)
	}
	p.keepLeft(pcm[n:have])
	return true, p.err
}

// keepLeft keeps PCM for the next frame.
func (p *Playout) keepLeft(pcm []int16) {
	if cap(p.left) < len(pcm) {
		p.left = make([]int16, 0, max(len(pcm), p.target/25)) // 40 ms: enough for packets of 20 ms
	}
	p.left = append(p.left[:0], pcm...)
}

// next decodes or makes up some PCM at the target rate, and returns the number of
// samples; 0 means silence from here on.
func (p *Playout) next(m *Memory, pcm []int16, want int) int {
	pkt, outcome := p.buffer.Pop(p.now, false)
	switch outcome {
	case jitter.Lost:
		if got := p.restore(m, pcm, pkt); got > 0 {
			return got
		}
		return p.conceal(m, pcm, int(int64(pkt.Samples)*int64(p.target)/int64(p.clockRate)))
	case jitter.Empty:
		p.excess = 0 // the delay has grown
		if got := p.hum(m, pcm, want); got > 0 {
			return got
		}
		return p.conceal(m, pcm, want)
	case jitter.Play:
	}
	p.noise.heard(pkt.Sequence)
	p.last = m.pool.slot(pkt.Handle).level
	got := p.decode(m, pcm, pkt.Handle)
	if got == 0 {
		return p.conceal(m, pcm, want)
	}
	p.concealed = 0
	if extra, ok := p.buffer.Surplus(p.now, false); ok {
		n := p.decode(m, m.extra[:], extra.Handle)
		n = copy(pcm[got:], m.extra[:n])
		p.excess += n
		return got + n
	}
	p.short = p.buffer.Short()
	return got
}
