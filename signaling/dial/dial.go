// Package dial calls several endpoints at one time on behalf of a channel: the first who
// answers wins, the others are hung up, and who names somebody else in their place (SIP 302)
// is followed there.
//
// Goroutines: one per party that is being dialled, which ends with Do. A panic in it ends
// that party's call only.
package dial

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/extension"
	"github.com/skygenesisenterprise/skybridge/signaling/party"
)

// Plan is one attempt: everybody in Targets rings, the first who answers wins.
type Plan struct {
	Targets []dialstring.Target
	Timeout time.Duration // 0 means as long as ctx lives
	Caller  signaling.CallerID
	// From is the calling channel, or nil for a call that the server makes.
	From *signaling.Channel
	// Heir, where set, gives who has taken From's place since, or nil: who is rung next is called by that one.
	Heir func() *signaling.Channel
	// Prefer is the codec that would spare transcoding, or nil.
	Prefer *media.Codec
	// Orders, where set, gives functions to run on Do's goroutine while it rings.
	Orders <-chan func()
	// Divert, where set, says who is rung in place of a target, and how the call came there;
	// an error, why nobody is.
	Divert func(t dialstring.Target, way *party.Redirecting) (dialstring.Target, *party.Redirecting, error)
	// Follow says what becomes of a called party's wish to be called elsewhere.
	Follow Follow
	// Log is told of endpoints that cannot be rung; nil is told nothing.
	Log *slog.Logger
	// Notify, where set, is told of every change of a called channel, in order,
	// on Do's goroutine.
	Notify func(c *signaling.Channel, s signaling.ChannelSnapshot)
}

// Result is how an attempt ended.
type Result struct {
	Status Status
	// Channel is who answered, nil when nobody did. It may have hung up already.
	Channel *signaling.Channel
	// Target is what Channel was dialled as.
	Target dialstring.Target
	// Cause is that of who did not answer, of those that made Status.
	Cause signaling.Cause
	// Err is why nothing could be rung at all.
	Err error
	// Forward is where the caller is to go on instead, for FollowPlan; nobody answered.
	Forward *extension.Forward
	// Rang is how long the attempt took.
	Rang time.Duration
}

// Event is the data of a Dial event.
type Event struct {
	Caller signaling.ChannelID // empty for a call that the server makes
	Peer   signaling.ChannelSnapshot
	Target string
	Status string // "" at the start, RINGING, PROGRESS, then a Status
}

// Do rings the targets and waits for the first answer, the time-out, or ctx.
// The losers are hung up before it returns; the winner is up and in no bridge
// unless Notify put it in one.
func Do(ctx context.Context, engine *signaling.Engine, plan Plan) Result {
	if plan.Log == nil {
		plan.Log = slog.New(slog.DiscardHandler)
	}
	d := dialling{engine: engine, plan: plan, name: signaling.NewID(), ringing: make(map[*signaling.Channel]*callee)}
	if plan.From != nil { // also that of its attempts before, whose losers may not be gone yet
		d.name = string(plan.From.ID())
	}
	begin := engine.Now()
	settled := false
	defer func() {
		if !settled { // a panic on its way out
			d.abandon()
		}
	}()
	result := d.run(ctx)
	settled = true
	result.Rang = engine.Now().Sub(begin)
	return result
}

// dialling is one Do under way.
type dialling struct {
	engine  *signaling.Engine
	plan    Plan
	name    string                         // of the call, to those who count calls
	ringing map[*signaling.Channel]*callee // who may still answer
	watch   func(*signaling.Channel)       // brings a called channel's changes to run
	picked  chan pickUp
	live    context.Context //nolint:containedctx // of one Do
	late    bool            // the time is up: who has not answered by now is withdrawn
	outcome outcomes
	forward *extension.Forward
}

type callee struct {
	target  dialstring.Target
	dialled dialstring.Target // who is rung: target, or whom it forwards to
	status  string            // of the last Dial event
	rang    bool
}

// change is one new state of a called channel.
type change struct {
	channel  *signaling.Channel
	snapshot signaling.ChannelSnapshot
}

