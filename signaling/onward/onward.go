// Package onward calls phones for those who are in no plan (the REST API), as Dial does: what
// a phone has switched on counts, and where it forwards, also by SIP's 302, the call goes on
// through the plan, in the phone's own context and with what that may dial.
//
// It starts no goroutine.
package onward

import (
	"context"
	"log/slog"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dial"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/extension"
	"github.com/skygenesisenterprise/skybridge/signaling/party"
)

// Config is what calls are placed with.
type Config struct {
	Engine   *signaling.Engine
	Services *extension.Registry // nil has nothing switched on
	Log      *slog.Logger
}

// Call is one party that is being called. It is not safe for concurrent use; nil is that of a
// party whose services do not count.
type Call struct {
	cfg    *Config
	out    signaling.Outgoing
	onward bool          // it has been forwarded: the plan says the rest
	limit  time.Duration // how long the phone rings before it forwards; 0 is for ever
}

// Place calls a party. The error is of kind fault.Busy for one that is not to be disturbed,
// fault.Looped, or that of Engine.Outgoing.
func Place(ctx context.Context, cfg *Config, out signaling.Outgoing) (*Call, *signaling.Channel, error) {
	k := &Call{cfg: cfg, out: out}
	to, limit, err := cfg.Services.Before(out.Target, nil, false)
	if err != nil {
		return nil, nil, err
	}
	k.limit = limit
	var c *signaling.Channel
	if to == nil {
		if c, err = cfg.Engine.Outgoing(ctx, out); err == nil {
			return k, c, nil
		}
		var looped error
		if to, looped = k.after(dial.StatusOf(err), signaling.CauseOf(err)); looped != nil {
			return nil, nil, looped
		}
	}
	if to != nil {
		c, err = k.through(ctx, to)
	}
	return k, c, err
}

// Rings is how long the party rings before the call goes on elsewhere, most at the most.
func (k *Call) Rings(most time.Duration) time.Duration {
	if k == nil || k.onward || k.limit == 0 {
		return most
	}
	return min(k.limit, most)
}

// Next is the channel on which the call goes on after one that has ended without an answer; nil
// where it goes nowhere. rang says that the phone rang. The error says why it cannot go on
// where it should.
func (k *Call) Next(ctx context.Context, c *signaling.Channel, cause signaling.Cause, rang bool) (*signaling.Channel, error) {
	if k == nil {
		return nil, nil
	}
	if c.Redirect().Exten != "" {
		k.onward = true
		return dial.Onward(ctx, k.cfg.Engine, k.out, c, rang)
	}
	to, err := k.after(dial.StatusOfCause(cause), cause)
	if to == nil || err != nil {
		return nil, err
	}
	return k.through(ctx, to)
}

// after is where a call goes on that the phone did not take, nil for nowhere.
func (k *Call) after(s dial.Status, cause signaling.Cause) (*extension.Forward, error) {
	if k.onward {
		return nil, nil
	}
	why := party.Unknown // which forwards nothing
	switch {
	case s == dial.Busy:
		why = party.Busy
	case s == dial.NoAnswer:
		why = party.NoAnswer
	case s == dial.Unavailable && cause == signaling.CauseAbsent:
		why = party.NotAvailable
	}
	return k.cfg.Services.After(k.out.Target, why, nil)
}

// through has the call go on through the plan.
func (k *Call) through(ctx context.Context, to *extension.Forward) (*signaling.Channel, error) {
	k.onward = true
	k.cfg.Log.Info("call forwarded", "endpoint", to.Way.From().Number, "exten", to.Exten, "reason", to.Way.Reason().String())
	out := k.out
	out.Target = dialstring.Target{Tech: dial.Local, Resource: to.Exten + "@" + to.Context}
	out.Request.Redirecting, out.Request.Redirected = to.Way, true
	return k.cfg.Engine.Outgoing(ctx, out)
}
