// Package signaling holds the calls: channels (one party each, one actor each),
// bridges that join them, and the engine that makes both. It knows neither SIP
// nor WebRTC; technologies below signaling/tech hand it legs.
//
// Goroutines: one actor per channel, and one per channel that runs a dialplan;
// both end with the channel.
package signaling

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/actor"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// Config is what an engine is made of.
type Config struct {
	Mixer *mixer.Engine
	Log   *slog.Logger
	// Sounds finds and prepares what channels play.
	Sounds Sounds
	// MaxChannels bounds the channels alive at once.
	MaxChannels int
	Now         func() time.Time
}

// Engine owns every channel and bridge of the process.
type Engine struct {
	mixer  *mixer.Engine
	log    *slog.Logger
	sounds Sounds
	bus    *event.Bus
	now    func() time.Time
	max    int
	ids    identities
	start  time.Time

	mu       sync.RWMutex // guards the maps, never held while waiting
	channels map[ChannelID]*Channel
	bridges  map[BridgeID]*Bridge
	techs    map[string]Tech

	draining  atomic.Bool
	processed atomic.Uint64
	empty     chan struct{} // signalled when the last channel goes
}

// New makes an engine without technologies; AddTech brings them.
func New(cfg Config) *Engine {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.MaxChannels == 0 {
		cfg.MaxChannels = 20000
	}
	return &Engine{
		mixer:    cfg.Mixer,
		log:      cfg.Log,
		sounds:   cfg.Sounds,
		bus:      event.NewBus(cfg.Now),
		now:      cfg.Now,
		max:      cfg.MaxChannels,
		start:    cfg.Now(),
		channels: make(map[ChannelID]*Channel),
		bridges:  make(map[BridgeID]*Bridge),
		techs:    make(map[string]Tech),
		empty:    make(chan struct{}, 1),
	}
}

// AddTech makes a technology dialable under its name and further ones. It is
// called before the first call.
func (e *Engine) AddTech(t Tech, aliases ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, name := range append([]string{t.Name()}, aliases...) {
		e.techs[strings.ToUpper(name)] = t
	}
}

// Bus is where the engine publishes events.
func (e *Engine) Bus() *event.Bus { return e.bus }

// Mixer is the engine's media plane.
func (e *Engine) Mixer() *mixer.Engine { return e.mixer }

// Started is when the engine was made.
func (e *Engine) Started() time.Time { return e.start }

// Now is the engine's clock.
func (e *Engine) Now() time.Time { return e.now() }

// Processed is the number of channels made so far.
func (e *Engine) Processed() uint64 { return e.processed.Load() }

// Target is a parsed dial string, "PJSIP/1001".
type Target struct {
	Tech     string
	Resource string
}

// String is the target as it is dialled.
func (t Target) String() string { return t.Tech + "/" + t.Resource }

// ParseTarget reads one dial string. A target is a typed value: characters that
// mean something to a dialplan or to SIP are refused, so that a dialled number
// cannot smuggle a second target, an option or a header.
func ParseTarget(s string) (Target, error) {
	tech, resource, ok := strings.Cut(s, "/")
	if !ok || tech == "" || resource == "" {
		return Target{}, fault.New(fault.Invalid, "%q is no endpoint: want TECHNOLOGY/RESOURCE", clip(s))
	}
	if len(s) > 256 {
		return Target{}, fault.New(fault.Invalid, "endpoint of %d characters, at most 256", len(s))
	}
	for _, r := range resource {
		alnum := r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !alnum && !strings.ContainsRune("*#+._-/@", r) {
			return Target{}, fault.New(fault.Invalid, "endpoint %q contains %q", clip(s), r)
		}
	}
	return Target{Tech: tech, Resource: resource}, nil
}

func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}

// Tech finds a technology by name.
func (e *Engine) Tech(name string) (Tech, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if t, ok := e.techs[strings.ToUpper(name)]; ok {
		return t, nil
	}
	return nil, fault.New(fault.NotFound, "no technology %q", clip(name))
}

