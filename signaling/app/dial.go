package app

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dial"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
)

// dialVariables are what Dial sets; an earlier Dial's are cleared first.
var dialVariables = []string{
	"DIALSTATUS", "DIALEDPEERNAME", "DIALEDPEERNUMBER", "DIALEDTIME", "DIALEDTIME_MS", "ANSWEREDTIME",
	"ANSWEREDTIME_MS", "RINGTIME", "RINGTIME_MS", "PROGRESSTIME", "PROGRESSTIME_MS",
}

// dial is Dial(TECH/resource[&TECH/resource...][,timeout[,options]]); dialOptions
// says which options act. It sets DIALSTATUS, and HANGUPCAUSE to the called
// party's; RINGTIME and PROGRESSTIME when it rings or sends early media;
// DIALEDPEERNAME, DIALEDPEERNUMBER and BRIDGEPEER when it answers; DIALEDTIME and
// ANSWEREDTIME, in seconds (_MS: milliseconds), when the conversation is over.
func (s *Services) dial(ctx context.Context, c *dialplan.Call, args string) error {
	parts := argument.Split(args, 4)
	for _, name := range dialVariables {
		c.Channel().SetVar(name, "")
	}
	targets, err := dialstring.ParseList(argument.At(parts, 0))
	if err != nil {
		c.Log().Warn("Dial: nobody is dialled", "err", err)
		c.Channel().SetVar("DIALSTATUS", "INVALIDARGS")
		c.Channel().SetHangupCause(int(signaling.CauseInvalidNumber))
		return dialplan.ErrHangup
	}
	var timeout time.Duration
	if text := strings.TrimSpace(argument.At(parts, 1)); text != "" {
		d, ok := argument.Seconds(text)
		if !ok {
			c.Log().Warn("Dial: time-out is no number, none set", "timeout", text)
		}
		timeout = d
	}
	d := attempt{
		services: s, call: c, caller: channelOf(c), options: parseDialOptions(argument.At(parts, 2)), begun: c.Now(),
	}
	for _, o := range d.options.missed {
		if o.turns {
			c.Log().Warn("Dial: option is not served", "option", string(o.letter), "here", o.here)
		}
	}
	defer d.end()
	ctx = d.offerPlace(ctx)
	return d.run(ctx, targets, timeout)
}

// attempt is one Dial under way. Who takes the caller's place while it rings (succession)
// is the caller from then on.
type attempt struct {
	services *Services
	call     *dialplan.Call
	caller   *signaling.Channel
	options  dialOptions
	begun    time.Time
	bridge   *signaling.Bridge   // from early media or the answer on
	joined   *signaling.Channel  // who is in it with the caller
	tone     *signaling.Playback // ringing, to a caller that is up
	rung     bool                // the caller knows that it rings
	apart    bool                // the called party goes on in the plan by itself
	only     bool                // there is one target
	place    succession
}

