package mixer

import (
	"context"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/inject"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

// InjectConfig says what an injection goes into.
type InjectConfig struct {
	// In is what the port says: who hears the port hears the injection, wherever that is,
	// but not while the port is muted or its party is on hold. Out is what it hears, also
	// while it hears nothing else.
	In, Out bool
	// SampleRate is 8000, 16000, 24000 or 48000 Hz; 24000 is not heard at 16000, nor the
	// other way around.
	SampleRate int
	// Buffer is how much audio waits to be played, at most. 0 means DefaultInjectBuffer,
	// MaxTapBuffer is the most.
	Buffer time.Duration
	// Delay is how much is collected before it is played; less than comes unevenly is
	// heard as pauses. 0 means DefaultInjectDelay.
	Delay time.Duration
	// Most, where set, is how much may wait for a second on end: then 20 ms are left out, so
	// that a writer whose clock is fast is not heard later and later.
	Most time.Duration
	// Whisper keeps it from the taps of the port, as Asterisk does with what is whispered to
	// a channel; else they have it where it is In what the port hears.
	Whisper bool
	// Closed, where set, is called by each Close.
	Closed func()
}

// The defaults of an injection.
const (
	DefaultInjectBuffer = time.Second
	DefaultInjectDelay  = 40 * time.Millisecond
)

func (cfg *InjectConfig) validate() error {
	if cfg.Buffer == 0 {
		cfg.Buffer = DefaultInjectBuffer
	}
	if cfg.Delay == 0 {
		cfg.Delay = DefaultInjectDelay
	}
	switch {
	case !cfg.In && !cfg.Out:
		return fault.New(fault.Invalid, "mixer: an injection into nothing")
	case rates.Index(cfg.SampleRate) < 0:
		return fault.New(fault.Invalid, "mixer: an injection cannot have a sample rate of %d Hz", cfg.SampleRate)
	case cfg.Buffer < 0 || cfg.Buffer > MaxTapBuffer:
		return fault.New(fault.Invalid, "mixer: an injection's buffer of %v is not within %v", cfg.Buffer, MaxTapBuffer)
	case cfg.Delay < 0 || cfg.Delay > cfg.Buffer/2 || cfg.Most < 0:
		return fault.New(fault.Invalid, "mixer: an injection's delay of %v does not go into half of its buffer", cfg.Delay)
	}
	return nil
}

// InjectStats are an injection's counters: frames of 20 ms that were played or, to catch up,
// left out, how often it ran dry, and samples that found no room.
type InjectStats = inject.Stats

// Injection is audio on its way into what a port says, hears, or both. It costs the port its
// relay, or its share of what all in a room hear, for as long as it is there.
type Injection struct {
	sources []*inject.Source
	end     func()
	closed  func()
}

// Write waits until all of pcm has found room: it goes at the pace at which it is heard. It
// is for one goroutine at a time, Offer included, and fails with the error of ctx or, once
// the injection or its port is closed, io.ErrClosedPipe.
func (i *Injection) Write(ctx context.Context, pcm []int16) error {
	for _, s := range i.sources {
		if err := s.Write(ctx, pcm); err != nil {
			return err
		}
	}
	return nil
}

// Offer gives what there is room for, and never waits; the rest is lost and counted.
func (i *Injection) Offer(pcm []int16) {
	for _, s := range i.sources {
		s.Offer(pcm)
	}
}

// Drain waits until all that was written has been heard, also what does not fill a frame or
// the delay. It fails as Write does.
func (i *Injection) Drain(ctx context.Context) error {
	for _, s := range i.sources {
		if err := s.Drain(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Stats reads the counters.
func (i *Injection) Stats() (sum InjectStats) {
	for _, s := range i.sources {
		x := s.Stats()
		sum.Played += x.Played
		sum.Dry += x.Dry
		sum.Skipped += x.Skipped
		sum.Refused += x.Refused
	}
	return sum
}

// Close ends the injection at once; what it holds is not heard. It may be called again.
func (i *Injection) Close() {
	i.end()
	if i.closed != nil {
		i.closed()
	}
}

// Inject begins an injection into what the port says or hears, wherever it is and goes. The
// error is of kind fault.Invalid or fault.Gone.
func (p *Port) Inject(cfg InjectConfig) (*Injection, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	var at [2]*inject.Source
	x := &Injection{closed: cfg.Closed}
	for d, on := range [...]bool{tap.Said: cfg.In, tap.Heard: cfg.Out} {
		if on {
			at[d] = inject.NewSource(inject.Config{
				Rate: cfg.SampleRate, Buffer: cfg.Buffer, Delay: cfg.Delay, Most: cfg.Most, Whisper: cfg.Whisper,
				Bell: &p.engine.bell,
			})
			x.sources = append(x.sources, at[d])
		}
	}
	x.end = func() { p.do(func(*leg.Bench) { p.leg.Eject(at) }) }
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errPortClosed
	}
	p.do(func(*leg.Bench) { p.leg.Inject(at) })
	return x, nil
}
