package signaling

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/actor"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/internal/await"
	"github.com/skygenesisenterprise/skybridge/signaling/internal/digits"
	"github.com/skygenesisenterprise/skybridge/signaling/internal/handover"
	"github.com/skygenesisenterprise/skybridge/signaling/internal/sampling"
)

const (
	mailboxSize = 256
	digitQueue  = 64
)

// Channel is one party's call. Its state belongs to its actor; everything else
// posts to it or reads the snapshot. It lives from Engine.newChannel until its
// leg has ended and no dialplan runs on it.
type Channel struct {
	handover.Desk[*Channel]

	id      ChannelID
	name    string
	engine  *Engine
	log     *slog.Logger
	act     *actor.Actor
	snap    atomic.Pointer[publishedSnapshot]
	vars    dialplan.Vars
	digits  digits.Queue
	lost    lost
	await   await.List[ChannelSnapshot]
	quality sampling.Sampler // how the party's audio came in

	// live ends when the channel hangs up; gone is closed when nothing is left.
	live   context.Context //nolint:containedctx // the channel's own life
	hangup context.CancelFunc
	gone   chan struct{}

	// The rest is touched by the actor alone.
	leg       Leg
	started   bool // the leg knows its channel
	hungUp    bool // the leg's Hangup was called
	legEnded  bool
	overdue   *time.Timer // lets go of a leg that does not end
	running   bool        // a dialplan runs on the channel
	opened    bool        // an incoming caller was given early media
	echoing   bool
	state     ChannelSnapshot
	seen      *mixer.Port // the leg's port as it was last
	bridge    *Bridge
	music     bool            // wanted while it is in no bridge
	playback  *Playback       // what is being played, or nil
	tones     *mixer.Tap      // in which digits are looked for, or nil
	sending   []chan struct{} // digits on their way to the party, oldest first
	destroyed bool
	holding   bool   // we have the party on hold
	claims    int    // of who needs the party's audio here
	will      func() // what BeforeEnd asked for
}

type publishedSnapshot struct {
	state any // a ChannelSnapshot, boxed once for events too
	// changed is closed when a newer snapshot is published.
	changed chan struct{}
	final   bool // there will be no newer one
}

func (s *publishedSnapshot) channel() ChannelSnapshot { return s.state.(ChannelSnapshot) }

// ID is the channel's unique id.
func (c *Channel) ID() ChannelID { return c.id }

// Name is the channel's name, "PJSIP/1001-00000000".
func (c *Channel) Name() string { return c.name }

// Snapshot is the channel's newest published state. It never waits.
func (c *Channel) Snapshot() ChannelSnapshot { return c.snap.Load().channel() }

// Ended is the snapshot's Ended, without the rest of it.
func (c *Channel) Ended() bool { return c.snap.Load().channel().Ended }

// Watch is the newest published state, and a channel that is closed when there
// is a newer one. Nothing is newer than the state of a channel that is gone.
func (c *Channel) Watch() (ChannelSnapshot, <-chan struct{}) {
	s := c.snap.Load()
	return s.channel(), s.changed
}

// Live is a context that ends when the channel hangs up.
func (c *Channel) Live() context.Context { return c.live }

// Gone is closed when the channel, its leg and its media are gone.
func (c *Channel) Gone() <-chan struct{} { return c.gone }

// Log is the channel's logger, with its name and id set.
func (c *Channel) Log() *slog.Logger { return c.log }

// Vars are the channel's dialplan variables.
func (c *Channel) Vars() *dialplan.Vars { return &c.vars }

// Age is how long the channel has existed.
func (c *Channel) Age() time.Duration { return c.engine.now().Sub(c.Snapshot().Created) }

// Until waits for a snapshot that satisfies cond, or for ctx. States that follow
// each other faster than cond is asked may be passed over; the newest never is. It
// fails with fault.Gone when the channel has gone without satisfying cond.
func (c *Channel) Until(ctx context.Context, cond func(ChannelSnapshot) bool) (ChannelSnapshot, error) {
	for {
		s := c.snap.Load()
		switch {
		case cond(s.channel()):
			return s.channel(), nil
		case s.final:
			return s.channel(), fault.New(fault.Gone, "channel %s has ended", c.name)
		}
		select {
		case <-s.changed:
		case <-ctx.Done():
			return s.channel(), ctx.Err()
		}
	}
}

