package app

import (
	"context"
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// playback is Playback(file[&file...][,options]). It answers first unless
// noanswer is given, and sets PLAYBACKSTATUS.
func (s *Services) playback(ctx context.Context, c *dialplan.Call, args string) error {
	parts := dialplan.SplitArgs(args, 2)
	options := ""
	if len(parts) > 1 {
		options = strings.ToLower(parts[1])
	}
	ch := channelOf(c)
	switch {
	case ch.Snapshot().State == signaling.Up:
	case strings.Contains(options, "skip"):
		c.Channel().SetVar("PLAYBACKSTATUS", "SUCCESS")
		return nil
	case strings.Contains(options, "noanswer"):
		if err := ch.Progress(ctx); err != nil {
			return err
		}
	default:
		if err := ch.Answer(ctx); err != nil {
			return err
		}
	}
	status := "SUCCESS"
	if len(parts) > 0 {
		for _, name := range strings.Split(parts[0], "&") {
			if err := s.playFile(ctx, ch, strings.TrimSpace(name)); err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				ch.Log().Warn("sound not played", "sound", name, "err", err)
				status = "FAILED"
			}
		}
	}
	c.Channel().SetVar("PLAYBACKSTATUS", status)
	return nil
}

func (s *Services) playFile(ctx context.Context, ch *signaling.Channel, name string) error {
	clip, err := s.Sounds.Sound(ctx, name, ch.Snapshot().Language)
	if err != nil {
		return err
	}
	pb, err := ch.Play(ctx, clip, signaling.PlayOptions{Name: "sound:" + name})
	if err != nil {
		return err
	}
	select {
	case <-pb.Done():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// playtones is Playtones(tone or list): it returns at once, the tone goes on.
func (s *Services) playtones(ctx context.Context, c *dialplan.Call, args string) error {
	clip, err := s.Sounds.Tone(args)
	if err != nil {
		return err
	}
	_, err = channelOf(c).Play(ctx, clip, signaling.PlayOptions{Name: "tone:" + args, Loop: true})
	return err
}

// stopPlaytones is StopPlaytones().
func (s *Services) stopPlaytones(ctx context.Context, c *dialplan.Call, _ string) error {
	return channelOf(c).StopPlay(ctx)
}

// sendDTMF is SendDTMF(digits): it returns at once.
func (s *Services) sendDTMF(ctx context.Context, c *dialplan.Call, args string) error {
	parts := dialplan.SplitArgs(args, 0)
	if len(parts) == 0 {
		return nil
	}
	return channelOf(c).SendDigits(ctx, parts[0])
}
