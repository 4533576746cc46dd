package signaling

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/actor"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

const (
	mailboxSize = 256
	digitQueue  = 64
)

// Channel is one party's call. Its state belongs to its actor; everything else
// posts to it or reads the snapshot. It lives from Engine.newChannel until its
// leg has ended and no dialplan runs on it.
type Channel struct {
	id     ChannelID
	name   string
	engine *Engine
	log    *slog.Logger
	act    *actor.Actor
	snap   atomic.Pointer[publishedSnapshot]
	vars   dialplan.Vars
	digits chan byte
	doomed atomic.Bool // the mailbox overflowed

	// live ends when the channel hangs up; gone is closed when nothing is left.
	live   context.Context //nolint:containedctx // the channel's own life
	hangup context.CancelFunc
	gone   chan struct{}

	// The rest is touched by the actor alone.
	leg       Leg
	legEnded  bool
	running   bool // a dialplan runs on the channel
	state     ChannelSnapshot
	bridge    *Bridge
	playback  *Playback // what is being played, or nil
	sent      bool      // the leg's Hangup was called
	destroyed bool
}

type publishedSnapshot struct {
	ChannelSnapshot
	// changed is closed when a newer snapshot is published.
	changed chan struct{}
}

// ID is the channel's unique id.
func (c *Channel) ID() ChannelID { return c.id }

// Name is the channel's name, "PJSIP/1001-00000000".
func (c *Channel) Name() string { return c.name }

// Snapshot is the channel's newest published state. It never waits.
func (c *Channel) Snapshot() ChannelSnapshot { return c.snap.Load().ChannelSnapshot }

// Live is a context that ends when the channel hangs up.
func (c *Channel) Live() context.Context { return c.live }

// Gone is closed when the channel, its leg and its media are gone.
func (c *Channel) Gone() <-chan struct{} { return c.gone }

// Digits gives the DTMF digits that the party sends, one byte each. What nobody
// reads is dropped, oldest first.
func (c *Channel) Digits() <-chan byte { return c.digits }

// Log is the channel's logger, with its name and id set.
func (c *Channel) Log() *slog.Logger { return c.log }

// Until waits for a snapshot that satisfies cond, or for ctx.
func (c *Channel) Until(ctx context.Context, cond func(ChannelSnapshot) bool) (ChannelSnapshot, error) {
	for {
		s := c.snap.Load()
		if cond(s.ChannelSnapshot) {
			return s.ChannelSnapshot, nil
		}
		select {
		case <-s.changed:
		case <-ctx.Done():
			return s.ChannelSnapshot, ctx.Err()
		}
	}
}

// Do runs f on the channel's actor and waits for its result.
func (c *Channel) Do(ctx context.Context, f func() error) error { return c.act.Do(ctx, f) }

// post gives f to the actor. A full mailbox means that this call is beyond help:
// it is ended, alone.
func (c *Channel) post(f func()) {
	err := c.act.Post(func() {
		f()
		if c.doomed.Load() {
			c.end(CauseTemporary)
		}
	})
	if errors.Is(err, actor.ErrFull) && !c.doomed.Swap(true) {
		// One of the functions that fill the mailbox will see the flag.
		c.log.Error("channel mailbox full, call ended")
	}
}

// publish makes the working state visible and wakes Until. Actor only.
func (c *Channel) publish() {
	old := c.snap.Swap(&publishedSnapshot{ChannelSnapshot: c.state, changed: make(chan struct{})})
	if old != nil {
		close(old.changed)
	}
}

// emit publishes the state together with an event about it. Actor only.
func (c *Channel) emit(t event.Type, data any) {
	c.publish()
	if data == nil {
		data = c.state
	}
	c.engine.bus.Publish(event.Event{Type: t, Channel: string(c.id), Bridge: string(c.state.Bridge), Data: data})
}

func (c *Channel) setState(s State) {
	if c.state.State == s {
		return
	}
	c.state.State = s
	if s == Up {
		c.state.Answered = c.engine.now()
	}
	c.emit(event.ChannelStateChange, nil)
}

// port is the leg's media, nil when there is none. Actor only.
func (c *Channel) port() *mixer.Port {
	if c.leg == nil {
		return nil
	}
	return c.leg.Port()
}

// describe copies what the leg says about itself into the state. Actor only.
func (c *Channel) describe() {
	info := c.leg.Info()
	c.state.ProtocolID = info.ProtocolID
	c.state.Secure = info.Secure
	if info.Endpoint != "" {
		c.state.Endpoint = info.Endpoint
	}
	c.state.Codec = ""
	if info.Format.Codec != nil {
		c.state.Codec = info.Format.Codec.ConfName
	}
	c.state.Media = c.leg.Port() != nil && info.Format.Codec != nil
}

// Format is what the channel's leg sends now.
func (c *Channel) Format(ctx context.Context) (media.Format, error) {
	var f media.Format
	err := c.Do(ctx, func() error { f = c.leg.Info().Format; return nil })
	return f, err
}

// Hangup ends the channel with a cause; the first cause wins. It returns at
// once; Gone tells when nothing is left.
func (c *Channel) Hangup(cause Cause) {
	c.post(func() { c.end(cause) })
}

// end begins the end. Actor only.
func (c *Channel) end(cause Cause) {
	if !c.state.Ended {
		c.state.Ended = true
		c.state.Cause = cause
		c.emit(event.ChannelHangupRequest, nil)
		c.stopPlayback()
		c.leaveBridge()
		c.hangup()
	}
	if !c.sent && !c.legEnded {
		c.sent = true
		c.leg.Hangup(c.state.Cause)
	}
	c.destroyIfOver()
}

// destroyIfOver removes the channel once its leg and its dialplan have ended.
func (c *Channel) destroyIfOver() {
	if !c.legEnded || c.running || !c.state.Ended || c.destroyed {
		return
	}
	c.destroyed = true
	c.state.State = Down
	c.engine.forget(c)
	c.emit(event.ChannelDestroyed, nil)
	c.log.Info("channel ended", "cause", int(c.state.Cause), "cause_text", c.state.Cause.Text(),
		"seconds", int(c.engine.now().Sub(c.state.Created).Seconds()))
	c.act.Stop()
	close(c.gone)
}

// crashed is the actor's answer to a panic in one of this channel's functions:
// this call ends, no other.
func (c *Channel) crashed(err error) {
	c.log.Error("panic in a channel, call ended", "err", err)
	defer func() {
		if r := recover(); r != nil { // even the end panics: let go of everything
			c.log.Error("panic while ending a channel", "err", r)
			c.legEnded, c.running, c.state.Ended = true, false, true
			c.destroyIfOver()
		}
	}()
	c.end(CauseTemporary)
}

// Vars are the channel's dialplan variables.
func (c *Channel) Vars() *dialplan.Vars { return &c.vars }

// Age is how long the channel has existed.
func (c *Channel) Age() time.Duration { return c.engine.now().Sub(c.Snapshot().Created) }