// Do runs f on the channel's actor and waits for its result, or for ctx. It fails
// with fault.Gone when the channel is gone and fault.TooMany when too much waits
// there already. An actor must never call it.
func (c *Channel) Do(ctx context.Context, f func() error) error {
	err := c.act.Do(ctx, func() error {
		err := f()
		c.takeUp()
		return err
	})
	switch {
	case errors.Is(err, actor.ErrStopped):
		return fault.New(fault.Gone, "channel %s has ended", c.name)
	case errors.Is(err, actor.ErrFull):
		return fault.New(fault.TooMany, "channel %s has %d requests waiting", c.name, mailboxSize)
	}
	return err
}

// Format is what the channel's leg sends now.
func (c *Channel) Format(ctx context.Context) (media.Format, error) {
	var f media.Format
	if err := c.Do(ctx, func() error { f = c.leg.Info().Format; return nil }); err != nil {
		return media.Format{}, err // f may be written yet
	}
	return f, nil
}

// Audio is the counters of the channel's audio, the zero PortStats when it has none.
func (c *Channel) Audio(ctx context.Context) (mixer.PortStats, error) {
	var stats mixer.PortStats
	err := c.Do(ctx, func() error {
		if p := c.port(); p != nil {
			stats = p.Stats()
		}
		return nil
	})
	if err != nil {
		return mixer.PortStats{}, err
	}
	return stats, nil
}

// MaxForwards is how often the channel's call may still be passed on (LegInfo).
func (c *Channel) MaxForwards() int { return c.leg.Info().MaxForwards }

// Redirect is whom the party asked to be called in its place, zero for nobody, and before the
// channel's end.
func (c *Channel) Redirect() (to Redirect) {
	if leg, ok := c.leg.(Redirector); ok && c.Ended() {
		to = leg.Redirect()
	}
	return to
}

// publish makes the working state visible and wakes who waits. Actor only.
func (c *Channel) publish() {
	if !c.destroyed {
		c.swap(&publishedSnapshot{state: c.state, changed: make(chan struct{})})
	}
}

func (c *Channel) swap(s *publishedSnapshot) {
	if old := c.snap.Swap(s); old != nil {
		close(old.changed)
	}
	c.await.Tell(s.channel(), s.final)
}

// emit publishes the state together with an event about it. Actor only.
func (c *Channel) emit(t event.Type, data any) {
	if c.destroyed {
		return
	}
	c.publish()
	if data == nil {
		data = c.snap.Load().state
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

// port is the leg's media, nil when there is none. A port that was not there
// before takes over what was asked of the channel. Actor only.
func (c *Channel) port() *mixer.Port {
	p := c.leg.Port()
	if p == c.seen {
		return p
	}
	c.seen = p
	if c.tones != nil {
		c.tones.Close()
		c.tones = nil // listenInband begins anew
	}
	if p != nil {
		c.follow()
		if c.state.MutedIn {
			p.SetMuted(true, false)
		}
		if c.state.GainIn != 0 || c.state.GainOut != 0 {
			if err := c.applyGain(p); err != nil {
				c.log.Warn("gain not set", "err", err)
			}
		}
		if c.echoing {
			p.Echo()
		}
		c.hearMusic()
	}
	return p
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
	open := c.state.Outgoing || c.opened || c.state.State == Up
	c.state.Media = open && info.Format.Codec != nil && c.leg.Port() != nil
}

// mediaChanged takes over what is new about the leg's media. Actor only.
func (c *Channel) mediaChanged() {
	port := c.port()
	c.describe()
	c.publish()
	c.listenInband()
	if c.bridge == nil {
		return
	}
	if err := c.bridge.refresh(c, port); err != nil {
		c.log.Error("media cannot be joined to the bridge", "bridge", string(c.bridge.id), "err", err)
	}
}
