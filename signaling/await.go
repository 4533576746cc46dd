package signaling

import "github.com/skygenesisenterprise/skybridge/signaling/internal/await"

// When runs then, once and on a goroutine of its own, as soon as the channel's state
// satisfies cond or will not change any more. cond is asked at once, and with each new
// state on the channel's actor: it must not wait. A panic of either is logged with what
// they are for and ends the call; after one of cond's, then runs.
func (c *Channel) When(what string, cond func(ChannelSnapshot) bool, then func()) {
	c.await.Add(await.Waiter[ChannelSnapshot]{
		What: what, Cond: cond, Then: then, Log: c.log, Failed: func() { c.Hangup(CauseTemporary) },
	}, func() (ChannelSnapshot, bool) {
		s := c.snap.Load()
		return s.channel(), s.final
	})
}
