package dial

import (
	"context"
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/extension"
	"github.com/skygenesisenterprise/skybridge/signaling/party"
)

// Local is the technology of an extension that is dialled as a party (signaling/tech/local),
// by its resource "exten@context".
const Local = "Local"

// LocalExtension is what such a resource names: the extension and its context, empty for what it does
// not say. Behind a slash stand Asterisk's options: the n of "600@internal/n".
func LocalExtension(resource string) (exten, context string) {
	name, _, _ := strings.Cut(resource, "/")
	exten, context, _ = strings.Cut(name, "@")
	return exten, context
}

// Follow is what becomes of a called party's wish to be called elsewhere (SIP 302).
type Follow uint8

// The ways.
const (
	// FollowBeside rings whom it names in its place, beside the others.
	FollowBeside Follow = iota
	// FollowPlan has the caller go on in the plan, where it says.
	FollowPlan
	// FollowNobody takes it as busy.
	FollowNobody
)

// redirect follows whom a party names in its place, whose end then counts instead: a forward
// of that party, as those that are switched on for it are. It reports whether the end of this
// one counts no more.
func (d *dialling) redirect(ctx context.Context, c *signaling.Channel, who *callee) bool {
	to := c.Redirect()
	if to.Exten == "" {
		return false
	}
	if d.plan.Follow == FollowNobody {
		c.Log().Info("call not redirected, as Dial says", "endpoint", who.target.String(), "exten", to.Exten)
		d.outcome.ended(signaling.CauseBusy)
		return true
	}
	target, way, err := redirected(c, who.rang)
	switch {
	case err != nil:
		c.Log().Warn("call not redirected", "endpoint", who.target.String(), "err", err)
		d.outcome.failed(err)
	case d.plan.Follow == FollowPlan:
		d.forward = &extension.Forward{Context: to.Context, Exten: to.Exten, Way: way}
	default:
		d.call(ctx, target, way, true)
	}
	return true
}

// Onward calls whom the party of a channel has named in its place, for a caller that is in no
// plan, as out was called. rang says that its phone rang before that. The error is of kind
// fault.Looped for a call that goes in a circle, and that of Engine.Outgoing.
func Onward(ctx context.Context, engine *signaling.Engine, out signaling.Outgoing, c *signaling.Channel, rang bool) (*signaling.Channel, error) {
	target, way, err := redirected(c, rang)
	if err != nil {
		return nil, err
	}
	out.Target, out.Request.Redirecting, out.Request.Redirected = target, way, true
	return engine.Outgoing(ctx, out)
}

// redirected is whom to call in place of a channel that has ended because its party named
// somebody else, and how the call comes there: a phone itself, else an extension through the
// plan. rang says that it was the user of a phone that rang.
func redirected(c *signaling.Channel, rang bool) (target dialstring.Target, way *party.Redirecting, err error) {
	to, s := c.Redirect(), c.Snapshot()
	by, why := s.Caller, party.Unconditional
	by.Number = s.Endpoint // where calls have been is told by it
	if rang {
		why = party.Deflection
	}
	target = dialstring.Target{Tech: s.Tech, Resource: to.Phone}
	if to.Phone == "" {
		target = dialstring.Target{Tech: Local, Resource: to.Exten + "@" + to.Context}
	}
	way, err = s.Redirecting.Forward(by, party.ID{Number: to.Exten}, why)
	return target, way, err
}
