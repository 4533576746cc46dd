package app

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// program is a channel as the dialplan sees it.
type program struct {
	*signaling.Channel
	cause atomic.Int64
}

var (
	_ dialplan.Channel     = (*program)(nil)
	_ dialplan.DigitReader = (*program)(nil)
)

// ID is ${UNIQUEID}.
func (p *program) ID() string { return string(p.Channel.ID()) }

// CallerID is the calling party.
func (p *program) CallerID() dialplan.CallerID { return dialplan.CallerID(p.Snapshot().Caller) }

// SetCallerID changes the calling party.
func (p *program) SetCallerID(id dialplan.CallerID) { p.SetCaller(signaling.CallerID(id)) }

// Var reads a channel variable.
func (p *program) Var(name string) (string, bool) { return p.Vars().Get(name) }

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
	case "musicclass":
		return s.MusicClass, nil
	case "context":
		return s.Dialplan.Context, nil
	case "exten":
		return s.Dialplan.Exten, nil
	case "audioreadformat", "audiowriteformat", "audionativeformat":
		return s.Codec, nil
	case "secure_bridge_media", "secure_bridge_signaling":
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
	case "musicclass":
		p.SetMusicClass(value)
	default:
		return fault.New(fault.NotFound, "CHANNEL(%s) cannot be set", item)
	}
	return nil
}

// HangupCause is the cause the channel ended with, before that the one it will.
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
	// Without its arguments: PINs are among them.
	p.Log().Debug("executing", "position", at.String(), "app", app)
}

// HangUp begins to end the channel. What ends without a cause ends normally.
func (p *program) HangUp() {
	p.cause.CompareAndSwap(int64(signaling.CauseUnknown), int64(signaling.CauseNormal))
	p.Hangup(signaling.Cause(p.cause.Load()))
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
