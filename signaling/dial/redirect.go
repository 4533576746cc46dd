package dial

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/extension"
	"github.com/skygenesisenterprise/skybridge/signaling/party"
)

// Follow is what becomes of a called party's wish to be called elsewhere (SIP 302).
type Follow uint8

// The ways.
const (
	// FollowPhones rings another phone in its place; what is no phone is not followed, as
	// nobody can say how long those who ring beside it should wait.
	FollowPhones Follow = iota
	// FollowPlan has the caller go on in the plan, where the first who wishes it says.
	FollowPlan
	// FollowNobody takes it as busy.
	FollowNobody
)

// redirect follows whom a party names in its place, whose end then counts instead: a forward
// of that party, as those that are switched on for it are. It reports whether the end of this
// one counts no more.
func (d *dialling) redirect(ctx context.Context, c *signaling.Channel, who *callee) bool {
	to := c.Redirect()
	log := c.Log().With("endpoint", who.target.String(), "exten", to.Exten)
	switch {
	case to.Exten == "":
		return false
	case d.plan.Follow == FollowNobody:
		log.Info("call not redirected, as Dial says")
		d.outcome.ended(signaling.CauseBusy)
		return true
	case d.plan.Follow == FollowPhones && to.Phone == "":
		log.Info("call not redirected: it rings others, or for nobody who could go there, and this is no phone")
		return false
	}
	s := c.Snapshot()
	by := s.Caller
	by.Number = s.Endpoint // where calls have been is told by it
	why := party.Unconditional
	if who.rang {
		why = party.Deflection
	}
	way, err := s.Redirecting.Forward(by, party.ID{Number: to.Exten}, why)
	switch {
	case err != nil:
		log.Warn("call not redirected", "err", err)
		d.outcome.failed(err)
	case d.plan.Follow == FollowPlan:
		d.forward = &extension.Forward{Context: to.Context, Exten: to.Exten, Way: way}
	default:
		d.call(ctx, dialstring.Target{Tech: who.target.Tech, Resource: to.Phone}, way, true)
	}
	return true
}
