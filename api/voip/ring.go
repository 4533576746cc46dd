package voip

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/webrtc"
)

var _ webrtc.Ringer = (*Service)(nil)

// ringOfPlan is how long a browser rings that a dialplan called, whose own time is shorter.
const ringOfPlan = 12 * time.Hour

// Reach implements webrtc.Ringer.
func (s *Service) Reach(name string) (string, bool) {
	if s.cfg.Presence == nil {
		return "", false
	}
	return s.cfg.Presence.Reach(name, s.cfg.Now())
}

// browserOf is the user whom an endpoint "WebRTC/user" or "WebRTC/extension" names. It fails with
// fault.Unreachable while no client of theirs is there, as far as that is known.
func (s *Service) browserOf(t dialstring.Target) (string, error) {
	if s.cfg.Presence == nil {
		return t.Resource, nil
	}
	user, ok := s.Reach(t.Resource)
	if !ok {
		return "", fault.New(fault.Unreachable, "no client of %s is connected", t)
	}
	return user, nil
}

// Ring implements webrtc.Ringer: a call of the dialplan's to a user is one of the API's, as far as
// the user is in it.
func (s *Service) Ring(leg *webrtc.Called) {
	ch := leg.Channel()
	caller := leg.Request.Caller
	c := newCall(s, auth.Principal{}, "audio", map[string]any{"caller_id": caller.Number, "caller_name": caller.Name})
	c.plan, c.direction, c.caller, c.ring, c.limit = true, "inbound", caller, ringOfPlan, 0
	if err := s.add(c); err != nil {
		ch.Hangup(signaling.CauseOf(err))
		return
	}
	from := newParty(caller.Number, roleCaller, StateConnected)
	if other, err := s.cfg.Engine.Channel(string(ch.Snapshot().LinkedID)); err == nil && other != ch {
		o := other.Snapshot()
		from.endpoint = o.Tech + "/" + o.Endpoint
	}
	from.direct = true // its media is the plan's
	from.settle()
	pt := newParty(browserTech+"/"+leg.User, roleCallee, StateRinging)
	pt.user, pt.called = leg.User, leg
	c.mu.Lock()
	c.parties = append(c.parties, from, pt)
	c.attach(pt, ch)
	c.rings()
	c.mu.Unlock()
	if err := c.watch(pt, ch); err != nil {
		c.abort()
	}
}