func (d *attempt) run(ctx context.Context, targets []dialstring.Target, timeout time.Duration) error {
	format, err := d.caller.Format(ctx)
	if err != nil {
		return err
	}
	if len(targets) == 0 { // a function had nobody to name
		d.notRung(fault.New(fault.Unreachable, "no endpoint to dial"))
		return nil
	}
	d.only = len(targets) == 1 && !isGroup(targets[0])
	var phone *dialstring.Target // what it has switched on counts
	if one, ok := dialstring.OnePhone(targets); ok && !isGroup(one) {
		phone = &one
		to, limit, err := d.services.Extensions.Before(one, d.caller.Snapshot().Redirecting, d.options.stays)
		switch {
		case to != nil:
			d.forwardTo(to)
			return nil
		case err != nil:
			d.notRung(err)
			return ctx.Err()
		case limit > 0 && (timeout == 0 || limit < timeout):
			timeout = limit
		}
	}
	if d.options.ring || d.options.ringUntil {
		d.tell(ctx, d.ring)
	}
	result := d.services.dialAll(ctx, dial.Plan{
		Targets: targets, Timeout: timeout, Caller: d.caller.Snapshot().Caller, From: d.caller, Prefer: format.Codec,
		Heir: d.place.heir.Load, Log: d.caller.Log(),
		Orders: d.place.orders, Divert: d.services.Extensions.Diversion(d.options.stays), Follow: d.follow(),
		Notify: func(callee *signaling.Channel, s signaling.ChannelSnapshot) { d.progress(ctx, callee, s) },
	})
	d.place.close()
	d.set("DIALSTATUS", string(result.Status))
	if result.Forward != nil && ctx.Err() == nil && !d.place.taken() {
		d.forwardTo(result.Forward)
		return nil
	}
	if result.Channel == nil && ctx.Err() == nil && d.refused(&result, phone) {
		return nil
	}
	if result.Channel == nil {
		d.call.Channel().SetHangupCause(int(result.Cause))
		d.tell(ctx, d.stopTone)
		return ctx.Err()
	}
	callee := result.Channel
	defer d.release(callee)
	d.set("DIALEDPEERNAME", callee.Name())
	d.set("DIALEDPEERNUMBER", result.Target.Resource)
	d.set("BRIDGEPEER", callee.Name())
	callee.Vars().Set("BRIDGEPEER", d.caller.Name())
	if d.options.sub != "" || d.options.both != "" {
		d.place.settle() // it may be long until they talk, or they never will
	}
	if d.options.sub != "" {
		if done, err := d.screen(ctx, callee); done || err != nil {
			return err
		}
	}
	if d.options.both != "" && !d.place.taken() {
		return d.part(ctx, callee)
	}
	if err := d.connect(ctx, callee); err != nil && !callee.Ended() {
		return err
	}
	d.place.settle()
	if d.place.taken() {
		return d.leaveThem()
	}
	answered := d.call.Now()
	d.talk(ctx, callee)
	d.setTime("ANSWEREDTIME", d.call.Now().Sub(answered))
	d.setTime("DIALEDTIME", d.call.Now().Sub(d.begun))
	return d.after(ctx, callee)
}

