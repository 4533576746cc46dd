package app

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dial"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

// maxTargets bounds the endpoints of one Dial.
const maxTargets = 64

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
	targets, err := parseTargets(argument.At(parts, 0))
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
	return d.run(ctx, targets, timeout)
}

// parseTargets reads TECH/resource&TECH/resource.
func parseTargets(list string) ([]signaling.Target, error) {
	var targets []signaling.Target
	for name := range strings.SplitSeq(list, "&") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if len(targets) == maxTargets {
			return nil, fault.New(fault.TooMany, "more than %d endpoints", maxTargets)
		}
		t, err := signaling.ParseTarget(name)
		if err != nil {
			return nil, err
		}
		targets = append(targets, t)
	}
	if len(targets) == 0 {
		return nil, fault.New(fault.Invalid, "no endpoint")
	}
	return targets, nil
}

// attempt is one Dial under way.
type attempt struct {
	services *Services
	call     *dialplan.Call
	caller   *signaling.Channel
	options  dialOptions
	begun    time.Time
	bridge   *signaling.Bridge   // from early media or the answer on
	tone     *signaling.Playback // ringing, to a caller that is up
	rung     bool                // the caller knows that it rings
	apart    bool                // the called party goes on in the plan by itself
	only     bool                // there is one target
}

func (d *attempt) run(ctx context.Context, targets []signaling.Target, timeout time.Duration) error {
	format, err := d.caller.Format(ctx)
	if err != nil {
		return err
	}
	d.only = len(targets) == 1
	if d.options.ring || d.options.ringUntil {
		d.tell(ctx, d.ring)
	}
	result := dial.Do(ctx, d.services.Engine, dial.Plan{
		Targets: targets, Timeout: timeout, Caller: d.caller.Snapshot().Caller, From: d.caller, Prefer: format.Codec,
		Log:    d.caller.Log(),
		Notify: func(callee *signaling.Channel, s signaling.ChannelSnapshot) { d.progress(ctx, callee, s) },
	})
	d.set("DIALSTATUS", string(result.Status))
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
	if d.options.sub != "" {
		if done, err := d.screen(ctx, callee); done || err != nil {
			return err
		}
	}
	if d.options.both != "" {
		return d.part(ctx, callee)
	}
	if err := d.connect(ctx, callee); err != nil && !callee.Ended() {
		return err
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

// release ends the called party's call, unless somebody has moved it elsewhere.
func (d *attempt) release(callee *signaling.Channel) {
	if d.apart {
		return
	}
	// A move is one act of the channel's actor: after this it is over. The error
	// says that the channel is gone.
	_ = callee.Do(context.Background(), func() error { return nil })
	if b := callee.Snapshot().Bridge; b != "" && (d.bridge == nil || b != d.bridge.ID()) {
		return
	}
	callee.Hangup(signaling.CauseNormal)
}

// progress lets the caller know how the called party's phone does.
func (d *attempt) progress(ctx context.Context, callee *signaling.Channel, s signaling.ChannelSnapshot) {
	if s.State == signaling.Up || s.Ended {
		return
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
	if err := d.caller.Answer(ctx); err != nil {
		return err
	}
	if err := d.stopTone(ctx); err != nil {
		return err
	}
	if err := d.join(ctx, callee); err != nil {
		return err
	}
	d.caller.SetConnected(callee.Snapshot().Caller)
	return nil
}

func (d *attempt) join(ctx context.Context, callee *signaling.Channel) error {
	if d.bridge == nil {
		d.bridge = d.services.Engine.NewBridge(signaling.BridgeConfig{Creator: "Dial"})
	}
	for _, c := range []*signaling.Channel{d.caller, callee} {
		if err := d.bridge.Add(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// talk waits until one of both leaves the bridge, the limit of the call is
// reached, or ctx ends.
func (d *attempt) talk(ctx context.Context, callee *signaling.Channel) {
	var limit <-chan time.Time
	if d.options.limit > 0 {
		t := time.NewTimer(d.options.limit)
		defer t.Stop()
		limit = t.C
	}
	for {
		me, mine := d.caller.Watch()
		they, theirs := callee.Watch()
		if d.isOut(me) || d.isOut(they) {
			return
		}
		select {
		case <-mine:
		case <-theirs:
		case <-limit:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (d *attempt) isOut(s signaling.ChannelSnapshot) bool {
	return s.Ended || d.bridge == nil || s.Bridge != d.bridge.ID()
}

// end takes back what the caller was given for this attempt.
func (d *attempt) end() {
	if d.tone != nil { // the attempt broke off; the caller may go on elsewhere in the plan
		d.tell(context.Background(), d.stopTone)
	}
	if d.bridge != nil {
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
