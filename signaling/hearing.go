package signaling

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/internal/audience"
)

// Audience is a part of a bridge: who hears a channel, or whom a channel hears. The zero
// value is everyone.
type Audience = audience.Of[*Channel]

// Everyone is the whole bridge.
func Everyone() Audience { return Audience{} }

// Only is these channels and nobody else; without any, nobody.
func Only(channels ...*Channel) Audience { return audience.Only(channels) }

// Except is everyone but these channels.
func Except(channels ...*Channel) Audience { return audience.Except(channels) }

// SetHearing says who hears a member of the bridge, and whom it hears: a whisper is heard
// by Only(one), who monitors is heard by Only(). nil leaves one of the two as it is. It holds
// until the channel leaves; of those that are named, for as long as they are in the bridge. It
// fails with fault.NotFound for a channel that is not in the bridge, and with fault.TooMany for
// more than mixer.MaxAudience.
func (b *Bridge) SetHearing(ctx context.Context, c *Channel, heardBy, hears *Audience) error {
	for _, a := range []*Audience{heardBy, hears} {
		if a == nil {
			continue
		}
		if err := a.Validate(); err != nil {
			return err
		}
	}
	return c.doAlive(ctx, func() error {
		b.mu.Lock()
		defer b.mu.Unlock()
		i := b.in.Find(c)
		if i < 0 {
			return fault.New(fault.NotFound, "channel %s is not in bridge %s", c.name, b.id)
		}
		if heardBy != nil {
			b.in.All[i].HeardBy = *heardBy
		}
		if hears != nil {
			b.in.All[i].Hears = *hears
		}
		return b.in.Arrange()
	})
}

// Hearing tells who hears a member, and whom it hears; everyone, for one that is not in the
// bridge.
func (b *Bridge) Hearing(id ChannelID) (heardBy, hears Audience) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.in.Hearing(id)
}
