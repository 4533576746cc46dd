package signaling

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// Sounds finds what a channel plays. It may read files, so it is never called
// by an actor.
type Sounds interface {
	// Sound gives the clip of a sound by its name without extension
	// ("vm-goodbye", "custom/hello"). It fails with fault.NotFound.
	Sound(ctx context.Context, name, language string) (*mixer.Clip, error)
	// Tone gives a looping clip of a tone by its name in the indications:
	// ring, busy, congestion, or a list of frequencies ("440", "350+440").
	Tone(spec string) (*mixer.Clip, error)
}

// Playback is one clip being played to a channel.
type Playback struct {
	ID   string
	Name string
	done chan struct{}
	// ok is set before done is closed.
	ok bool
}

// Done is closed when the playback has ended, by itself or not.
func (p *Playback) Done() <-chan struct{} { return p.done }

// Completed reports, after Done, whether the clip was played to its end.
func (p *Playback) Completed() bool { return p.ok }

// PlayOptions say how to play.
type PlayOptions struct {
	Name string // for events
	Loop bool
}

// Play starts a clip towards the channel, over whatever it hears now. A later
// Play replaces it. It fails with fault.Conflict when the channel has no media.
func (c *Channel) Play(ctx context.Context, clip *mixer.Clip, opts PlayOptions) (*Playback, error) {
	pb := &Playback{ID: NewID(), Name: opts.Name, done: make(chan struct{})}
	err := c.Do(ctx, func() error {
		if c.state.Ended {
			return fault.New(fault.Gone, "channel %s has ended", c.name)
		}
		port := c.port()
		if port == nil {
			return fault.New(fault.Conflict, "channel %s has no media yet", c.name)
		}
		if err := port.Play(clip, mixer.PlayOptions{Loop: opts.Loop, Token: pb.ID}); err != nil {
			return err
		}
		c.finishPlayback(false) // the one that was replaced
		c.playback = pb
		c.engine.bus.Publish(event.Event{Type: event.PlaybackStarted, Channel: string(c.id), Data: pb.Name})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return pb, nil
}

// StopPlay ends what is being played to the channel.
func (c *Channel) StopPlay(ctx context.Context) error {
	return c.Do(ctx, func() error { c.stopPlayback(); return nil })
}

// stopPlayback ends the playback, if any, as not completed. Actor only.
func (c *Channel) stopPlayback() {
	if c.playback == nil {
		return
	}
	if p := c.port(); p != nil {
		p.StopPlay()
	}
	c.finishPlayback(false)
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

// portEvent is what the mixer says of the channel's port. Actor only.
func (c *Channel) portEvent(ev mixer.Event) {
	switch ev.Kind {
	case mixer.DTMFEnd:
		c.digit(ev.Digit, ev.Duration)
	case mixer.PlaybackDone:
		if c.playback != nil && c.playback.ID == ev.Token {
			c.finishPlayback(ev.Completed)
		}
	case mixer.MediaTimeout:
		c.log.Warn("no media from the party, call ended")
		c.end(CauseRequestedAbsent)
	case mixer.PortFailed, mixer.TransportError:
		c.log.Error("media failed, call ended", "err", ev.Err)
		c.end(CauseTemporary)
	}
}