// Incoming is a call that a technology received.
type Incoming struct {
	Leg         Leg
	Tech        string // as in the channel's name
	Resource    string
	Caller      CallerID
	Context     string
	Exten       string
	AccountCode string
	Language    string
	Variables   []dialplan.Variable
}

// Incoming makes the channel of a received call, in state Ring and bound to its
// leg. The caller then runs the dialplan on it, or whatever it is for.
func (e *Engine) Incoming(in Incoming) (*Channel, error) {
	c, err := e.newChannel(in.Tech, in.Resource, in.Leg, func(s *ChannelSnapshot) {
		s.State = Ring
		s.Caller = in.Caller
		s.AccountCode = in.AccountCode
		s.Language = in.Language
		s.Dialplan = DialplanPosition{Context: in.Context, Exten: in.Exten, Priority: 1}
	})
	if err != nil {
		return nil, err
	}
	for _, v := range in.Variables {
		c.vars.Set(v.Name, v.Value)
	}
	in.Leg.Start(legEvents{c})
	return c, nil
}

// Outgoing is a call to be made.
type Outgoing struct {
	Target    Target
	Request   DialRequest // Resource is the target's
	LinkedID  ChannelID   // the call this one belongs to; empty for a new one
	Connected CallerID
}

// Outgoing makes the channel of a call to an endpoint and starts its leg. The
// channel's states tell how it goes.
func (e *Engine) Outgoing(ctx context.Context, out Outgoing) (*Channel, error) {
	if e.draining.Load() {
		return nil, fault.New(fault.Unavailable, "the server is shutting down")
	}
	tech, err := e.Tech(out.Target.Tech)
	if err != nil {
		return nil, err
	}
	out.Request.Resource = out.Target.Resource
	leg, err := tech.Dial(ctx, out.Request)
	if err != nil {
		return nil, err
	}
	name := leg.Info().Endpoint
	if name == "" {
		name = out.Target.Resource
	}
	c, err := e.newChannel(out.Target.Tech, name, leg, func(s *ChannelSnapshot) {
		s.State = Down
		s.Outgoing = true
		s.LinkedID = out.LinkedID
		s.Caller = CallerID{Number: out.Target.Resource}
		s.Connected = out.Request.Caller
		s.Endpoint = name
	})
	if err != nil {
		return nil, err
	}
	for _, v := range out.Request.Variables {
		c.vars.Set(v.Name, v.Value)
	}
	c.post(func() {
		if !c.state.Ended {
			c.setState(Dialing)
			leg.Start(legEvents{c})
		}
	})
	return c, nil
}

func (e *Engine) newChannel(tech, resource string, leg Leg, set func(*ChannelSnapshot)) (*Channel, error) {
	live, hangup := context.WithCancel(context.Background())
	c := &Channel{
		id:     e.ids.channelID(e.now()),
		name:   e.ids.channelName(tech, resource),
		engine: e,
		leg:    leg,
		live:   live,
		hangup: hangup,
		gone:   make(chan struct{}),
		digits: make(chan byte, digitQueue),
	}
	c.state = ChannelSnapshot{ID: c.id, Name: c.name, Tech: tech, Created: e.now(), Language: "en"}
	set(&c.state)
	if c.state.LinkedID == "" {
		c.state.LinkedID = c.id
	}
	info := leg.Info()
	c.state.ProtocolID = info.ProtocolID
	if info.Endpoint != "" {
		c.state.Endpoint = info.Endpoint
	}
	c.log = e.log.With("channel", c.name, "channel_id", string(c.id))

	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.draining.Load():
		hangup()
		return nil, fault.New(fault.Unavailable, "the server is shutting down")
	case len(e.channels) >= e.max:
		hangup()
		return nil, fault.New(fault.Unavailable, "%d channels, the limit", e.max)
	}
	e.channels[c.id] = c
	e.processed.Add(1)
	c.act = actor.Start(mailboxSize, c.crashed)
	c.emit(event.ChannelCreated, nil)
	c.log.Info("channel created", "endpoint", c.state.Endpoint, "call_id", c.state.ProtocolID)
	return c, nil
}

