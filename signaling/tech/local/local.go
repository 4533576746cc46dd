// Package local makes a called party of an extension: whom a phone forwards to or names in its place
// (SIP 302) is reached through the dialplan while others ring beside it, or for a caller that
// is in no plan. Its two channels are one party of a call each, as Asterisk's Local: the near
// one is dialled and put through, the far one goes through the plan as a caller does.
//
// Nothing else dials such a channel: what a user writes names no context.
//
// Goroutines: two per pair of channels that carry the audio, one that begins the plan, one
// while the pair ends.
package local

import (
	"context"
	"log/slog"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dial"
)

// Config is what the technology is made of.
type Config struct {
	Engine *signaling.Engine
	Log    *slog.Logger
	// Run takes a new channel through the dialplan. It returns at once.
	Run func(ctx context.Context, c *signaling.Channel, context, exten string) error
}

// Tech is the technology.
type Tech struct{ cfg Config }

var _ signaling.Tech = (*Tech)(nil)

// New makes the technology.
func New(cfg Config) *Tech { return &Tech{cfg} }

// Name stands before the slash in the channels' names.
func (*Tech) Name() string { return dial.Local }

// Endpoints are none: what it calls is in the plan.
func (*Tech) Endpoints() []signaling.EndpointSnapshot { return nil }

// Dial prepares a call to an extension, "exten@context", that a party has named in its place.
// What anybody else names is fault.Unsupported.
func (t *Tech) Dial(_ context.Context, req signaling.DialRequest) (signaling.Leg, error) {
	exten, place, ok := strings.Cut(req.Resource, "@")
	switch {
	case !req.Redirected || !ok:
		return nil, fault.New(fault.Unsupported, "%s/%.64s is not dialled by name: a plan has Goto and Gosub", dial.Local, req.Resource)
	case req.MaxForwards == 1: // the next one could only refuse it, with 483
		return nil, fault.New(fault.Looped, "the call has been passed on too often")
	}
	p := &pair{cfg: &t.cfg, request: req, context: place, exten: exten}
	p.live, p.stop = context.WithCancel(context.Background())
	p.near.pair, p.far.pair = p, p
	for _, h := range []*half{&p.near, &p.far} {
		if err := h.open(t.cfg.Engine.Mixer()); err != nil {
			p.letGo()
			return nil, err
		}
	}
	return &p.near, nil
}
