package app

import (
	"context"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

// musicOnHold is MusicOnHold([class][,seconds]): music until the time is over, or without
// one until the channel hangs up.
func (s *Services) musicOnHold(ctx context.Context, c *dialplan.Call, args string) error {
	parts := argument.Split(args, 2)
	var over <-chan time.Time
	if text := strings.TrimSpace(argument.At(parts, 1)); text != "" {
		d, ok := argument.Seconds(text)
		if !ok {
			c.Log().Warn("MusicOnHold: duration is no number, none set", "duration", text)
		} else if d > 0 {
			t := time.NewTimer(d)
			defer t.Stop()
			over = t.C
		}
	}
	ch := channelOf(c)
	if err := ch.StartMusic(ctx, strings.TrimSpace(argument.At(parts, 0))); err != nil {
		return err
	}
	select {
	case <-over:
		return ch.StopMusic(ctx)
	case <-ctx.Done():
	}
	if err := ch.StopMusic(context.WithoutCancel(ctx)); err != nil && fault.Of(err) != fault.Gone {
		c.Log().Warn("music on hold not stopped", "err", err)
	}
	return context.Cause(ctx)
}

// startMusicOnHold is StartMusicOnHold([class]): it returns at once, the music goes on.
func (s *Services) startMusicOnHold(ctx context.Context, c *dialplan.Call, args string) error {
	return channelOf(c).StartMusic(ctx, strings.TrimSpace(args))
}

// stopMusicOnHold is StopMusicOnHold().
func (s *Services) stopMusicOnHold(ctx context.Context, c *dialplan.Call, _ string) error {
	return channelOf(c).StopMusic(ctx)
}

// setMusicOnHold is SetMusicOnHold(class), CHANNEL(musicclass)'s older form.
func (s *Services) setMusicOnHold(_ context.Context, c *dialplan.Call, args string) error {
	channelOf(c).SetMusicClass(strings.TrimSpace(args))
	return nil
}