func (e *Engine) forget(c *Channel) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.channels, c.id)
	if len(e.channels) == 0 {
		select {
		case e.empty <- struct{}{}:
		default:
		}
	}
}

// Channel finds a channel by its id or name.
func (e *Engine) Channel(idOrName string) (*Channel, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if c, ok := e.channels[ChannelID(idOrName)]; ok {
		return c, nil
	}
	for _, c := range e.channels {
		if c.name == idOrName {
			return c, nil
		}
	}
	return nil, fault.New(fault.NotFound, "no channel %q", clip(idOrName))
}

// Channels is a snapshot of every channel, oldest first.
func (e *Engine) Channels() []ChannelSnapshot {
	e.mu.RLock()
	out := make([]ChannelSnapshot, 0, len(e.channels))
	for _, c := range e.channels {
		out = append(out, c.Snapshot())
	}
	e.mu.RUnlock()
	slices.SortFunc(out, func(a, b ChannelSnapshot) int {
		if d := a.Created.Compare(b.Created); d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}

// NewBridge makes an empty bridge.
func (e *Engine) NewBridge(cfg BridgeConfig) *Bridge {
	b := &Bridge{id: BridgeID(NewID()), engine: e, cfg: cfg}
	b.state = BridgeSnapshot{ID: b.id, Name: cfg.Name, Type: "mixing", Creator: cfg.Creator, Created: e.now()}
	e.mu.Lock()
	e.bridges[b.id] = b
	e.mu.Unlock()
	e.bus.Publish(event.Event{Type: event.BridgeCreated, Bridge: string(b.id), Data: b.Snapshot()})
	return b
}

func (e *Engine) forgetBridge(b *Bridge) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.bridges, b.id)
}

// Bridge finds a bridge by its id.
func (e *Engine) Bridge(id BridgeID) (*Bridge, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if b, ok := e.bridges[id]; ok {
		return b, nil
	}
	return nil, fault.New(fault.NotFound, "no bridge %q", clip(string(id)))
}

// Bridges is a snapshot of every bridge, oldest first.
func (e *Engine) Bridges() []BridgeSnapshot {
	e.mu.RLock()
	bridges := make([]*Bridge, 0, len(e.bridges))
	for _, b := range e.bridges {
		bridges = append(bridges, b)
	}
	e.mu.RUnlock()
	out := make([]BridgeSnapshot, len(bridges))
	for i, b := range bridges {
		out[i] = b.Snapshot()
	}
	slices.SortFunc(out, func(a, b BridgeSnapshot) int { return a.Created.Compare(b.Created) })
	return out
}

// Endpoints is a snapshot of the endpoints of every technology.
func (e *Engine) Endpoints() []EndpointSnapshot {
	e.mu.RLock()
	seen := make(map[Tech]bool)
	var techs []Tech
	for _, t := range e.techs {
		if !seen[t] {
			seen[t] = true
			techs = append(techs, t)
		}
	}
	e.mu.RUnlock()
	var out []EndpointSnapshot
	for _, t := range techs {
		out = append(out, t.Endpoints()...)
	}
	slices.SortFunc(out, func(a, b EndpointSnapshot) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Drain refuses new calls and waits until the last channel has gone, or ctx.
func (e *Engine) Drain(ctx context.Context) error {
	e.draining.Store(true)
	for {
		e.mu.RLock()
		n := len(e.channels)
		e.mu.RUnlock()
		if n == 0 {
			return nil
		}
		select {
		case <-e.empty:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Draining reports whether new calls are refused.
func (e *Engine) Draining() bool { return e.draining.Load() }

// HangupAll ends every channel.
func (e *Engine) HangupAll(cause Cause) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	for _, c := range e.channels {
		c.Hangup(cause)
	}
}
