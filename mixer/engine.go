package mixer

import (
	"log/slog"
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
)

// Engine owns the workers, the event goroutine and everything that lives on them.
type Engine struct {
	cfg     Config
	codecs  media.Codecs
	log     *slog.Logger
	workers []*worker

	mu     sync.Mutex
	closed bool
	ports  map[*Port]struct{}
	rooms  map[*Room]struct{}
	pairs  map[*Pair]struct{}
}

// New starts an engine. The error is of kind fault.Invalid.
func New(cfg Config, codecs media.Codecs, log *slog.Logger) (*Engine, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	e := &Engine{
		cfg: cfg, codecs: codecs, log: log,
		ports: make(map[*Port]struct{}), rooms: make(map[*Room]struct{}), pairs: make(map[*Pair]struct{}),
	}
	for range cfg.workers() {
		e.workers = append(e.workers, &worker{})
	}
	return e, nil
}

// NewPort makes an idle port around a transport. The error is of kind
// fault.Invalid, fault.Unsupported (no such transport), fault.Unavailable (the
// workers have no time left), fault.TooMany (Config.MaxPorts) or fault.Gone (the
// engine is closed); the transport then stays the caller's.
func (e *Engine) NewPort(cfg PortConfig) (*Port, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, errEngineClosed
	}
	if len(e.ports) >= e.cfg.MaxPorts {
		return nil, fault.New(fault.TooMany, "mixer: %d ports exist", len(e.ports))
	}
	p := &Port{engine: e, cfg: cfg, gone: make(chan struct{})}
	p.mail.owner.Store(e.workers[0])
	e.ports[p] = struct{}{}
	return p, nil
}

// NewRoom makes an empty room. The errors are those of NewPort.
func (e *Engine) NewRoom(cfg RoomConfig) (*Room, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, errEngineClosed
	}
	r := &Room{engine: e, cfg: cfg, home: e.workers[0]}
	r.mail.owner.Store(r.home)
	e.rooms[r] = struct{}{}
	return r, nil
}

// NewPair makes a pair without ports. The errors are those of NewPort.
func (e *Engine) NewPair() (*Pair, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, errEngineClosed
	}
	p := &Pair{engine: e, home: e.workers[0]}
	p.mail.owner.Store(p.home)
	e.pairs[p] = struct{}{}
	return p, nil
}

// Stats reads the counters.
func (e *Engine) Stats() EngineStats {
	e.mu.Lock()
	defer e.mu.Unlock()
	return EngineStats{Ports: len(e.ports), Rooms: len(e.rooms), Pairs: len(e.pairs)}
}

// Stats reads the port's counters.
func (p *Port) Stats() PortStats { return p.stats.load() }

// Close closes every port, room and pair, waits until their last events were
// delivered, and ends the workers. It may be called again.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	return nil
}

var (
	errEngineClosed = fault.New(fault.Gone, "mixer: engine closed")
	errOverloaded   = fault.New(fault.Unavailable, "mixer: no time left for more work")
)
