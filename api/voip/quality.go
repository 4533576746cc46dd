package voip

import (
	"github.com/skygenesisenterprise/skybridge/api/voip/monitoring"
)

// Heard are the parties that have a channel.
func (c *Call) Heard() (out []monitoring.Party) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, pt := range c.parties {
		if pt.channel != nil {
			out = append(out, monitoring.Party{ID: pt.id, Endpoint: pt.endpoint, Channel: pt.channel})
		}
	}
	return out
}
