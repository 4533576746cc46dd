package mixer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/doorbell"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/reports"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/ring"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/room"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/worker"
)

// Engine owns the workers, the event goroutine and everything that lives on them.
type Engine struct {
	cfg     Config
	codecs  media.Codecs
	log     *slog.Logger
	clock   pace.Clock
	workers []*worker.Worker
	balance balancer
	bell    doorbell.Bell            // by which workers wake others
	events  *ring.Queue[event.Event] // one for all workers: a port that moves must not have its events overtake each other
	stop    chan struct{}            // ends the event goroutine
	stopped chan struct{}
	reports *reports.Service

	notFIFO, notUring sync.Once // said

	mu     sync.Mutex
	closed bool
	number uint32 // of the last port
	ports  map[*Port]struct{}
	rooms  map[*Room]struct{}
	pairs  map[*Pair]struct{}
}

// New starts an engine. The error is of kind fault.Invalid for a bad Config.
func New(cfg Config, codecs media.Codecs, log *slog.Logger) (*Engine, error) {
	e, err := newEngine(cfg, codecs, log)
	if err != nil {
		return nil, err
	}
	if err := e.prepare(); err != nil {
		return nil, errors.Join(fmt.Errorf("mixer: %w", err), e.reports.Close(), e.bell.Close())
	}
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + cfg.procs())
	if err := pace.SetSlack(cfg.Slack); err != nil {
		log.Debug("threads keep the kernel's timer slack", "err", err)
	}
	for _, w := range e.workers {
		go w.Run() // owned by e, ended by Close
	}
	go e.deliverEvents() // owned by e, ended by Close
	go e.balance.run()   // owned by e, ended by Close
	return e, nil
}

// prepare begins what workers need.
func (e *Engine) prepare() error {
	if err := e.bell.Start(e.log); err != nil {
		return err
	}
	if err := e.reports.Start(); err != nil {
		return err
	}
	if e.cfg.IO == IOUring {
		return worker.ProbeUring()
	}
	return nil
}

// newEngine makes an engine that nothing drives yet.
func newEngine(cfg Config, codecs media.Codecs, log *slog.Logger) (*Engine, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	for _, c := range codecs {
		if err := leg.Mixable(c); err != nil {
			return nil, err
		}
	}
	c, err := pace.NewClock()
	if err != nil {
		return nil, fmt.Errorf("mixer: read the clock: %w", err)
	}
	e := &Engine{
		cfg: cfg, codecs: codecs, log: log, clock: c,
		stop: make(chan struct{}), stopped: make(chan struct{}),
		ports: make(map[*Port]struct{}), rooms: make(map[*Room]struct{}), pairs: make(map[*Pair]struct{}),
	}
	e.events, e.reports = ring.NewQueue[event.Event](cfg.EventBacklog, &e.bell), reports.New(cfg.Reports, &e.bell, log)
	e.balance = balancer{engine: e, stop: make(chan struct{}), done: make(chan struct{})}
	shared := worker.Config{
		FIFO: cfg.FIFO, Priority: cfg.Priority, Budget: cfg.Budget,
		Clock: c, Log: log, Events: e.events, Reports: e.reports, Bell: &e.bell, NotFIFO: &e.notFIFO,
		IO: cfg.IO, NotUring: &e.notUring,
	}
	for i := range cfg.workers() {
		e.workers = append(e.workers, worker.New(shared, i))
	}
	return e, nil
}