// after says how the plan goes on once the conversation is over.
func (d *attempt) after(ctx context.Context, callee *signaling.Channel) error {
	switch {
	case d.caller.Ended():
		if d.options.calleeGoesOn {
			return d.sendOn(ctx, callee)
		}
		return dialplan.ErrHangup
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	if s := callee.Snapshot(); s.Ended {
		d.call.Channel().SetHangupCause(int(s.Cause))
	}
	if d.options.goOn {
		return nil
	}
	return dialplan.ErrHangup
}

// release ends the called party's call, unless somebody has moved it elsewhere: then it
// ends with what it takes part in there.
func (d *attempt) release(callee *signaling.Channel) {
	if !d.apart {
		callee.LetGo()
	}
}

// progress lets the caller know how the called party's phone does.
func (d *attempt) progress(ctx context.Context, callee *signaling.Channel, s signaling.ChannelSnapshot) {
	if s.State == signaling.Up || s.Ended {
		return
	}
	if d.only {
		d.caller.SetConnected(s.Caller)
	}
	if s.State == signaling.Ringing {
		d.setOnce("RINGTIME")
	}
	if s.Media {
		d.setOnce("PROGRESSTIME")
	}
	switch {
	case d.bridge != nil: // the caller hears for itself
	case s.Media && d.only && !d.options.ring:
		d.tell(ctx, func(ctx context.Context) error { return d.early(ctx, callee) })
	case s.State == signaling.Ringing && !d.rung:
		d.tell(ctx, d.ring)
	}
}

// tell does what lets the caller know; that failing ends no call.
func (d *attempt) tell(ctx context.Context, f func(context.Context) error) {
	if err := f(ctx); err != nil && ctx.Err() == nil && fault.Of(err) != fault.Gone {
		d.caller.Log().Warn("caller not told of the progress of its call", "err", err)
	}
}

// early lets the caller hear what comes before the answer.
func (d *attempt) early(ctx context.Context, callee *signaling.Channel) error {
	if err := d.caller.Progress(ctx); err != nil {
		return err
	}
	if err := d.stopTone(ctx); err != nil {
		return err
	}
	return d.join(ctx, callee)
}

// ring tells the caller that a phone rings, by signalling or, when it is up, by
// a tone.
func (d *attempt) ring(ctx context.Context) error {
	d.rung = true
	if d.caller.Snapshot().State != signaling.Up {
		if d.options.tone == "" {
			return d.caller.Ring(ctx)
		}
		if err := d.caller.Progress(ctx); err != nil {
			return err
		}
	}
	name := cmp.Or(d.options.tone, "ring")
	tone, err := d.services.Sounds.Tone(name)
	if err != nil {
		return err
	}
	d.tone, err = d.caller.PlayTone(ctx, tone, "tone:"+name)
	return err
}

func (d *attempt) stopTone(ctx context.Context) error {
	if d.tone == nil {
		return nil
	}
	err := d.caller.Stop(ctx, d.tone)
	d.tone = nil
	return err
}

// connect answers the caller and joins both parties.
func (d *attempt) connect(ctx context.Context, callee *signaling.Channel) error {
	if d.options.keys() {
		d.services.Features.Forget(d.caller) // what was pressed before was for an announcement
	}
	d.caller.SetConnected(callee.Snapshot().Caller) // first: the answer shows it
	if err := d.caller.Answer(ctx); err != nil {
		return err
	}
	if err := d.stopTone(ctx); err != nil {
		return err
	}
	return d.join(ctx, callee)
}

// join brings both into a bridge, once: who is not there any more was moved by somebody.
func (d *attempt) join(ctx context.Context, callee *signaling.Channel) error {
	if d.joined == callee && !d.bridge.Closed() {
		return nil
	}
	if d.bridge == nil || d.joined != nil || d.bridge.Closed() { // whom the caller heard before leaves one, which ends with that
		d.bridge = d.services.Engine.NewBridge(signaling.BridgeConfig{Creator: "Dial", Pair: true, Direct: !d.options.keys()})
	}
	for _, c := range []*signaling.Channel{d.caller, callee} {
		if err := d.bridge.Add(ctx, c); err != nil {
			return err
		}
	}
	d.joined = callee
	return nil
}

// talk waits until the caller's conversation is over, the limit of the call is reached, or
// ctx ends. Whom it is with, and in which bridge, others may change meanwhile.
func (d *attempt) talk(ctx context.Context, callee *signaling.Channel) {
	var limit <-chan time.Time
	if d.options.limit > 0 {
		t := time.NewTimer(d.options.limit)
		defer t.Stop()
		limit = t.C
	}
	keys := d.services.Features.Listen(d.caller, callee, d.options.callerKeys, d.options.calleeKeys)
	defer keys.Close()
	for {
		me, mine := d.caller.Watch()
		they, theirs := callee.Watch()
		if me.Ended || !keys.Away() && (me.Bridge == "" || they.Ended && d.alone(me)) {
			return
		}
		select {
		case <-keys.Changed():
		case <-mine:
		case <-theirs:
		case <-limit:
			return
		case <-ctx.Done():
			return
		}
	}
}

// alone reports whether the caller is in the bridge by itself: who answered has hung up
// before it came there.
func (d *attempt) alone(me signaling.ChannelSnapshot) bool {
	return d.bridge != nil && me.Bridge == d.bridge.ID() && len(d.bridge.Snapshot().Channels) < 2
}

// end takes back what the caller was given for this attempt.
func (d *attempt) end() {
	d.place.release()
	if d.tone != nil { // the attempt broke off; the caller may go on elsewhere in the plan
		d.tell(context.Background(), d.stopTone)
	}
	if d.bridge == nil {
		return
	}
	// Others may talk there by now, and end it.
	in := d.bridge.Snapshot().Channels
	switch with := slices.Contains(in, d.caller.ID()); {
	case with && len(in) > 2:
		d.tell(context.Background(), func(ctx context.Context) error { return d.bridge.Remove(ctx, d.caller) })
	case with || len(in) == 0:
		d.bridge.Close()
	}
}

func (d *attempt) set(name, value string) { d.call.Channel().SetVar(name, value) }

// setTime sets a length of time, in seconds and in milliseconds.
func (d *attempt) setTime(name string, t time.Duration) {
	d.set(name, strconv.FormatInt(int64(t/time.Second), 10))
	d.set(name+"_MS", strconv.FormatInt(t.Milliseconds(), 10))
}

// setOnce sets the time since the beginning, the first time.
func (d *attempt) setOnce(name string) {
	if v, _ := d.call.Channel().Var(name); v == "" {
		d.setTime(name, d.call.Now().Sub(d.begun))
	}
}
