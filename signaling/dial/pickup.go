package dial

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
)

// pickUp is somebody who takes the call of a phone that rings.
type pickUp struct {
	by     *signaling.Channel
	target dialstring.Target
}

// offer lets somebody else answer in place of a called channel, for as long as it rings:
// a channel that is up. It wins as if it had been dialled.
func (d *dialling) offer(ringing context.Context, c *signaling.Channel, target dialstring.Target) {
	c.OfferPlace(func(ctx context.Context, by *signaling.Channel) error {
		select {
		case d.picked <- pickUp{by, target}:
			return nil
		case <-ringing.Done():
			return fault.New(fault.Conflict, "%s rings no more", target)
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}
