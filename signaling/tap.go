package signaling

import (
	"context"
	"errors"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// Tap begins a tap of the channel's audio: what its party says, hears, or both. It
// lasts as long as the channel's media; one that gets new media (which none of ours
// does within a call) ends its taps. The error is of kind fault.Conflict when there
// is no media yet, fault.Gone, or the mixer's.
func (c *Channel) Tap(ctx context.Context, cfg mixer.TapConfig) (*mixer.Tap, error) {
	return withAudio(ctx, c, func(p *mixer.Port, release func()) (*mixer.Tap, error) {
		cfg.Closed = func() { c.post(release) }
		return p.Tap(cfg)
	}, (*mixer.Tap).Close)
}

// Tap begins a tap of what all members say together, who are mixed from now on. It lasts until
// nobody is left. It fails with fault.Conflict while nobody is there.
func (b *Bridge) Tap(cfg mixer.TapConfig) (*mixer.Tap, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.in.Mixed = true
	if err := b.in.Arrange(); err != nil {
		b.in.Mixed = false
		return nil, errors.Join(err, b.in.Arrange())
	}
	if b.in.Room == nil {
		return nil, fault.New(fault.Conflict, "nobody is in bridge %s", b.id)
	}
	return b.in.Room.Tap(cfg)
}

// Inject begins an injection into what the channel's party says, or hears. It lasts as Tap
// does, and fails likewise.
func (c *Channel) Inject(ctx context.Context, cfg mixer.InjectConfig) (*mixer.Injection, error) {
	return withAudio(ctx, c, func(p *mixer.Port, release func()) (*mixer.Injection, error) {
		cfg.Closed = func() { c.post(release) }
		return p.Inject(cfg)
	}, (*mixer.Injection).Close)
}

// Tell publishes an event about the channel, with its state unless data says more.
// After the channel's own last event it does nothing.
func (c *Channel) Tell(t event.Type, data any) {
	c.post(func() { c.emit(t, data) })
}
