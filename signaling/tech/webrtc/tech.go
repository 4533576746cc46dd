package webrtc

import (
	"context"
	"sync/atomic"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// TechName stands before the slash in dial strings and in the channels' names.
const TechName = "WebRTC"

// Ringer rings browsers. Its methods do not wait.
type Ringer interface {
	// Reach is the user of a name, or of an extension, with a browser that can be rung now.
	Reach(name string) (user string, ok bool)
	// Ring shows a call to the user's browsers, until its channel ends.
	Ring(c *Called)
}

// Tech makes legs to users' browsers: Dial(WebRTC/alice), or by the user's extension,
// Dial(WebRTC/1001).
//
// The zero Tech reaches nobody until Serve.
type Tech struct{ ringer atomic.Pointer[Ringer] }

var _ signaling.Tech = (*Tech)(nil)

// Serve has calls ring by r from now on.
func (t *Tech) Serve(r Ringer) { t.ringer.Store(&r) }

// Name is the technology's.
func (*Tech) Name() string { return TechName }

// Endpoints are none: users are no configuration.
func (*Tech) Endpoints() []signaling.EndpointSnapshot { return nil }

// Dial prepares a leg to whichever of a user's browsers takes the call. It fails with
// fault.Unreachable when none is there.
func (t *Tech) Dial(_ context.Context, req signaling.DialRequest) (signaling.Leg, error) {
	leg, err := t.call(req)
	if err != nil {
		return nil, err
	}
	leg.endpoint = leg.User
	return leg, nil
}

// call is a leg to the user of a resource, as whom it bears the resource's name.
func (t *Tech) call(req signaling.DialRequest) (*Called, error) {
	if r := t.ringer.Load(); r != nil {
		if user, ok := (*r).Reach(req.Resource); ok {
			return &Called{ringer: *r, User: user, Request: req, endpoint: req.Resource}, nil
		}
	}
	return nil, fault.New(fault.Unreachable, "no browser of %.128q is there", req.Resource)
}

// Extensions is a technology of phones whose users may have browsers besides: where no phone of
// an extension can be rung, the browsers of its user are.
type Extensions struct {
	signaling.Tech
	Browsers *Tech
}

// Dial prepares a leg to the phone, or to its user's browsers.
func (e Extensions) Dial(ctx context.Context, req signaling.DialRequest) (signaling.Leg, error) {
	leg, err := e.Tech.Dial(ctx, req)
	if err == nil || fault.Of(err) != fault.Unreachable || req.MaxForwards == 1 {
		return leg, err
	}
	if browser, none := e.Browsers.call(req); none == nil {
		return browser, nil
	}
	return nil, err
}