// NewPort makes an idle port around a transport. The error is of kind
// fault.Unsupported (no such transport), fault.Unavailable (the workers have no
// time left), fault.TooMany (Config.MaxPorts) or fault.Gone (the engine is
// closed); the transport then stays the caller's.
func (e *Engine) NewPort(cfg PortConfig) (*Port, error) {
	var sock *rtp.Socket
	var ring *Ring
	switch t := cfg.Transport.(type) {
	case *rtp.Socket:
		sock = t
	case *Ring:
		ring = t
		ring.Use(&e.bell)
	default:
		return nil, fault.New(fault.Unsupported, "mixer: a port cannot use a %T", cfg.Transport)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	w, err := e.place()
	if err != nil {
		return nil, err
	}
	if len(e.ports) >= e.cfg.MaxPorts {
		return nil, fault.New(fault.TooMany, "mixer: %d ports exist", len(e.ports))
	}
	p := &Port{engine: e, cfg: cfg, media: new(Media), gone: make(chan struct{})}
	p.leg.Init(leg.Config{
		Name: cfg.Name, SSRC: cfg.SSRC, Keepalive: cfg.Keepalive, JitterCap: e.cfg.JitterCap,
		MediaTimeout: cfg.MediaTimeout, HoldTimeout: cfg.HoldTimeout, ReportsAreLife: cfg.RTCPIsLife, MutedIsHeld: cfg.MutedIsHeld, Keying: cfg.Keying,
	}, p.media, sock, ring)
	p.leg.SettleAt(w, p, e.nextNumber())
	p.mail.Init(w, (*worker.Worker).Mail, func(w *worker.Worker, r any) { p.leg.FailSoon(&w.Bench, leg.Panicked(r)) })
	e.ports[p] = struct{}{}
	p.post(func(w *worker.Worker) *worker.Worker { p.leg.SettleSolo(w); return nil })
	return p, nil
}

// nextNumber is a number for a port. The caller holds e.mu.
func (e *Engine) nextNumber() uint32 {
	e.number = (e.number + 1) % room.FirstAnnouncement
	return e.number
}

// NewRoom makes an empty room. The error is of kind fault.Unavailable or
// fault.Gone.
func (e *Engine) NewRoom(cfg RoomConfig) (*Room, error) {
	if cfg.MaxMembers <= 0 || cfg.MaxMembers > e.cfg.MaxMembers {
		cfg.MaxMembers = e.cfg.MaxMembers
	}
	if cfg.Activity == (dsp.ActivityConfig{}) {
		cfg.Activity = dsp.DefaultActivity()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	w, err := e.place()
	if err != nil {
		return nil, err
	}
	// A playback goes by the first rate whoever listens.
	r := &Room{engine: e, cfg: cfg, rates: []int{rates.Hz[0]}}
	r.mix.Init(room.Config{Name: cfg.Name, MaxTalkers: cfg.MaxTalkers, Activity: cfg.Activity}, r)
	r.mix.SettleAt(w)
	r.mail.Init(w, (*worker.Worker).Mail, func(w *worker.Worker, why any) {
		w.FailRoom(&r.mix, leg.Panicked(why))
	})
	e.rooms[r] = struct{}{}
	r.mail.Post(func(w *worker.Worker) *worker.Worker { r.mix.Start(w); return nil })
	return r, nil
}

// NewPair makes a pair without ports. The error is of kind fault.Unavailable or
// fault.Gone.
func (e *Engine) NewPair() (*Pair, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w, err := e.place()
	if err != nil {
		return nil, err
	}
	p := &Pair{engine: e}
	p.link.SettleAt(w)
	p.mail.Init(w, (*worker.Worker).Mail, func(w *worker.Worker, why any) {
		e.log.Error("mixer pair panicked", "worker", w.Index, "err", leg.Panicked(why))
	})
	e.pairs[p] = struct{}{}
	return p, nil
}

// place is the worker with the most time left. The caller holds e.mu.
func (e *Engine) place() (*worker.Worker, error) {
	if e.closed {
		return nil, errEngineClosed
	}
	var best *worker.Worker
	for _, w := range e.workers {
		if !w.Budget.Overloaded() && (best == nil || w.Load() < best.Load()) {
			best = w
		}
	}
	if best == nil {
		return nil, errOverloaded
	}
	return best, nil
}

// Stats reads the counters.
func (e *Engine) Stats() EngineStats {
	e.mu.Lock()
	s := EngineStats{Ports: len(e.ports), Rooms: len(e.rooms), Pairs: len(e.pairs)}
	for r := range e.rooms {
		s.Lent += int(r.mix.Stats.Away.Load())
	}
	e.mu.Unlock()
	s.Moves, s.Moved = e.balance.told()
	for _, w := range e.workers {
		s.Workers = append(s.Workers, w.Snapshot())
		s.EventsLost += w.Out.Lost()
	}
	return s
}

// closeTimeout bounds how long Close waits for the workers to let go of their
// ports; they need a tick or two.
const closeTimeout = 5 * time.Second

// Close closes every port, room and pair, waits until their last events were
// delivered, and ends the workers. It may be called again, but not from an event
// handler.
func (e *Engine) Close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil
	}
	e.closed = true
	ports := slices.Collect(maps.Keys(e.ports))
	rooms, pairs := slices.Collect(maps.Keys(e.rooms)), slices.Collect(maps.Keys(e.pairs))
	e.mu.Unlock()
	close(e.balance.stop)
	<-e.balance.done
	for _, r := range rooms {
		r.Close()
	}
	for _, p := range pairs {
		p.Close()
	}

	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	var errs []error
	for _, p := range ports {
		p.Close()
	}
	for _, p := range ports {
		if err := p.Wait(ctx); err != nil {
			errs = append(errs, fmt.Errorf("mixer: close port %q: %w", p.cfg.Name, err))
		}
	}
	for _, w := range e.workers {
		w.Stop.Store(true)
	}
	for _, w := range e.workers {
		<-w.Done
	}
	var ended []func() bool
	for _, w := range e.workers {
		ended = append(ended, w.Finish)
	}
	errs = append(errs, finish(closeTimeout, ended...))
	close(e.stop)
	<-e.stopped
	errs = append(errs, e.reports.Close(), e.bell.Close())
	runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0)-e.cfg.procs(), 1))
	if err := pace.SetSlack(0); err != nil {
		e.log.Debug("threads keep the timer slack that they have", "err", err)
	}
	return errors.Join(errs...)
}

