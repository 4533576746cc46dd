// Package app has the dialplan applications that touch a channel, one file each,
// and the adapter that lets the dialplan's executor drive a channel. Applications
// that only change variables or the place in the plan are package dialplan's.
//
// Goroutines: none of its own; a channel's program runs on the channel's (see
// signaling.Channel.Run).
package app

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/stasis"
)

// Services are what the applications work with.
type Services struct {
	Engine *signaling.Engine
	Rooms  *conference.Registry
	Stasis *stasis.Registry
	Sounds signaling.Sounds
	// RoomLimit is the largest number of participants of a room that is made by
	// dialling it, by the name of a confbridge.conf bridge profile; 0 means none.
	RoomLimit func(profile string) int
}

// Applications is this package's share of the table of applications.
func Applications(s *Services) []dialplan.Application {
	return []dialplan.Application{
		{Name: "Answer", Synopsis: "Answer a channel if ringing.", Run: s.answer},
		{Name: "Ringing", Synopsis: "Indicate ringing tone.", Run: s.ringing},
		{Name: "Progress", Synopsis: "Indicate progress.", Run: s.progress},
		{Name: "Busy", Synopsis: "Indicate the busy condition.", Run: s.busy},
		{Name: "Congestion", Synopsis: "Indicate the congestion condition.", Run: s.congestion},
		{Name: "Dial", Synopsis: "Attempt to connect to another device or endpoint.", Run: s.dial},
		{Name: "ConfBridge", Synopsis: "Conference bridge application.", Run: s.confBridge},
		{Name: "Echo", Synopsis: "Echo media back to the calling party.", Run: s.echo},
		{Name: "Playback", Synopsis: "Play a file.", Run: s.playback},
		{Name: "Playtones", Synopsis: "Play a tone list.", Run: s.playtones},
		{Name: "StopPlaytones", Synopsis: "Stop playing a tone list.", Run: s.stopPlaytones},
		{Name: "SendDTMF", Synopsis: "Send DTMF digits.", Run: s.sendDTMF},
		{Name: "Stasis", Synopsis: "Hand the channel to an ARI application.", Run: s.stasis},
	}
}

// Run takes a channel through the dialplan from a position. It returns at once;
// the channel hangs up when the plan is through.
func Run(ctx context.Context, exec *dialplan.Executor, c *signaling.Channel, at dialplan.Position) error {
	return c.Run(ctx, func() {
		p := &program{Channel: c}
		outcome := exec.Run(c.Live(), p, at)
		if outcome.Err != nil {
			c.Log().Warn("dialplan ended the call", "err", outcome.Err)
		}
		p.HangUp()
	})
}

// program is a channel as the dialplan sees it.
type program struct {
	*signaling.Channel
	cause atomic.Int64
}

var (
	_ dialplan.Channel     = (*program)(nil)
	_ dialplan.DigitReader = (*program)(nil)
)

// channelOf is the channel that a call runs on.
func channelOf(c *dialplan.Call) *signaling.Channel { return c.Channel().(*program).Channel }

// ID is ${UNIQUEID}.
func (p *program) ID() string { return string(p.Channel.ID()) }

// CallerID is the calling party.
func (p *program) CallerID() dialplan.CallerID { return dialplan.CallerID(p.Snapshot().Caller) }

// SetCallerID changes the calling party.
func (p *program) SetCallerID(id dialplan.CallerID) { p.SetCaller(signaling.CallerID(id)) }

// Var reads a channel variable.
func (p *program) Var(name string) (string, bool) {
	if name == "HANGUPCAUSE" {
		if v, ok := p.Vars().Get(name); ok {
			return v, true
		}
		return strconv.Itoa(p.HangupCause()), true
	}
	return p.Vars().Get(name)
}

// SetVar sets a channel variable.
func (p *program) SetVar(name, value string) { p.Vars().Set(name, value) }

// Attribute reads CHANNEL(item).
func (p *program) Attribute(item string) (string, error) {
	s := p.Snapshot()
	switch strings.ToLower(item) {
	case "name":
		return s.Name, nil
	case "uniqueid":
		return string(s.ID), nil
	case "linkedid":
		return string(s.LinkedID), nil
	case "state":
		return s.State.String(), nil
	case "channeltype":
		return s.Tech, nil
	case "language":
		return s.Language, nil
	case "accountcode":
		return s.AccountCode, nil
	case "audioreadformat", "audiowriteformat", "audionativeformat":
		return s.Codec, nil
	case "secure_bridge_media":
		if s.Secure {
			return "1", nil
		}
		return "", nil
	case "endpoint":
		return s.Endpoint, nil
	case "call-id", "pjsip,call-id":
		return s.ProtocolID, nil
	}
	return "", fault.New(fault.NotFound, "CHANNEL(%s): no such item", item)
}

// SetAttribute writes CHANNEL(item).
func (p *program) SetAttribute(item, value string) error {
	switch strings.ToLower(item) {
	case "language":
		p.SetLanguage(value)
	case "accountcode":
		p.SetAccountCode(value)
	default:
		return fault.New(fault.NotFound, "CHANNEL(%s) cannot be set", item)
	}
	return nil
}

// HangupCause is the cause the channel ends with.
func (p *program) HangupCause() int {
	if s := p.Snapshot(); s.Ended {
		return int(s.Cause)
	}
	return int(p.cause.Load())
}

// SetHangupCause says with which cause HangUp ends the channel.
func (p *program) SetHangupCause(cause int) { p.cause.Store(int64(cause)) }

// Executing records the channel's place for lists and events.
func (p *program) Executing(at dialplan.Position, app, args string) {
	p.SetPosition(signaling.DialplanPosition{
		Context: at.Context, Exten: at.Exten, Priority: at.Priority, App: app, Data: args,
	})
	p.Log().Debug("executing", "position", at.String(), "app", app, "args", args)
}

// HangUp begins to end the channel.
func (p *program) HangUp() {
	cause := signaling.Cause(p.cause.Load())
	if cause == signaling.CauseUnknown {
		cause = signaling.CauseNormal
	}
	p.Hangup(cause)
}

// ReadDigit waits for a DTMF digit.
func (p *program) ReadDigit(ctx context.Context, timeout time.Duration) (byte, bool, error) {
	t := time.NewTimer(timeout)
	defer t.Stop()
	select {
	case d := <-p.Digits():
		return d, true, nil
	case <-t.C:
		return 0, false, nil
	case <-ctx.Done():
		return 0, false, ctx.Err()
	}
}
