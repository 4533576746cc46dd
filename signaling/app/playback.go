package app

import (
	"context"
	"errors"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

// playback is Playback(file[&file...][,options]). It answers first unless
// noanswer is given, and sets PLAYBACKSTATUS.
func (s *Services) playback(ctx context.Context, c *dialplan.Call, args string) error {
	parts := argument.Split(args, 2)
	if argument.At(parts, 0) == "" {
		return fault.New(fault.Invalid, "Playback without a sound")
	}
	options := strings.ToLower(argument.At(parts, 1))
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
	for name := range strings.SplitSeq(parts[0], "&") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		err := s.playFile(ctx, ch, name)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			c.Log().Warn("sound not played", "sound", name, "err", err)
			status = "FAILED"
		}
	}
	c.Channel().SetVar("PLAYBACKSTATUS", status)
	return nil
}

// playFile plays a sound to its end.
func (s *Services) playFile(ctx context.Context, ch *signaling.Channel, name string) error {
	clip, err := s.Sounds.Sound(ctx, name, ch.Snapshot().Language)
	if err != nil {
		return err
	}
	pb, err := ch.Play(ctx, clip, signaling.PlayOptions{Name: "sound:" + name})
	if err != nil {
		return err
	}
	return outplay(ctx, ch, pb)
}

// outplay waits for the end of a playback, and stops it when ctx ends first.
func outplay(ctx context.Context, ch *signaling.Channel, pb *signaling.Playback) error {
	select {
	case <-pb.Done():
		return nil
	case <-ctx.Done():
		err := context.Cause(ctx)
		if serr := ch.Stop(context.WithoutCancel(ctx), pb); serr != nil && fault.Of(serr) != fault.Gone {
			return errors.Join(err, serr)
		}
		return err
	}
}

// playtones is Playtones(tone or list): it returns at once, the tone goes on.
func (s *Services) playtones(ctx context.Context, c *dialplan.Call, args string) error {
	if err := s.playTone(ctx, c, strings.TrimSpace(args)); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		c.Log().Warn("tone not played", "tone", args, "err", err)
	}
	return nil
}

// playTone starts a tone towards the channel.
func (s *Services) playTone(ctx context.Context, c *dialplan.Call, spec string) error {
	tone, err := s.Sounds.Tone(spec)
	if err != nil {
		return err
	}
	_, err = channelOf(c).PlayTone(ctx, tone, "tone:"+spec)
	return err
}

// stopPlaytones is StopPlaytones().
func (s *Services) stopPlaytones(ctx context.Context, c *dialplan.Call, _ string) error {
	return channelOf(c).StopPlay(ctx)
}
