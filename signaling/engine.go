// Package signaling holds the calls: channels (one party each, one actor each),
// bridges that join them, and the engine that makes both. It knows neither SIP
// nor WebRTC; technologies below signaling/tech hand it legs.
//
// Goroutines: one per channel while its actor has work, and one per channel that runs a
// dialplan; both end with the channel. One for what Channel.When has to do, which ends by
// itself. A panic in any of them ends its own call only.
package signaling

import (
	"cmp"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/crew"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/internal/identity"
)

// Config is what an engine is made of.
type Config struct {
	Mixer *mixer.Engine
	Log   *slog.Logger
	// MaxChannels bounds the channels alive at once; 0 means 20000.
	MaxChannels int
	// Now is the clock of events and times; nil is time.Now.
	Now func() time.Time
	// Crew has the goroutines of calls; nil makes each anew.
	Crew *crew.Crew
	// Music is what parties on hold hear; nil is silence.
	Music Music
}

// Music has the classes of music on hold. Its methods do not wait.
type Music interface {
	// Room is where a class plays; the default class where the name is empty.
	Room(class string) (*mixer.Room, error)
}

const defaultMaxChannels = 20000

// Engine owns every channel and bridge of the process.
type Engine struct {
	mixer *mixer.Engine
	log   *slog.Logger
	bus   *event.Bus
	now   func() time.Time
	max   int
	ids   identity.Source
	begun time.Time
	music Music
	crew  *crew.Crew

	mu       sync.RWMutex // guards what follows, never held while waiting
	channels map[ChannelID]*Channel
	bridges  map[BridgeID]*Bridge
	techs    map[string]namedTech // by name in upper case
	alive    int                  // channels that are not gone
	empty    chan struct{}        // closed when none is; nil when nobody waits for it

	draining  atomic.Bool
	processed atomic.Uint64
}

type namedTech struct {
	Tech
	name string // as in channel names
}

// New makes an engine without technologies; AddTech brings them.
func New(cfg Config) *Engine {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.MaxChannels == 0 {
		cfg.MaxChannels = defaultMaxChannels
	}
	return &Engine{
		mixer:    cfg.Mixer,
		log:      cfg.Log,
		bus:      event.NewBus(cfg.Now),
		now:      cfg.Now,
		max:      cfg.MaxChannels,
		begun:    cfg.Now(),
		music:    cfg.Music,
		crew:     cfg.Crew,
		channels: make(map[ChannelID]*Channel),
		bridges:  make(map[BridgeID]*Bridge),
		techs:    make(map[string]namedTech),
	}
}

// AddTech makes a technology dialable under its name and further ones, which
// compare without case. It is called before the first call.
func (e *Engine) AddTech(t Tech, aliases ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, name := range append([]string{t.Name()}, aliases...) {
		e.techs[strings.ToUpper(name)] = namedTech{t, name}
	}
}

// Bus is where the engine publishes events.
func (e *Engine) Bus() *event.Bus { return e.bus }

// Mixer is the engine's media plane.
func (e *Engine) Mixer() *mixer.Engine { return e.mixer }

// Crew is Config's, nil for none.
func (e *Engine) Crew() *crew.Crew { return e.crew }

// Started is when the engine was made.
func (e *Engine) Started() time.Time { return e.begun }

// Now is the engine's clock.
func (e *Engine) Now() time.Time { return e.now() }

// Processed is the number of calls so far, those under way included. Channels that
// were dialled belong to the call of who dialled them.
func (e *Engine) Processed() uint64 { return e.processed.Load() }

// Tech finds a technology by name.
func (e *Engine) Tech(name string) (Tech, error) {
	t, _, err := e.tech(name)
	return t, err
}

// tech is Tech, with the name as channels bear it.
func (e *Engine) tech(name string) (Tech, string, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if t, ok := e.techs[strings.ToUpper(name)]; ok {
		return t.Tech, t.name, nil
	}
	return nil, "", fault.New(fault.NotFound, "no technology %.64q", name)
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
	return nil, fault.New(fault.NotFound, "no channel %.64q", idOrName)
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
		return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.Name, b.Name))
	})
	return out
}

// Bridge finds a bridge by its id.
func (e *Engine) Bridge(id BridgeID) (*Bridge, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if b, ok := e.bridges[id]; ok {
		return b, nil
	}
	return nil, fault.New(fault.NotFound, "no bridge %.64q", string(id))
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
	slices.SortFunc(out, func(a, b BridgeSnapshot) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// Endpoints is a snapshot of the endpoints of every technology.
func (e *Engine) Endpoints() []EndpointSnapshot {
	e.mu.RLock()
	seen := make(map[Tech]bool)
	var techs []Tech
	for _, t := range e.techs {
		if !seen[t.Tech] {
			seen[t.Tech] = true
			techs = append(techs, t.Tech)
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
