package signaling

import (
	"cmp"
	"context"
	"errors"
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/bridgetype"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/internal/members"
)

// BridgeConfig says what kind of bridge to make.
type BridgeConfig struct {
	ID      BridgeID // a client's choice; empty for a new one
	Name    string
	Creator string // "ConfBridge", "Dial", "REST", "Stasis"
	Class   string // in ARI, "stasis" for applications' own
	Types   bridgetype.Types
	// AlwaysMix keeps the mixer room even for two members (a conference).
	AlwaysMix bool
	// Pair is for two who talk: the bridge closes as soon as one of them leaves.
	Pair bool
	// Direct lets the audio of two members who are alone go past us, where both may.
	Direct bool
	// Max is the largest number of members; 0 means no limit.
	Max int
	// Levels, where set, is told what the room says of its members' levels, at most
	// five times a second. It must not block.
	Levels func(mixer.Event)
}

// Bridge joins channels. With two members it is a pair (relayed or transcoded,
// as the mixer finds cheapest), with more a room; the choice is made again at
// every join and leave. Its lock guards pointers only: nothing waits under it.
//
// Locks are taken in the order channel actor, bridge, mixer; whoever holds the
// bridge's only posts to a channel.
type Bridge struct {
	id     BridgeID
	engine *Engine
	cfg    BridgeConfig

	mu      sync.Mutex
	in      members.List[*Channel]
	present int // members, and those whose leaving has not been published
	state   BridgeSnapshot
	closed  bool // nobody comes in any more
	over    bool // nobody is left either
}

// BridgeEvent is the data of ChannelEnteredBridge and ChannelLeftBridge.
type BridgeEvent struct {
	Channel ChannelSnapshot
	Bridge  BridgeSnapshot
}

// NewBridge makes an empty bridge with an id of its own. It lives until Close.
func (e *Engine) NewBridge(cfg BridgeConfig) *Bridge {
	cfg.ID = BridgeID(NewID())
	b, _ := e.MakeBridge(cfg) // nobody else has that id
	return b
}

// MakeBridge is NewBridge with the id that cfg says. It fails with fault.Conflict when there is
// a bridge of that id.
func (e *Engine) MakeBridge(cfg BridgeConfig) (*Bridge, error) {
	cfg.ID = cmp.Or(cfg.ID, BridgeID(NewID()))
	cfg.AlwaysMix = cfg.AlwaysMix || cfg.Types.Mixed
	b := &Bridge{id: cfg.ID, engine: e, cfg: cfg}
	b.in.IDs, b.in.Means = []ChannelID{}, b.means()
	b.state = BridgeSnapshot{
		ID: b.id, Name: cfg.Name, Type: cfg.Types.Name(), Creator: cfg.Creator, Class: cfg.Class, Created: e.now(),
	}
	b.in.Talk.Changed = func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.in.Bypass()
	}
	e.mu.Lock()
	if e.bridges[b.id] != nil {
		e.mu.Unlock()
		return nil, fault.New(fault.Conflict, "there is a bridge %.64q", string(b.id))
	}
	e.bridges[b.id] = b
	e.mu.Unlock()
	e.bus.Publish(event.Event{Type: event.BridgeCreated, Bridge: string(b.id), Data: b.Snapshot()})
	return b, nil
}

// ID is the bridge's UUID.
func (b *Bridge) ID() BridgeID { return b.id }

// Closed reports whether nobody comes in any more.
func (b *Bridge) Closed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed
}

// Snapshot is the bridge at this moment.
func (b *Bridge) Snapshot() BridgeSnapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.snapshot()
}

func (b *Bridge) snapshot() BridgeSnapshot {
	s := b.state
	s.Channels = b.in.IDs[:len(b.in.IDs):len(b.in.IDs)]
	s.Technology = "simple_bridge"
	switch {
	case b.cfg.Types.Holding:
		s.Technology = "holding_bridge"
	case b.cfg.AlwaysMix || b.in.Room != nil:
		s.Technology = "softmix"
	}
	return s
}

// Add puts a channel into the bridge, where a channel that has no media yet takes
// part as soon as it has. A channel that is in another bridge leaves that first. It
// fails with fault.Full (code room_full) when the bridge has no place and fault.Gone
// when bridge or channel has ended, and then the channel stays where it was; when
// its media cannot be joined (fault.Unsupported, fault.Unavailable) it is in no
// bridge.
func (b *Bridge) Add(ctx context.Context, c *Channel) error {
	if b.cfg.Types.Holding {
		return b.AddApart(ctx, c, Only(), Everyone()) // it waits: no other hears it
	}
	return b.AddApart(ctx, c, Everyone(), Everyone())
}

// Announce is Add for a channel that speaks to those who wait in a holding bridge, and hears
// none of them. In others it is Add.
func (b *Bridge) Announce(ctx context.Context, c *Channel) error {
	if b.cfg.Types.Holding {
		return b.AddApart(ctx, c, Everyone(), Only())
	}
	return b.Add(ctx, c)
}

// AddApart is Add for a channel that not everyone shall hear, or that shall not hear
// everyone, from its first moment on; see SetHearing.
func (b *Bridge) AddApart(ctx context.Context, c *Channel, heardBy, hears Audience) error {
	if err := errors.Join(heardBy.Validate(), hears.Validate()); err != nil {
		return err
	}
	return b.enter(ctx, c, heardBy, hears, nil)
}

