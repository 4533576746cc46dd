package voip

import (
	"context"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/monitoring"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// countersPatience is how long one channel may keep the others' figures waiting.
const countersPatience = 200 * time.Millisecond

func (r routes) getQuality(ctx context.Context, p auth.Principal, in *rest.PathID) (*rest.Answer[monitoring.QualityBody], error) {
	c, err := r.find(p, in.ID)
	if err != nil {
		return nil, err
	}
	return &rest.Answer[monitoring.QualityBody]{Body: c.quality(ctx)}, nil
}

// quality is how the parties that have a channel are received.
func (c *call) quality(ctx context.Context) monitoring.QualityBody {
	b := monitoring.QualityBody{CallID: c.id, Participants: []monitoring.ParticipantQualityBody{}}
	var channels []*signaling.Channel
	c.mu.Lock()
	for _, pt := range c.parties {
		if pt.channel == nil {
			continue
		}
		s := pt.channel.Snapshot()
		channels = append(channels, pt.channel)
		b.Participants = append(b.Participants, monitoring.ParticipantQualityBody{
			ID: pt.id, Endpoint: pt.endpoint, ChannelID: rest.OptionalText(string(s.ID)), Codec: rest.OptionalText(s.Codec), Secure: s.Secure,
			Samples: monitoring.SampleBodies(pt.channel.Quality()),
		})
	}
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, countersPatience)
	defer cancel()
	for i, ch := range channels {
		if audio, err := ch.Audio(ctx); err == nil { // else it has ended meanwhile
			b.Participants[i].NotAuthentic, b.Participants[i].Replayed = audio.AuthFailed, audio.Replayed
		}
	}
	return b
}
