package app

import (
	"context"
	"strconv"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// answer is Answer([delay in ms]).
func (s *Services) answer(ctx context.Context, c *dialplan.Call, args string) error {
	if err := channelOf(c).Answer(ctx); err != nil {
		return err
	}
	if ms, err := strconv.Atoi(args); err == nil && ms > 0 {
		return wait(ctx, min(time.Duration(ms)*time.Millisecond, time.Hour))
	}
	return nil
}

// ringing is Ringing().
func (s *Services) ringing(ctx context.Context, c *dialplan.Call, _ string) error {
	return channelOf(c).Ring(ctx)
}

// progress is Progress().
func (s *Services) progress(ctx context.Context, c *dialplan.Call, _ string) error {
	return channelOf(c).Progress(ctx)
}

// busy is Busy([seconds]): the caller hears busy, or is refused with it.
func (s *Services) busy(ctx context.Context, c *dialplan.Call, args string) error {
	return s.refuse(ctx, c, args, signaling.CauseBusy, "busy")
}

// congestion is Congestion([seconds]).
func (s *Services) congestion(ctx context.Context, c *dialplan.Call, args string) error {
	return s.refuse(ctx, c, args, signaling.CauseCongestion, "congestion")
}

func (s *Services) refuse(ctx context.Context, c *dialplan.Call, args string, cause signaling.Cause, tone string) error {
	ch := channelOf(c)
	c.Channel().SetHangupCause(int(cause))
	if ch.Snapshot().State != signaling.Up {
		return dialplan.ErrHangup // the SIP status says it
	}
	clip, err := s.Sounds.Tone(tone)
	if err != nil {
		return err
	}
	if _, err := ch.Play(ctx, clip, signaling.PlayOptions{Name: "tone:" + tone, Loop: true}); err != nil {
		return err
	}
	seconds, err := strconv.ParseFloat(args, 64)
	if err != nil || seconds <= 0 {
		<-ctx.Done() // without a limit the caller hears it until they hang up
		return dialplan.ErrHangup
	}
	if err := wait(ctx, time.Duration(min(seconds, 3600)*float64(time.Second))); err != nil {
		return err
	}
	return dialplan.ErrHangup
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
