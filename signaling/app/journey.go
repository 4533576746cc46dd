package app

import (
	"context"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// journey is a channel's way through the plan, and where somebody else has sent it.
type journey struct {
	channel *signaling.Channel
	call    *dialplan.Call

	mu     sync.Mutex
	leave  context.CancelCauseFunc // ends what runs; nil once the journey is over
	next   dialplan.Position
	astray bool // next is where to go on
}

// Entry is the way of channels into a plan.
type Entry struct{ Executor *dialplan.Executor }

// Exists reports whether an extension can be dialled.
func (e Entry) Exists(context, exten string, caller signaling.CallerID) bool {
	return e.Executor.Plan().Exists(context, exten, caller.Number, time.Now())
}

// Run is Run from a position.
func (e Entry) Run(ctx context.Context, c *signaling.Channel, at dialplan.Position) error {
	return Run(ctx, e.Executor, c, at)
}

// Visit takes a channel through the plan beside what runs on it, until the plan is through
// or ctx ends; the channel is not hung up for that.
func (e Entry) Visit(ctx context.Context, c *signaling.Channel, at dialplan.Position) error {
	_, err := e.Executor.NewCall(&program{Channel: c}).Sub(ctx, at, nil)
	return err
}

// Begin is Run from the beginning of an extension.
func (e Entry) Begin(ctx context.Context, c *signaling.Channel, context, exten string) error {
	return Run(ctx, e.Executor, c, dialplan.Position{Context: context, Exten: exten, Priority: 1})
}

// follow takes the channel through the plan. What goes wrong is logged by the executor.
func (j *journey) follow(at dialplan.Position) {
	j.channel.Redirectable(j.redirect)
	defer j.channel.Redirectable(nil)
	for going := true; going; {
		ctx, cancel := context.WithCancelCause(j.channel.Live())
		j.mu.Lock()
		j.leave = cancel
		j.mu.Unlock()
		out := j.call.Run(ctx, at)
		cancel(nil)
		at, going = j.turn(out)
	}
}

// turn is where the channel goes on after a run, if it does.
func (j *journey) turn(out dialplan.Outcome) (at dialplan.Position, going bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	at, going = j.next, j.astray && out.End == dialplan.EndRedirected
	j.leave, j.astray = nil, false
	return at, going
}

// redirect sends the channel elsewhere. It reports whether that can still be; the last one
// who says so counts.
func (j *journey) redirect(at dialplan.Position) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.leave == nil || j.channel.Ended() {
		return false
	}
	j.next, j.astray = at, true
	j.leave(dialplan.ErrRedirected)
	return true
}
