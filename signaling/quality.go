package signaling

import "github.com/skygenesisenterprise/skybridge/media/quality"

// Quality is how what the party sends has come in during the last minute, a sample a
// second, oldest first; none for a channel that never had media. It never waits.
func (c *Channel) Quality() []quality.Sample { return c.quality.Samples() }

// follow begins to sample a port. Actor only.
func (c *Channel) follow() {
	if c.state.Ended {
		return
	}
	c.quality.Follow(func() { // stopped by end
		c.post(func() {
			if !c.state.Ended {
				c.quality.Take(c.engine.now(), c.port())
			}
		})
	})
}
