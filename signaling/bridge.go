package signaling

import (
	"context"
	"slices"
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// BridgeConfig says what kind of bridge to make.
type BridgeConfig struct {
	Name    string
	Creator string // "ConfBridge", "Dial", "REST"
	// AlwaysMix keeps the mixer room even for two members (a conference).
	AlwaysMix bool
	// Max is the largest number of members; 0 means no limit.
	Max int
	// Levels, where set, is told the members' levels at most five times a second.
	Levels func(mixer.Event)
}

// Bridge joins channels. With two members it is a pair (relayed or transcoded,
// as the mixer finds cheapest), with more a room; the choice is made again at
// every join and leave. Its lock guards pointers only: nothing waits under it.
type Bridge struct {
	id     BridgeID
	engine *Engine
	cfg    BridgeConfig

	mu      sync.Mutex
	members []member
	room    *mixer.Room
	pair    *mixer.Pair
	state   BridgeSnapshot
	closed  bool
}

type member struct {
	channel *Channel
	port    *mixer.Port // nil until the channel has media
	muted   bool
}

// ID is the bridge's UUID.
func (b *Bridge) ID() BridgeID { return b.id }

// Snapshot is the bridge at this moment.
func (b *Bridge) Snapshot() BridgeSnapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.snapshot()
}

func (b *Bridge) snapshot() BridgeSnapshot {
	s := b.state
	s.Channels = make([]ChannelID, len(b.members))
	for i, m := range b.members {
		s.Channels[i] = m.channel.id
	}
	switch {
	case b.room != nil:
		s.Technology = "softmix"
	default:
		s.Technology = "simple_bridge"
	}
	return s
}

// Add puts a channel into the bridge. A channel that is in another bridge leaves
// it first. It fails with fault.Full when the bridge has no place, fault.Gone
// when bridge or channel has ended.
func (b *Bridge) Add(ctx context.Context, c *Channel) error {
	return c.Do(ctx, func() error {
		if c.state.Ended {
			return fault.New(fault.Gone, "channel %s has ended", c.name)
		}
		if c.bridge == b {
			return nil
		}
		c.leaveBridge()
		if err := b.join(c); err != nil {
			return err
		}
		c.bridge = b
		c.state.Bridge = b.id
		c.emit(event.ChannelEnteredBridge, b.Snapshot())
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
func (c *Channel) leaveBridge() {
	b := c.bridge
	if b == nil {
		return
	}
	c.bridge = nil
	c.state.Bridge = ""
	b.leave(c)
	c.publish()
	c.engine.bus.Publish(event.Event{
		Type: event.ChannelLeftBridge, Channel: string(c.id), Bridge: string(b.id), Data: b.Snapshot(),
	})
}

func (b *Bridge) join(c *Channel) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return fault.New(fault.Gone, "bridge %s has ended", b.id)
	case b.cfg.Max > 0 && len(b.members) >= b.cfg.Max:
		return fault.WithCode(fault.Full, "room_full", "bridge %s has its %d members", b.id, b.cfg.Max)
	}
	b.members = append(b.members, member{channel: c, port: c.port(), muted: c.state.MutedIn})
	if err := b.connect(); err != nil {
		b.members = b.members[:len(b.members)-1]
		return err
	}
	return nil
}

func (b *Bridge) leave(c *Channel) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.members, func(m member) bool { return m.channel == c })
	if i < 0 {
		return
	}
	if p := b.members[i].port; p != nil {
		p.Idle()
	}
	b.members = slices.Delete(b.members, i, i+1)
	if err := b.connect(); err != nil {
		b.engine.log.Error("bridge could not be rearranged", "bridge", string(b.id), "err", err)
	}
}

// refreshMember takes over a member's new port. Called by the channel's actor.
func (b *Bridge) refresh(c *Channel) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.members {
		if m := &b.members[i]; m.channel == c && m.port != c.port() {
			m.port = c.port()
			if err := b.connect(); err != nil {
				b.engine.log.Error("bridge could not take a member's media", "bridge", string(b.id),
					"channel", c.name, "err", err)
			}
		}
	}
}

// connect chooses the cheapest way to join the members there are, and arranges
// their ports so. Called with the lock held; the mixer only queues commands.
func (b *Bridge) connect() error {
	if b.cfg.AlwaysMix || len(b.members) > 2 {
		return b.connectRoom()
	}
	return b.connectPair()
}

func (b *Bridge) connectRoom() error {
	if b.room == nil {
		room, err := b.engine.mixer.NewRoom(mixer.RoomConfig{Name: string(b.id), Events: b.cfg.Levels})
		if err != nil {
			return err
		}
		b.room = room
	}
	for _, m := range b.members {
		if m.port == nil {
			continue
		}
		if err := m.port.Join(b.room, mixer.JoinOptions{Muted: m.muted}); err != nil {
			return err
		}
	}
	if b.pair != nil {
		b.pair.Close()
		b.pair = nil
	}
	return nil
}

func (b *Bridge) connectPair() error {
	if b.pair == nil {
		pair, err := b.engine.mixer.NewPair()
		if err != nil {
			return err
		}
		b.pair = pair
	}
	for _, m := range b.members {
		if m.port == nil {
			continue
		}
		if err := m.port.Connect(b.pair); err != nil {
			return err
		}
	}
	if b.room != nil {
		b.room.Close()
		b.room = nil
	}
	return nil
}

// mute makes a member heard or not. Called by the channel's actor.
func (b *Bridge) mute(c *Channel, on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.members {
		if b.members[i].channel == c {
			b.members[i].muted = on
		}
	}
}

// Close ends the bridge: members leave it and stay up.
func (b *Bridge) Close() {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return
	}
	b.closed = true
	members := b.members
	b.members = nil
	for _, m := range members {
		if m.port != nil {
			m.port.Idle()
		}
	}
	if b.room != nil {
		b.room.Close()
	}
	if b.pair != nil {
		b.pair.Close()
	}
	last := b.snapshot()
	b.mu.Unlock()

	for _, m := range members {
		m.channel.post(func() {
			if m.channel.bridge == b {
				m.channel.leaveBridge()
			}
		})
	}
	b.engine.forgetBridge(b)
	b.engine.bus.Publish(event.Event{Type: event.BridgeDestroyed, Bridge: string(b.id), Data: last})
}
