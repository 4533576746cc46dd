package app

import (
	"context"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

// answer is Answer([delay in ms]); a channel that is up is left alone, without
// the delay.
func (s *Services) answer(ctx context.Context, c *dialplan.Call, args string) error {
	ch := channelOf(c)
	if ch.Snapshot().State == signaling.Up {
		return nil
	}
	if err := ch.Answer(ctx); err != nil {
		return err
	}
	return wait(ctx, milliseconds(argument.At(argument.Split(args, 2), 0), 0))
}

// ringing is Ringing().
func (s *Services) ringing(ctx context.Context, c *dialplan.Call, _ string) error {
	return channelOf(c).Ring(ctx)
}

// progress is Progress().
func (s *Services) progress(ctx context.Context, c *dialplan.Call, _ string) error {
	return channelOf(c).Progress(ctx)
}

// busy is Busy([seconds]): the caller is refused as busy, or, once the call is
// up, hears it.
func (s *Services) busy(ctx context.Context, c *dialplan.Call, args string) error {
	return s.refuse(ctx, c, args, signaling.CauseBusy, "busy")
}

// congestion is Congestion([seconds]).
func (s *Services) congestion(ctx context.Context, c *dialplan.Call, args string) error {
	return s.refuse(ctx, c, args, signaling.CauseCongestion, "congestion")
}

func (s *Services) refuse(ctx context.Context, c *dialplan.Call, args string, cause signaling.Cause, tone string) error {
	if channelOf(c).Snapshot().State != signaling.Up {
		c.Channel().SetHangupCause(int(cause)) // the SIP status says it
		return dialplan.ErrHangup
	}
	if err := s.playTone(ctx, c, tone); err != nil {
		return err
	}
	if limit, ok := argument.Seconds(argument.At(argument.Split(args, 2), 0)); ok && limit > 0 {
		if err := wait(ctx, limit); err != nil {
			return err
		}
		return dialplan.ErrHangup
	}
	<-ctx.Done() // without a limit the caller hears it until they hang up
	return context.Cause(ctx)
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
