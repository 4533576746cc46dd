// Package pickup answers calls that ring on other phones: one extension's, those with a
// mark, a channel by its name, or any of one's own groups. One of several who try has the
// call, the others are told that they have not; the phones that rang learn that it was
// answered elsewhere, and both ends are shown who they talk to.
//
// It starts no goroutine.
package pickup

import (
	"cmp"
	"context"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/app"
	"github.com/skygenesisenterprise/skybridge/signaling/callgroup"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// Desk knows the calls that ring.
type Desk struct {
	Engine *signaling.Engine
	// Groups are those that an endpoint's calls are in, and those that it may pick up.
	Groups func(endpoint string) (calls, pickups callgroup.Groups)
	// Context is where an endpoint's own calls enter the plan: that of calls to it which the
	// server makes. nil knows none.
	Context func(endpoint string) string
}

// Applications is this package's share of the table of applications.
func (d *Desk) Applications() []dialplan.Application {
	return []dialplan.Application{
		{Name: "Pickup", Synopsis: "Answer a call that rings elsewhere: an extension's, a mark's, or any of one's groups.", Run: d.pickup},
		{Name: "PickupChan", Synopsis: "Answer the call of a channel that rings.", Run: d.pickupChan},
	}
}

// pickup is Pickup([exten[@context][&exten[@context]...]]): without a context the one that
// the caller is in counts; @PICKUPMARK takes the channel whose variable PICKUPMARK is the text
// before it; without arguments any call of one's groups is taken. The plan goes on when there
// is none.
func (d *Desk) pickup(ctx context.Context, c *dialplan.Call, args string) error {
	if strings.TrimSpace(args) == "" {
		return d.take(ctx, c, d.ofGroups)
	}
	for part := range strings.SplitSeq(args, "&") {
		exten, place, _ := strings.Cut(strings.TrimSpace(part), "@")
		match := func(me, rings *signaling.Channel) bool {
			return d.dialled(rings, exten, cmp.Or(place, me.Snapshot().Dialplan.Context))
		}
		if strings.EqualFold(place, "PICKUPMARK") {
			match = func(_, rings *signaling.Channel) bool {
				mark, _ := rings.Vars().Get("PICKUPMARK")
				return mark != "" && strings.EqualFold(mark, exten)
			}
		}
		if err := d.take(ctx, c, match); err != nil {
			return err
		}
	}
	return nil
}

// pickupChan is PickupChan(channel[&channel...][,options]): by whole names, or, with p, by
// what they begin with.
func (d *Desk) pickupChan(ctx context.Context, c *dialplan.Call, args string) error {
	names, options, _ := strings.Cut(args, ",")
	for name := range strings.SplitSeq(names, "&") {
		name = strings.TrimSpace(name)
		err := d.take(ctx, c, func(_, rings *signaling.Channel) bool {
			return name != "" && (strings.EqualFold(rings.Name(), name) || strings.Contains(options, "p") && strings.HasPrefix(rings.Name(), name+"-"))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// take is one try of an application. When it has taken a call it returns after that, with
// the hangup of the plan.
func (d *Desk) take(ctx context.Context, c *dialplan.Call, match func(me, rings *signaling.Channel) bool) error {
	me, ok := app.ChannelOf(c)
	if !ok {
		return fault.New(fault.Unsupported, "there is no channel")
	}
	err := d.Take(ctx, me, match)
	switch {
	case err == nil:
		return dialplan.ErrHangup
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	c.Log().Info("no call picked up", "err", err)
	return nil
}

// Group takes the oldest call of a channel's groups, see Take.
func (d *Desk) Group(ctx context.Context, me *signaling.Channel) error {
	return d.Take(ctx, me, d.ofGroups)
}

// Run is Group as all that a call is for (pickupexten): one that picks up nothing is refused.
func (d *Desk) Run(ctx context.Context, me *signaling.Channel) error {
	return me.Run(ctx, func() {
		if err := d.Group(me.Live(), me); err != nil && !me.Ended() {
			me.Log().Info("no call picked up", "err", err)
			me.Hangup(signaling.CauseRejected)
		}
	})
}

// Take gives the oldest call that rings and matches to a channel, which is answered for it,
// and returns when the conversation is over. It fails with fault.NotFound when nothing rings
// that matches, and with fault.Conflict when somebody else was faster.
func (d *Desk) Take(ctx context.Context, me *signaling.Channel, match func(me, rings *signaling.Channel) bool) error {
	err := fault.New(fault.NotFound, "nothing rings that may be picked up")
	for _, s := range d.Engine.Channels() {
		if !s.Outgoing || s.Ended || s.State != signaling.Ringing && s.State != signaling.Dialing || s.ID == me.ID() {
			continue
		}
		rings, gone := d.Engine.Channel(string(s.ID))
		if gone != nil || !match(me, rings) {
			continue
		}
		me.SetConnected(s.Connected)
		if err := me.Answer(ctx); err != nil {
			return err
		}
		if err = rings.Succeed(ctx, me); err == nil {
			me.Log().Info("call picked up", "endpoint", s.Endpoint)
			return talk(ctx, me)
		}
	}
	return err
}

// talk waits until the conversation is over, or whoever called has gone before there was one.
func talk(ctx context.Context, me *signaling.Channel) error {
	joined := false
	_, err := me.Until(ctx, func(s signaling.ChannelSnapshot) bool {
		joined = joined || s.Bridge != ""
		return s.Ended || s.Bridge == "" && (joined || s.Adrift)
	})
	return err
}

// dialled reports whether a channel rings because an extension was dialled in a context: the
// extension that its caller is at, or the phone itself, as one of a group.
func (d *Desk) dialled(rings *signaling.Channel, exten, place string) bool {
	s := rings.Snapshot()
	if exten == "" || !strings.EqualFold(d.contextOf(&s), place) {
		return false
	}
	if strings.EqualFold(s.Endpoint, exten) {
		return true
	}
	caller, err := d.Engine.Channel(string(s.LinkedID))
	return err == nil && caller != rings && strings.EqualFold(caller.Snapshot().Dialplan.Exten, exten)
}

// contextOf is the context that a called channel was dialled in.
func (d *Desk) contextOf(s *signaling.ChannelSnapshot) string {
	if s.Dialplan.Context == "" && d.Context != nil {
		return d.Context(s.Endpoint)
	}
	return s.Dialplan.Context
}

// ofGroups reports whether a channel's calls are in a group that a phone may pick up.
func (d *Desk) ofGroups(me, rings *signaling.Channel) bool {
	if d.Groups == nil {
		return false
	}
	_, mine := d.Groups(me.Snapshot().Endpoint)
	theirs, _ := d.Groups(rings.Snapshot().Endpoint)
	return mine.Meet(theirs)
}
