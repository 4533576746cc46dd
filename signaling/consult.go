package signaling

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
)

// What one of two needs who leaves a conversation for a while, to ask somebody else.

// Stay has a bridge for two stay while one of them is away: who is left hears music. With
// false that is over, and a bridge that fewer than two are in closes.
func (b *Bridge) Stay(on bool) {
	b.mu.Lock()
	b.in.Stays = on
	over := !on && b.cfg.Pair && len(b.in.All) < 2 && !b.closed
	b.mu.Unlock()
	if over {
		b.Close()
	}
}

// BeforeEnd has f run when the channel's party hangs up, on a goroutine of its own: until f
// returns, which must be within seconds, the channel stays where it is, without media. nil
// takes it back. Nobody else who ends the channel waits for f.
func (c *Channel) BeforeEnd(ctx context.Context, f func()) error {
	return c.doAlive(ctx, func() error { c.will = f; return nil })
}

// carryOut runs what BeforeEnd asked for and then ends the channel.
func (c *Channel) carryOut(will func(), cause Cause) {
	defer c.post(func() { c.end(cause) })
	defer guard.Recover(c.log, "what a channel leaves behind")
	will()
}
