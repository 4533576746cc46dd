package mixer

import (
	"context"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/doorbell"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/worker"
)

// TapConfig says what a tap carries.
type TapConfig struct {
	// In is what the port says, Out what it hears; a room's tap has neither set.
	In, Out bool
	// SampleRate is 8000, 16000 or 48000 Hz.
	SampleRate int
	// Buffer is how much audio waits for the reader; what does not fit is lost, and
	// silence in its place. 0 means DefaultTapBuffer, MaxTapBuffer is the most.
	Buffer time.Duration
	// Wake is how much audio is collected before the reader is woken, at most half of
	// Buffer: fewer wakes cost less. 0 means a frame of 20 ms.
	Wake time.Duration
	// Unmuted taps what a muted port says, too.
	Unmuted bool
	// Closed, where set, is called by each Close.
	Closed func()
}

// The audio that waits for a tap's reader.
const (
	DefaultTapBuffer = time.Second
	MaxTapBuffer     = 10 * time.Second
)

// TapBlock is 20 ms of a tap.
type TapBlock = tap.Block

// TapStats are a tap's counters: frames of 20 ms that were written, those that found no
// room, and those that were not made. In the place of these there is silence.
type TapStats = tap.Stats

// Tap is a copy of what a port says, hears, or both, or of what a room hears.
// Frames follow each other without a gap from the first one on: what was not said,
// heard or kept is silence, so that the samples read tell the time.
//
// What the port says is what it sends, whatever its room or pair makes of it (who
// is heard, gain), but silence while it is muted, or does not receive. What it
// hears is all that is sent to it as audio: the conversation, playbacks, no digits.
// Audio without a decoder is silence.
type Tap struct {
	line   *tap.Line
	end    func()
	closed func()
}

// Read waits for the next block, which is valid until the next Read. It fails with
// the error of ctx and, once the tap or its port or room is closed and everything
// was read, io.EOF. It is for one goroutine at a time.
func (t *Tap) Read(ctx context.Context, b *TapBlock) error { return t.line.Read(ctx, b) }

// SampleRate is the tap's sample rate, Hz.
func (t *Tap) SampleRate() int { return t.line.Config().Rate }

// Stats reads the counters.
func (t *Tap) Stats() TapStats { return t.line.Stats() }

// Close ends the tap; what it holds can still be read. It may be called again.
func (t *Tap) Close() {
	t.end()
	if t.closed != nil {
		t.closed()
	}
}

// newTap makes a tap of which nobody knows yet.
func newTap(cfg TapConfig, bell *doorbell.Bell) (*Tap, error) {
	switch cfg.SampleRate {
	case 8000, 16000, 48000:
	default:
		return nil, fault.New(fault.Invalid, "mixer: a tap cannot have a sample rate of %d Hz", cfg.SampleRate)
	}
	if cfg.Buffer == 0 {
		cfg.Buffer = DefaultTapBuffer
	}
	if cfg.Buffer < 0 || cfg.Buffer > MaxTapBuffer || cfg.Wake < 0 {
		return nil, fault.New(fault.Invalid, "mixer: a tap's buffer of %v is not within %v", cfg.Buffer, MaxTapBuffer)
	}
	return &Tap{closed: cfg.Closed, line: tap.NewLine(tap.Config{
		Said: cfg.In, Heard: cfg.Out, Rate: cfg.SampleRate,
		Buffer: cfg.Buffer, Wake: cfg.Wake, Unmuted: cfg.Unmuted, Bell: bell,
	})}, nil
}

// Tap begins a tap of the port, wherever it is and goes. The error is of kind
// fault.Invalid, fault.Unsupported (what the port speaks is only passed on, and would be
// silence) or fault.Gone.
func (p *Port) Tap(cfg TapConfig) (*Tap, error) {
	if !cfg.In && !cfg.Out {
		return nil, fault.New(fault.Invalid, "mixer: a tap of nothing")
	}
	if c := p.Media().Send.Codec; c != nil && !c.Transcodable() {
		return nil, fault.New(fault.Unsupported, "mixer: %s is only passed on, and cannot be listened to", c.Name)
	}
	t, err := newTap(cfg, &p.engine.bell)
	if err != nil {
		return nil, err
	}
	t.end = func() { p.do(func(*leg.Bench) { p.leg.Untap(t.line) }) }
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errPortClosed
	}
	p.do(func(*leg.Bench) { p.leg.Tap(t.line) })
	return t, nil
}

// Tap begins a tap of what everybody in the room says together, its playback
// included, in TapBlock.Said. The error is of kind fault.Invalid or fault.Gone.
func (r *Room) Tap(cfg TapConfig) (*Tap, error) {
	if cfg.In || cfg.Out {
		return nil, fault.New(fault.Invalid, "mixer: a room's tap has no direction")
	}
	cfg.In = true
	t, err := newTap(cfg, &r.engine.bell)
	if err != nil {
		return nil, err
	}
	if err := r.prepare(cfg.SampleRate); err != nil {
		return nil, err
	}
	t.end = func() { r.mail.Post(func(*worker.Worker) *worker.Worker { r.mix.Untap(t.line); return nil }) }
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, fault.New(fault.Gone, "mixer: room closed")
	}
	r.mail.Post(func(*worker.Worker) *worker.Worker { r.mix.Tap(t.line); return nil })
	return t, nil
}
