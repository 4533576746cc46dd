package app

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// dial is Dial(TECH/resource[&TECH/resource...][,timeout[,options]]). Options
// that act: g (go on in the plan after the called party hangs up), r (ringing
// tone to a caller that is up). It sets DIALSTATUS, DIALEDPEERNAME, DIALEDTIME,
// ANSWEREDTIME and HANGUPCAUSE.
func (s *Services) dial(ctx context.Context, c *dialplan.Call, args string) error {
	parts := dialplan.SplitArgs(args, 4)
	if len(parts) == 0 || parts[0] == "" {
		c.Channel().SetVar("DIALSTATUS", "INVALIDARGS")
		return nil
	}
	targets, err := parseTargets(parts[0])
	if err != nil {
		c.Channel().SetVar("DIALSTATUS", "INVALIDARGS")
		return err
	}
	var timeout time.Duration
	if len(parts) > 1 && parts[1] != "" {
		seconds, err := strconv.ParseFloat(strings.TrimSpace(parts[1]), 64)
		if err != nil || seconds < 0 {
			channelOf(c).Log().Warn("Dial: time-out is no number, none set", "timeout", parts[1])
		}
		timeout = time.Duration(min(max(seconds, 0), 86400) * float64(time.Second))
	}
	options := ""
	if len(parts) > 2 {
		options = parts[2]
	}
	d := attempt{services: s, caller: channelOf(c)}
	defer d.end()
	return d.run(ctx, c, targets, timeout, strings.Contains(options, "g"))
}

const maxTargets = 64

func parseTargets(list string) ([]signaling.Target, error) {
	names := strings.Split(list, "&")
	if len(names) > maxTargets {
		return nil, fault.New(fault.TooMany, "Dial: %d endpoints, at most %d", len(names), maxTargets)
	}
	targets := make([]signaling.Target, 0, len(names))
	for _, name := range names {
		t, err := signaling.ParseTarget(strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		targets = append(targets, t)
	}
	return targets, nil
}

// attempt is one Dial under way.
type attempt struct {
	services *Services
	caller   *signaling.Channel
	bridge   *signaling.Bridge
	ringing  bool
	early    bool // early media is bridged
}

func (d *attempt) run(ctx context.Context, c *dialplan.Call, targets []signaling.Target, timeout time.Duration, goOn bool) error {
	vars := c.Channel()
	vars.SetVar("DIALSTATUS", "")
	me := d.caller.Snapshot()
	format, err := d.caller.Format(ctx)
	if err != nil {
		return err
	}
	result := d.services.Engine.Dial(ctx, signaling.DialPlan{
		Targets: targets, Timeout: timeout, Caller: me.Caller, From: d.caller, Prefer: format.Codec,
		Notify: func(callee *signaling.Channel, s signaling.ChannelSnapshot) {
			d.progress(ctx, callee, s, len(targets) == 1)
		},
	})
	vars.SetVar("DIALSTATUS", string(result.Status))
	vars.SetVar("DIALEDTIME", seconds(result.Rang))
	if result.Channel == nil {
		vars.SetVar("HANGUPCAUSE", strconv.Itoa(int(result.Cause)))
		vars.SetHangupCause(int(result.Cause))
		if err := d.stopTone(ctx); err != nil {
			return err
		}
		return ctx.Err()
	}
	callee := result.Channel
	defer callee.Hangup(signaling.CauseNormal)
	vars.SetVar("DIALEDPEERNAME", callee.Name())
	vars.SetVar("HANGUPCAUSE", strconv.Itoa(int(signaling.CauseNormal)))

	if err := d.connect(ctx, callee); err != nil {
		return err
	}
	answered := c.Now()
	end, err := callee.Until(ctx, func(s signaling.ChannelSnapshot) bool {
		return s.Ended || s.Bridge != d.bridge.ID()
	})
	vars.SetVar("ANSWEREDTIME", seconds(c.Now().Sub(answered)))
	if err != nil {
		return err
	}
	vars.SetVar("HANGUPCAUSE", strconv.Itoa(int(end.Cause)))
	vars.SetHangupCause(int(end.Cause))
	if goOn {
		return nil
	}
	return dialplan.ErrHangup
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }

// progress lets the caller know how the called party's phone does.
func (d *attempt) progress(ctx context.Context, callee *signaling.Channel, s signaling.ChannelSnapshot, only bool) {
	if s.State == signaling.Up || s.Ended {
		return
	}
	var err error
	switch {
	case s.Media && only && !d.early:
		d.early = true
		if err = d.caller.Progress(ctx); err == nil {
			err = d.join(ctx, callee)
		}
	case s.State == signaling.Ringing && !d.ringing && !d.early:
		d.ringing = true
		if err = d.caller.Ring(ctx); err == nil && d.caller.Snapshot().State == signaling.Up {
			err = d.ringTone(ctx)
		}
	}
	if err != nil && ctx.Err() == nil {
		d.caller.Log().Warn("caller not told of the progress of its call", "err", err)
	}
}

func (d *attempt) ringTone(ctx context.Context) error {
	clip, err := d.services.Sounds.Tone("ring")
	if err != nil {
		return err
	}
	_, err = d.caller.Play(ctx, clip, signaling.PlayOptions{Name: "tone:ring", Loop: true})
	return err
}

func (d *attempt) stopTone(ctx context.Context) error {
	if !d.ringing || ctx.Err() != nil {
		return nil
	}
	return d.caller.StopPlay(ctx)
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

func (d *attempt) end() {
	if d.bridge != nil {
		d.bridge.Close()
	}
}
