package app

import (
	"context"
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// What becomes of who answered, by Dial's options F, G and U.

// part is G(place): the caller goes on at the place, who answered one step further, and
// they do not talk.
func (d *attempt) part(ctx context.Context, callee *signaling.Channel) error {
	at, err := d.call.Resolve(d.options.both)
	if err != nil {
		return err
	}
	if err := d.stopTone(ctx); err != nil {
		return err
	}
	d.call.Goto(at)
	at.Priority++
	return d.goApart(ctx, callee, at)
}

// sendOn is F(place): the caller has hung up, and who they talked to goes on in the plan.
func (d *attempt) sendOn(ctx context.Context, callee *signaling.Channel) error {
	if callee.Ended() {
		return dialplan.ErrHangup
	}
	at := d.call.Position()
	at.Priority++
	if d.options.calleeTo != "" {
		var err error
		if at, err = d.call.Resolve(d.options.calleeTo); err != nil {
			return err
		}
	}
	if err := d.goApart(context.WithoutCancel(ctx), callee, at); err != nil {
		return err
	}
	return dialplan.ErrHangup
}

// goApart takes the called party out of the conversation and through the plan.
func (d *attempt) goApart(ctx context.Context, callee *signaling.Channel, at dialplan.Position) error {
	if d.bridge != nil {
		if err := d.bridge.Remove(ctx, callee); err != nil {
			return err
		}
	}
	err := Run(ctx, d.call.Executor(), callee, at)
	d.apart = err == nil
	return err
}

// screen is U(context^arguments): the called party goes through a subroutine while the
// caller still hears it ring. done says that the two will not talk, by GOSUB_RESULT of
// the called party's channel: ABORT, CONGESTION, BUSY, CONTINUE or GOTO:place.
func (d *attempt) screen(ctx context.Context, callee *signaling.Channel) (done bool, err error) {
	if d.bridge != nil { // early media
		if err := d.bridge.Remove(ctx, callee); err != nil {
			return false, err
		}
		d.bridge.Close()
	}
	parts := strings.Split(d.options.sub, "^")
	to := dialplan.Position{Context: strings.TrimSpace(parts[0]), Exten: dialplan.StartExten, Priority: 1}
	both, cancel := context.WithCancel(ctx)
	defer cancel()
	watch := context.AfterFunc(callee.Live(), cancel)
	defer watch()
	_, err = d.call.Executor().NewCall(&program{Channel: callee}).Sub(both, to, parts[1:])
	switch {
	case ctx.Err() != nil:
		return true, context.Cause(ctx)
	case callee.Ended():
		return true, d.after(ctx, callee)
	case err != nil:
		return true, err
	}
	result, _ := callee.Vars().Get("GOSUB_RESULT")
	place, jumps := strings.CutPrefix(result, "GOTO:")
	switch {
	case jumps:
		return true, d.call.GotoTarget(strings.ReplaceAll(place, "^", ","))
	case result == "ABORT":
		return true, dialplan.ErrHangup
	case result == "CONTINUE":
		return true, nil
	case result == "BUSY", result == "CONGESTION":
		d.set("DIALSTATUS", result)
		return true, nil
	}
	return false, nil
}
