// Package handover is what others may do with what runs on a channel, or waits for it: send
// it elsewhere in the plan, or take its place.
//
// It starts no goroutine; a Desk is safe from any.
package handover

import (
	"context"
	"sync/atomic"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// Desk is the part of a channel (C) that is handed over. Its zero value has nothing to give.
type Desk[C any] struct {
	redirect atomic.Pointer[func(dialplan.Position) bool]
	place    atomic.Pointer[func(context.Context, C) error]
}

// Redirectable says how what runs on the channel is sent elsewhere in the plan: f reports
// whether that can still be; nil says that it cannot.
func (d *Desk[C]) Redirectable(f func(dialplan.Position) bool) { d.redirect.Store(&f) }

// Goto ends what runs on the channel and goes on at another place of the plan. It fails with
// fault.Conflict where nothing runs that can be sent there.
func (d *Desk[C]) Goto(at dialplan.Position) error {
	if f := d.redirect.Load(); f != nil && *f != nil && (*f)(at) {
		return nil
	}
	return fault.New(fault.Conflict, "the channel runs no dialplan")
}

// OfferPlace says how another channel takes this one's place in what is under way: a caller's
// while a phone rings, or a phone's that rings. nil takes the offer back.
func (d *Desk[C]) OfferPlace(f func(ctx context.Context, heir C) error) { d.place.Store(&f) }

// Succeed gives this channel's place in what is under way to another channel. It fails with
// fault.Conflict where there is none to have.
func (d *Desk[C]) Succeed(ctx context.Context, heir C) error {
	if f := d.place.Load(); f != nil && *f != nil {
		return (*f)(ctx, heir)
	}
	return fault.New(fault.Conflict, "the channel has no place to give away")
}
