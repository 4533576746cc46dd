package voip

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/api/voip/monitoring"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
)

func (r routes) getQuality(ctx context.Context, p auth.Principal, in *rest.PathID) (*rest.Answer[monitoring.QualityBody], error) {
	c, err := r.find(p, in.ID)
	if err != nil {
		return nil, err
	}
	return &rest.Answer[monitoring.QualityBody]{Body: monitoring.QualityOf(ctx, c.id, c.heard())}, nil
}

// heard are the parties that have a channel.
func (c *call) heard() (out []monitoring.Party) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, pt := range c.parties {
		if pt.channel != nil {
			out = append(out, monitoring.Party{ID: pt.id, Endpoint: pt.endpoint, Channel: pt.channel})
		}
	}
	return out
}