func (d *dialling) run(ctx context.Context) Result {
	watch, stop := context.WithCancel(ctx)
	d.live = watch
	changes := make(chan change)
	d.picked = make(chan pickUp)
	var watchers sync.WaitGroup
	defer watchers.Wait()
	defer stop()
	d.watch = func(c *signaling.Channel) {
		watchers.Add(1)
		d.engine.Crew().Go(func() { // owned by run, ended by stop
			defer watchers.Done()
			defer guard.Recover(c.Log(), "a dialled party's call, call ended", func() { giveUp(watch, c, changes) })
			follow(watch, c, changes)
		})
	}
	for _, target := range d.plan.Targets {
		d.call(ctx, target, d.way(), false)
	}
	var timeout <-chan time.Time
	if d.plan.Timeout > 0 {
		t := time.NewTimer(d.plan.Timeout)
		defer t.Stop()
		timeout = t.C
	}
	for len(d.ringing) > 0 {
		select {
		case ch := <-changes:
			if d.take(ctx, ch) {
				d.cancel(signaling.CauseAnsweredElse, Cancel, ch.channel)
				if d.plan.From != nil {
					d.plan.From.SeeVideo(ch.channel)
				}
				target := d.ringing[ch.channel].target
				return Result{Status: Answer, Channel: ch.channel, Target: target, Cause: signaling.CauseNormal}
			}
			if d.forward != nil {
				d.cancel(signaling.CauseAnsweredElse, Cancel, nil)
				return Result{Status: Unavailable, Cause: ch.snapshot.Cause, Forward: d.forward}
			}
		case p := <-d.picked:
			d.cancel(signaling.CauseAnsweredElse, Cancel, nil)
			return Result{Status: Answer, Channel: p.by, Target: p.target, Cause: signaling.CauseNormal}
		case order := <-d.plan.Orders:
			order()
		case <-timeout:
			// Somebody may have answered in this moment: each channel decides, and tells.
			d.late = true
			for c := range d.ringing {
				c.Withdraw(signaling.CauseNoAnswer)
			}
		case <-ctx.Done():
			d.giveUp()
			return Result{Status: Cancel, Cause: signaling.CauseNormal}
		}
	}
	if d.late {
		return Result{Status: NoAnswer, Cause: signaling.CauseNoAnswer}
	}
	return d.outcome.result()
}

// way is how the call has come here.
func (d *dialling) way() *party.Redirecting {
	if d.plan.From == nil {
		return nil
	}
	return d.plan.From.Snapshot().Redirecting
}

// call rings one target, if that is possible.
func (d *dialling) call(ctx context.Context, target dialstring.Target, way *party.Redirecting, redirected bool) {
	out := signaling.Outgoing{Target: target, Request: signaling.DialRequest{
		Call: d.name, Caller: d.plan.Caller, Prefer: d.plan.Prefer, Redirecting: way, Redirected: redirected,
	}}
	if from := d.plan.From; from != nil {
		s := from.Snapshot()
		out.LinkedID, out.Language = s.LinkedID, s.Language
		out.Request.Variables = from.Vars().Inherited()
		out.Request.Video = from.VideoOffered()
	}
	var err error
	if d.plan.Divert != nil {
		out.Target, out.Request.Redirecting, err = d.plan.Divert(target, way)
	}
	if d.plan.From != nil {
		out.Request.MaxForwards = hopsLeft(d.plan.From, out.Request.Redirecting)
	}
	var c *signaling.Channel
	if err == nil && (redirected || out.Target != target) && d.rings(out.Target) {
		d.plan.Log.Info("endpoint forwards to one that rings already", "endpoint", target.String())
		return
	}
	if err == nil {
		c, err = d.engine.Outgoing(ctx, out)
	}
	if err != nil {
		d.plan.Log.Info("endpoint not dialled", "endpoint", target.String(), "err", err)
		d.outcome.failed(err)
		return
	}
	d.ringing[c] = &callee{target: target, dialled: out.Target}
	d.publish(c.Snapshot(), target, "")
	d.offer(d.live, c, target)
	d.watch(c)
}

// rings reports whether a target rings already: phones of one user forward to one place.
func (d *dialling) rings(target dialstring.Target) bool {
	for _, who := range d.ringing {
		if who.dialled == target {
			return true
		}
	}
	return false
}

// hopsLeft is how often a caller's call may be passed on still: what it came with, less
// every time it was sent on here. 0 is as often as any.
func hopsLeft(from *signaling.Channel, way *party.Redirecting) int {
	left := from.MaxForwards()
	if left == 0 {
		return 0
	}
	return max(1, left-way.Local())
}