// finish lets workers that have ended do what is still asked of them, until there is nothing:
// what one does may ask something of another. Nobody else asks any more, so it ends by itself;
// should two ask each other for ever, it gives up.
func finish(patience time.Duration, workers ...func() bool) error {
	for limit := time.Now().Add(patience); ; {
		again := false
		for _, do := range workers {
			again = do() || again
		}
		switch {
		case !again:
			return nil
		case time.Now().After(limit):
			return fmt.Errorf("mixer: close: workers ask each other for ever (%v)", patience)
		}
	}
}

// deliverEvents is the event goroutine.
func (e *Engine) deliverEvents() {
	defer close(e.stopped)
	e.events.Run(e.stop, e.deliver)
	for _, w := range e.workers { // which have ended by now
		w.Out.Deliver(e.deliver)
	}
}

// deliver calls whom an event is for. A handler that panics loses its event only.
func (e *Engine) deliver(told *event.Event) {
	defer func() {
		if r := recover(); r != nil {
			e.log.Error("mixer event handler panicked", "event", told.Kind.String(), "err", leg.Panicked(r))
		}
	}()
	ev := public(told)
	switch ev.Kind {
	case Closed:
		e.release(ev.Port)
	case RemoteLearned:
		ev.Port.learned(ev.Addr)
	case PictureWanted:
		ev.Port.askForPicture()
	case RoomClosed:
		e.mu.Lock()
		delete(e.rooms, ev.Room)
		e.mu.Unlock()
	case PlaybackDone:
		if ev.Room != nil {
			ev.Room.played(told.Number)
		} else {
			ev.Port.played(told.Number)
		}
	case PortFailed, TransportError:
		e.log.Error("mixer "+ev.Kind.String(), "channel", ev.Port.Name(), "err", ev.Err)
	case RoomFailed:
		e.log.Error("mixer "+ev.Kind.String(), "bridge", ev.Room.Name(), "err", ev.Err)
	}
	switch {
	case ev.Room != nil:
		if f := ev.Room.cfg.Events; f != nil {
			f(ev)
		}
	case ev.Port.cfg.Events != nil:
		ev.Port.cfg.Events(ev)
	}
}

// release ends a port that its worker has let go of.
func (e *Engine) release(p *Port) {
	if err := p.endReports(); err != nil {
		e.log.Warn("mixer port's RTCP did not close", "channel", p.cfg.Name, "err", err)
	}
	if err := p.cfg.Transport.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		e.log.Warn("mixer port transport did not close", "channel", p.cfg.Name, "err", err)
	}
	e.mu.Lock()
	delete(e.ports, p)
	e.mu.Unlock()
	close(p.gone)
}

// forget takes a closed pair off the list.
func (e *Engine) forget(p *Pair) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.pairs, p)
}

var (
	errEngineClosed = fault.New(fault.Gone, "mixer: engine closed")
	errOverloaded   = fault.New(fault.Unavailable, "mixer: no time left for more work")
)