// enter is AddApart, in place of a member that is about to leave or of nobody.
func (b *Bridge) enter(ctx context.Context, c *Channel, heardBy, hears Audience, instead *Channel) error {
	return c.doAlive(ctx, func() error {
		if c.bridge == b {
			return nil
		}
		if err := b.admit(c, heardBy, hears, instead); err != nil {
			return err
		}
		c.leave(true)
		c.echoing = false
		if err := b.connect(c, c.port()); err != nil {
			b.departed()
			c.publish()
			return err
		}
		c.bridge = b
		c.state.Bridge = b.id
		c.emit(event.ChannelEnteredBridge, BridgeEvent{Channel: c.state, Bridge: b.Snapshot()})
		return nil
	})
}

// Remove takes a channel out of the bridge; it stays up, hearing nothing.
func (b *Bridge) Remove(ctx context.Context, c *Channel) error {
	return c.Do(ctx, func() error {
		if c.bridge == b {
			c.leaveBridge()
		}
		return nil
	})
}

// leaveBridge takes the channel out of its bridge, if any. Actor only.
func (c *Channel) leaveBridge() { c.leave(false) }

// leave is leaveBridge, for a channel that moves to another one with nobody seeing it in none.
func (c *Channel) leave(moves bool) {
	b := c.bridge
	if b == nil {
		return
	}
	c.endFax()
	c.bridge = nil
	c.state.Bridge = ""
	c.digits.Drop()
	defer b.departed()
	if err := b.leave(c); err != nil {
		b.engine.log.Error("bridge could not be rearranged", "bridge", string(b.id), "err", err)
	}
	if !moves {
		c.hearMusic()
		c.publish()
	}
	if c.state.Adrift {
		c.post(c.endAdrift) // once it is where it goes
	}
	b.engine.bus.Publish(event.Event{
		Type: event.ChannelLeftBridge, Channel: string(c.id), Bridge: string(b.id),
		Data: BridgeEvent{Channel: c.state, Bridge: b.Snapshot()},
	})
}

// admit gives a channel a place.
func (b *Bridge) admit(c *Channel, heardBy, hears Audience, instead *Channel) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	places := b.cfg.Max
	if places > 0 && instead != nil && b.in.Find(instead) >= 0 {
		places++
	}
	switch {
	case b.closed:
		return fault.New(fault.Gone, "bridge %s has ended", b.id)
	case places > 0 && len(b.in.All) >= places:
		return fault.WithCode(fault.Full, "room_full", "bridge %s has its %d members", b.id, b.cfg.Max)
	}
	b.present++
	b.in.Append(members.Member[*Channel]{Channel: c, Muted: c.state.MutedIn, Held: c.state.Held, Needed: true, HeardBy: heardBy, Hears: hears})
	return nil
}

// connect joins the media of a channel that was admitted. With an error it has
// lost its place, and the others are joined as before.
func (b *Bridge) connect(c *Channel, port *mixer.Port) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := b.in.Find(c)
	b.in.All[i].Port = port
	err := b.in.ArrangeWith(i)
	if err == nil {
		return nil
	}
	if undo := b.in.Remove(c, c.state.Ended); undo != nil {
		return fault.New(fault.Of(err), "%w (and those before: %v)", err, undo)
	}
	return err
}

// leave takes a channel's media out.
func (b *Bridge) leave(c *Channel) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.in.Remove(c, c.state.Ended)
}

// departed counts a channel whose leaving is known to everybody.
func (b *Bridge) departed() {
	b.mu.Lock()
	b.present--
	over := b.cfg.Pair && !b.in.Stays && len(b.in.All) < 2 && !b.closed // also when both leave at one time
	b.mu.Unlock()
	if over {
		b.Close()
		return
	}
	b.endIfOver()
}

// refresh takes over a member's new port. Called by the channel's actor.
func (b *Bridge) refresh(c *Channel, port *mixer.Port) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.in.Refresh(c, port)
}

// mute makes a member heard or not, also by what it is joined with later. Called
// by the channel's actor.
func (b *Bridge) mute(c *Channel, on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := b.in.Find(c); i >= 0 {
		b.in.All[i].Muted = on
	}
}

// Close ends the bridge: its members leave it and stay up. It returns at once;
// the BridgeDestroyed event follows the last ChannelLeftBridge.
func (b *Bridge) Close() {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return
	}
	b.closed = true
	members := b.in.Channels()
	b.mu.Unlock()
	for _, c := range members {
		c.post(func() {
			if c.bridge == b {
				c.leaveBridge()
			}
		})
	}
	b.endIfOver()
}

// endIfOver ends a closed bridge once nobody is in it.
func (b *Bridge) endIfOver() {
	b.mu.Lock()
	if !b.closed || b.present > 0 || b.over {
		b.mu.Unlock()
		return
	}
	b.over = true
	b.in.Drop()
	last := b.snapshot()
	b.mu.Unlock()
	b.engine.forgetBridge(b)
	b.engine.bus.Publish(event.Event{Type: event.BridgeDestroyed, Bridge: string(b.id), Data: last})
}

func (e *Engine) forgetBridge(b *Bridge) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.bridges, b.id)
}
