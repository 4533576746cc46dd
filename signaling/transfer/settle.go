package transfer

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling"
)

// settling bounds how long who has just answered, or was, is on its way to the other one; every
// while a bridge, which tells nobody who comes, is looked at meanwhile.
const (
	settling = time.Second
	while    = 10 * time.Millisecond
)

// Settled reports whether nothing is to be waited for before a channel's party is transferred:
// it talks to somebody, or is not about to.
func (s *Service) Settled(c *signaling.Channel) bool {
	now := c.Snapshot()
	if now.Ended || now.State != signaling.Up {
		return true
	}
	b, err := s.Bridge(c)
	if err != nil {
		return false // whoever joins the two may be about to
	}
	if other := b.Peer(c); other != nil {
		return talking(c, other)
	}
	return b.Snapshot().Technology == "softmix"
}

// Settle waits until a channel is settled, for a moment: a phone may ask for a transfer as soon
// as it has our ACK, or our 200, which is before the two are joined.
func (s *Service) Settle(c *signaling.Channel) {
	patience := time.NewTimer(settling)
	defer patience.Stop()
	tick := time.NewTicker(while)
	defer tick.Stop()
	for {
		_, changed := c.Watch()
		if s.Settled(c) {
			return
		}
		select {
		case <-changed:
		case <-tick.C:
		case <-patience.C:
			return
		}
	}
}