// take works on one change of a called channel; it reports whether that answered.
func (d *dialling) take(ctx context.Context, ch change) bool {
	who := d.ringing[ch.channel]
	if d.plan.Notify != nil {
		d.plan.Notify(ch.channel, ch.snapshot)
	}
	status := who.status
	switch s := ch.snapshot; {
	case s.State == signaling.Up: // also when it hung up at once
		d.publish(s, who.target, string(Answer))
		return true
	case s.Ended:
		delete(d.ringing, ch.channel)
		status = string(StatusOfCause(s.Cause))
		if d.late || !d.redirect(ctx, ch.channel, who) {
			d.outcome.ended(s.Cause)
		}
	case s.State == signaling.Ringing && status == "":
		status, who.rang = "RINGING", true
	case s.Media && status != "PROGRESS":
		status = "PROGRESS"
	}
	if status != who.status {
		who.status = status
		d.publish(ch.snapshot, who.target, status)
	}
	return false
}

// cancel hangs up everybody who still rings but for the winner, nil for none.
func (d *dialling) cancel(cause signaling.Cause, status Status, winner *signaling.Channel) {
	for c, who := range d.ringing {
		if c == winner {
			continue
		}
		c.Hangup(cause)
		d.publish(c.Snapshot(), who.target, string(status))
	}
}

// giveUp ends the calls of a caller who is there no more.
func (d *dialling) giveUp() {
	for c, who := range d.ringing {
		c.GiveUp(signaling.CauseNormal)
		d.publish(c.Snapshot(), who.target, string(Cancel))
	}
}

// abandon hangs up everybody, whoever may have answered, when the dialling broke off.
func (d *dialling) abandon() {
	for c := range d.ringing {
		c.Hangup(signaling.CauseTemporary)
	}
}

func (d *dialling) publish(peer signaling.ChannelSnapshot, target dialstring.Target, status string) {
	data := Event{Peer: peer, Target: target.String(), Status: status}
	if d.plan.From != nil {
		data.Caller = d.plan.From.ID()
	}
	d.engine.Bus().Publish(event.Event{Type: event.Dial, Channel: string(peer.ID), Data: data})
}

// follow tells changes of a called channel's state until it is up or over.
func follow(ctx context.Context, c *signaling.Channel, changes chan<- change) {
	var last signaling.ChannelSnapshot
	for {
		s, err := c.Until(ctx, func(s signaling.ChannelSnapshot) bool {
			return s.State != last.State || s.Ended || s.Media != last.Media
		})
		if err != nil {
			return // ctx: an ended channel satisfies the condition
		}
		last = s
		select {
		case changes <- change{c, s}:
		case <-ctx.Done():
			return
		}
		if s.Ended || s.State == signaling.Up {
			return
		}
	}
}

// giveUp ends a channel that cannot be followed any more, and tells so.
func giveUp(ctx context.Context, c *signaling.Channel, changes chan<- change) {
	c.Hangup(signaling.CauseTemporary)
	select {
	case changes <- change{c, signaling.ChannelSnapshot{ID: c.ID(), LinkedID: c.ID(), Name: c.Name(), Ended: true, Cause: signaling.CauseTemporary}}:
	case <-ctx.Done():
	}
}

// outcomes gathers why the called parties did not answer.
type outcomes struct {
	status Status
	cause  signaling.Cause
	err    error
}

// ended takes the end of a called channel.
func (o *outcomes) ended(cause signaling.Cause) { o.add(StatusOfCause(cause), cause, nil) }

// failed takes a target that could not be rung.
func (o *outcomes) failed(err error) {
	o.add(StatusOf(err), signaling.CauseOf(err), err)
}

func (o *outcomes) add(status Status, cause signaling.Cause, err error) {
	if o.status == "" || status.Rank() > o.status.Rank() {
		o.status, o.cause, o.err = status, cause, err
	}
}

func (o *outcomes) result() Result {
	if o.status == "" {
		return Result{
			Status: Unavailable, Cause: signaling.CauseUnallocated, Err: fault.New(fault.Invalid, "nobody to dial"),
		}
	}
	return Result{Status: o.status, Cause: o.cause, Err: o.err}
}
