package signaling

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// Tap begins a tap of the channel's audio: what its party says, hears, or both. It
// lasts as long as the channel's media; one that gets new media (which none of ours
// does within a call) ends its taps. The error is of kind fault.Conflict when there
// is no media yet, fault.Gone, or the mixer's.
func (c *Channel) Tap(ctx context.Context, cfg mixer.TapConfig) (tap *mixer.Tap, err error) {
	err = c.doAlive(ctx, func() error {
		p := c.port()
		if p == nil {
			return fault.New(fault.Conflict, "channel %s has no media yet", c.name)
		}
		tap, err = p.Tap(cfg)
		return err
	})
	return tap, err
}

// Inject begins an injection into what the channel's party says, or hears. It lasts as Tap
// does, and fails likewise.
func (c *Channel) Inject(ctx context.Context, cfg mixer.InjectConfig) (x *mixer.Injection, err error) {
	err = c.doAlive(ctx, func() error {
		p := c.port()
		if p == nil {
			return fault.New(fault.Conflict, "channel %s has no media yet", c.name)
		}
		x, err = p.Inject(cfg)
		return err
	})
	return x, err
}

// Tell publishes an event about the channel, with its state unless data says more.
// After the channel's own last event it does nothing.
func (c *Channel) Tell(t event.Type, data any) {
	c.post(func() { c.emit(t, data) })
}
