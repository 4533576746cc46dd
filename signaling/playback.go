package signaling

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/clip"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// Sounds and Tone are what is played, PlayOptions how.
type (
	Sounds      = clip.Sounds
	Tone        = clip.Tone
	PlayOptions = clip.Options
)

// Playback is a clip or tone being played to a channel.
type Playback struct {
	ID   string
	Name string
	next *mixer.Clip // what is repeated once the first clip is over; actor only
	done chan struct{}
	// ok is set before done is closed.
	ok bool
}

// Done is closed when the playback has ended, by itself or not.
func (p *Playback) Done() <-chan struct{} { return p.done }

// Completed reports, after Done, whether the clip was played to its end.
func (p *Playback) Completed() bool { return p.ok }

// Play starts a clip towards the channel, over whatever it hears now. A later
// Play replaces it. It fails with fault.Conflict when the channel has no media,
// and with fault.Gone when it has ended.
func (c *Channel) Play(ctx context.Context, sound *mixer.Clip, opts PlayOptions) (*Playback, error) {
	return c.play(ctx, sound, opts.Loop, &Playback{Name: opts.Name})
}

// PlayTone is Play for a tone, which goes on until it is stopped or replaced.
func (c *Channel) PlayTone(ctx context.Context, tone Tone, name string) (*Playback, error) {
	pb := &Playback{Name: name}
	switch {
	case tone.Lead != nil:
		pb.next = tone.Loop
		return c.play(ctx, tone.Lead, false, pb)
	case tone.Loop != nil:
		return c.play(ctx, tone.Loop, true, pb)
	}
	return nil, fault.New(fault.Invalid, "%s is an empty tone", name)
}

func (c *Channel) play(ctx context.Context, sound *mixer.Clip, loop bool, pb *Playback) (*Playback, error) {
	pb.ID, pb.done = NewID(), make(chan struct{})
	return withAudio(ctx, c, func(port *mixer.Port, release func()) (*Playback, error) {
		if err := port.Play(sound, mixer.PlayOptions{Loop: loop, Token: pb.ID}); err != nil {
			return nil, err
		}
		c.finishPlayback(false) // the one that was replaced
		c.playback = pb         // and so the audio is needed here
		release()
		c.engine.bus.Publish(event.Event{Type: event.PlaybackStarted, Channel: string(c.id), Data: pb.Name})
		return pb, nil
	}, func(pb *Playback) {
		if c.playback == pb {
			c.stopPlayback()
		}
	})
}

// StopPlay ends what is being played to the channel.
func (c *Channel) StopPlay(ctx context.Context) error {
	return c.Do(ctx, func() error { c.stopPlayback(); return nil })
}

// Stop ends a playback if it is still the one being played to the channel.
func (c *Channel) Stop(ctx context.Context, pb *Playback) error {
	return c.Do(ctx, func() error {
		if c.playback == pb {
			c.stopPlayback()
		}
		return nil
	})
}

// stopPlayback ends the playback, if any, as not completed. Actor only.
func (c *Channel) stopPlayback() {
	if c.playback == nil {
		return
	}
	c.finishPlayback(false)
	if p := c.port(); p != nil {
		p.StopPlay()
	}
}

// playbackDone is the mixer's word that a clip is over. Actor only.
func (c *Channel) playbackDone(ev mixer.Event) {
	if ev.Token == tonesToken {
		c.digitsSent()
		return
	}
	pb := c.playback
	if pb == nil || pb.ID != ev.Token { // replaced or stopped before
		return
	}
	if p := c.port(); ev.Completed && pb.next != nil && p != nil {
		err := p.Play(pb.next, mixer.PlayOptions{Loop: true, Token: pb.ID})
		pb.next = nil
		if err == nil {
			return
		}
		c.log.Warn("tone not repeated", "tone", pb.Name, "err", err)
	}
	c.finishPlayback(ev.Completed)
}

func (c *Channel) finishPlayback(completed bool) {
	pb := c.playback
	if pb == nil {
		return
	}
	c.playback = nil
	pb.ok = completed
	close(pb.done)
	c.engine.bus.Publish(event.Event{Type: event.PlaybackFinished, Channel: string(c.id), Data: pb.Name})
}
