// Package local makes a called party of an extension, as Asterisk's Local channels do: "Local/600@internal"
// is dialled by plans and over the API, and so is whom a phone forwards to or names in its place
// (SIP 302) while others ring beside it, or for a caller that is in no plan. Its two channels are one
// party of a call each: the near one is dialled and put through, the far one goes through the plan as a
// caller does.
//
// Who may dial what is for those to say who take names from users.
//
// Goroutines: two per pair of channels that carry the audio, one that begins the plan, one
// while the pair ends.
package local

import (
	"cmp"
	"context"
	"log/slog"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dial"
)

// Config is what the technology is made of.
type Config struct {
	Engine *signaling.Engine
	Log    *slog.Logger
	// Exists tells whether there is something to run for a caller; nil has it that there always is.
	Exists func(context, exten string, caller signaling.CallerID) bool
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

// Dial prepares a call to an extension, "exten@context"; without a context it is that of the name
// default. What follows a slash, as the n of "600@internal/n", are Asterisk's options of how its pairs
// dissolve, which ours do not. The error is of kind fault.NotFound for an extension that is none,
// fault.Looped for a call that has been passed on too often.
func (t *Tech) Dial(_ context.Context, req signaling.DialRequest) (signaling.Leg, error) {
	exten, place := dial.LocalExtension(req.Resource)
	place = cmp.Or(place, "default")
	switch {
	case exten == "" || t.cfg.Exists != nil && !t.cfg.Exists(place, exten, req.Caller):
		return nil, fault.New(fault.NotFound, "no extension %.64s in context %.64s", exten, place)
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
