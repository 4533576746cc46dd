// Package talk tells when a channel's party begins to talk, and when it has stopped:
// TALK_DETECT of the dialplan, and the events ChannelTalkingStarted and
// ChannelTalkingFinished.
//
// Goroutines: one per channel that is listened to, from Registry.Set until
// Registry.Remove, the end of the channel's media, or Registry.Close.
package talk

import (
	"context"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// Config says what talking is.
type Config struct {
	// Silence is how long it must be silent for talking to be over.
	Silence time.Duration
	// Level is the mean magnitude of the samples of 20 ms from which on they are no
	// silence; full scale is 32767.
	Level int
}

// Default is Asterisk's.
func Default() Config { return Config{Silence: 2500 * time.Millisecond, Level: 256} }

// Validate reports the first setting that cannot be; the error is of kind
// fault.Invalid.
func (c Config) Validate() error {
	switch {
	case c.Silence <= 0 || c.Silence > time.Hour:
		return fault.New(fault.Invalid, "talk: a silence of %v is not within an hour", c.Silence)
	case c.Level <= 0 || c.Level > 32767:
		return fault.New(fault.Invalid, "talk: a level of %d is not in 1..32767", c.Level)
	}
	return nil
}

// Event is the data of both events.
type Event struct {
	Channel signaling.ChannelSnapshot
	// Duration is how long somebody talked, in ChannelTalkingFinished.
	Duration time.Duration
}

// Detector finds talking in blocks of 20 ms.
type Detector struct {
	cfg     Config
	talking bool
	length  time.Duration // since talking began
	still   time.Duration // since it was last heard
}

// NewDetector makes a Detector.
func NewDetector(cfg Config) Detector { return Detector{cfg: cfg} }

// Take takes a block of a length and tells whether talking began or ended with it, and
// then how long it lasted.
func (d *Detector) Take(pcm []int16, length time.Duration) (began, ended bool, lasted time.Duration) {
	sum := 0
	for _, v := range pcm {
		sum += max(int(v), -int(v))
	}
	loud := sum >= d.cfg.Level*len(pcm)
	switch {
	case loud && !d.talking:
		d.talking, d.length, d.still = true, length, 0
		return true, false, 0
	case !d.talking:
		return false, false, 0
	}
	d.length += length
	if loud {
		d.still = 0
		return false, false, 0
	}
	if d.still += length; d.still < d.cfg.Silence {
		return false, false, 0
	}
	d.talking = false
	return false, true, d.length - d.still
}

// Registry has the channels that are listened to.
type Registry struct {
	mu     sync.Mutex
	taps   map[*signaling.Channel]*mixer.Tap
	closed bool
	all    sync.WaitGroup
}

// NewRegistry makes a Registry.
func NewRegistry() *Registry { return &Registry{taps: make(map[*signaling.Channel]*mixer.Tap)} }

const (
	tapRate = 8000 // Hz
	frame   = 20 * time.Millisecond
	tapWake = 60 * time.Millisecond // events may be so late
)

// Set begins to listen to a channel, or does so by another Config. The error is of kind
// fault.Invalid, fault.Conflict (no media yet) or fault.Gone.
func (r *Registry) Set(ctx context.Context, c *signaling.Channel, cfg Config) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	tap, err := c.Tap(ctx, mixer.TapConfig{In: true, SampleRate: tapRate, Wake: tapWake, Unmuted: true})
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		tap.Close()
		return fault.New(fault.Gone, "talk: closed")
	}
	if old := r.taps[c]; old != nil {
		old.Close()
	}
	r.taps[c] = tap
	r.all.Add(1)
	go r.listen(c, tap, NewDetector(cfg)) // owned by r, which waits for it in Close
	return nil
}

// Remove stops listening to a channel.
func (r *Registry) Remove(c *signaling.Channel) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if tap := r.taps[c]; tap != nil {
		tap.Close()
		delete(r.taps, c)
	}
}

// Close stops listening to all.
func (r *Registry) Close() error {
	r.mu.Lock()
	r.closed = true
	for c, tap := range r.taps {
		tap.Close()
		delete(r.taps, c)
	}
	r.mu.Unlock()
	r.all.Wait()
	return nil
}

// listen follows one tap to its end.
func (r *Registry) listen(c *signaling.Channel, tap *mixer.Tap, d Detector) {
	defer r.all.Done()
	defer guard.Recover(c.Log(), "talk detection")
	defer r.forget(c, tap)
	var b mixer.TapBlock
	for tap.Read(context.Background(), &b) == nil { // an error is the end
		switch began, ended, lasted := d.Take(b.Said, frame); {
		case began:
			c.Tell(event.ChannelTalkingStarted, Event{Channel: c.Snapshot()})
		case ended:
			c.Tell(event.ChannelTalkingFinished, Event{Channel: c.Snapshot(), Duration: lasted})
		}
	}
}

// forget takes a tap that has ended off the list.
func (r *Registry) forget(c *signaling.Channel, tap *mixer.Tap) {
	tap.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.taps[c] == tap {
		delete(r.taps, c)
	}
}
