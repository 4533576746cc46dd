package overload

import (
	"hash/maphash"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// interval is how often signals become a state.
const interval = 100 * time.Millisecond

// Measure gives what a Gate cannot measure itself. A nil function is nothing.
type Measure struct {
	// Late is what all but one in a hundred ticks of the mixer since the last call were
	// late at most.
	Late func() time.Duration
	// Memory, Descriptors and Ports are the parts of what there is that are in use.
	Memory, Descriptors, Ports func() float64
	// Known tells whether who sent a request is no stranger. What a stranger writes, be it
	// credentials or the number of the fire brigade, gets no preference.
	Known func(*message.Request) bool
}

// slowly is how many intervals pass between two looks at what changes slowly.
const slowly = 10

// Gate refuses new work by the state of the server. It is safe for concurrent use.
type Gate struct {
	log     *slog.Logger
	measure Measure
	seed    maphash.Seed
	cfg     atomic.Pointer[Config]
	state   atomic.Pointer[State]
	filled  atomic.Pointer[func() float64]
	drained atomic.Bool

	queued  least // on the way to its handler
	read    least // in the socket
	refused atomic.Uint64

	stop chan struct{}
	done sync.WaitGroup
}

// New makes a gate of a sound configuration, which measures until Close.
func New(cfg Config, m Measure, log *slog.Logger) *Gate {
	g := newGate(cfg, m, log)
	g.done.Go(func() { // owned by g, ended by Close
		defer guard.Recover(log, "overload control")
		g.run()
	})
	return g
}

func newGate(cfg Config, m Measure, log *slog.Logger) *Gate {
	g := &Gate{log: log, measure: m, seed: maphash.MakeSeed(), stop: make(chan struct{})}
	g.cfg.Store(&cfg)
	g.state.Store(&State{})
	return g
}

// Configure changes the settings.
func (g *Gate) Configure(cfg Config) { g.cfg.Store(&cfg) }

// Drain refuses every new call, subscription and message from now on; registrations are
// taken as before.
func (g *Gate) Drain() { g.drained.Store(true) }

// Close ends the measuring; the last state stays.
func (g *Gate) Close() {
	close(g.stop)
	g.done.Wait()
}

// Watch has the gate look at a table of transactions as well: filled is the part of it that
// is in use, 0 to 1.
func (g *Gate) Watch(filled func() float64) {
	if g != nil { // who has no gate has none that looks
		g.filled.Store(&filled)
	}
}

// Queued is told how long a request has waited for its handler.
func (g *Gate) Queued(d time.Duration) {
	if g != nil { // who has no gate is told nothing
		g.queued.note(d)
	}
}

// Unread is told how long a datagram has waited in its socket.
func (g *Gate) Unread(d time.Duration) { g.read.note(d) }

// The Retry-After of what is refused is spread over so many seconds.
const (
	retryLeast  = 5
	retrySpread = 10
)

// Admit tells whether a request outside of any dialog is taken, and else when it may be
// tried again, in seconds. A request that is repeated gets the same answer as long as
// the state is the same.
func (g *Gate) Admit(req *message.Request) (retryAfter int, ok bool) {
	state := g.state.Load()
	pressure := state.Portless
	if req.Method() == "INVITE" {
		pressure = state.Pressure
	}
	drained := g.drained.Load() && req.Method() != "REGISTER" && req.Method() != "OPTIONS"
	if pressure == 0 && !drained {
		return 0, true
	}
	dice := maphash.String(g.seed, req.CallID()) ^ uint64(req.Seq())*0x9e3779b97f4a7c15
	retryAfter = retryLeast + int(dice%(retrySpread+1)) //nolint:gosec // bounded
	if drained {
		g.refused.Add(1)
		return retryAfter, false
	}
	k := classOf(req.Method(), req.URI().User, req.HasHeader("Authorization"), g.cfg.Load().Emergency,
		func() bool { return g.measure.Known != nil && g.measure.Known(req) })
	if float64(dice>>11)/(1<<53) >= k.refused(pressure) {
		return 0, true
	}
	g.refused.Add(1)
	return retryAfter, false
}

// State is how much is refused now.
func (g *Gate) State() State { return *g.state.Load() }

// Draining tells whether Drain was called.
func (g *Gate) Draining() bool { return g.drained.Load() }

// Refused is how many requests were.
func (g *Gate) Refused() uint64 { return g.refused.Load() }

func (g *Gate) run() {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	var m meter
	for {
		select {
		case <-tick.C:
			m.step(g)
		case <-g.stop:
			return
		}
	}
}

// meter is what the measuring goroutine remembers.
type meter struct {
	control Control
	signals Signals
	n       int
	since   time.Time // when refusing began; zero at rest
	before  uint64    // refused by then
	calm    int       // intervals without pressure
}

// calmFor is how many intervals without pressure end an overload.
const calmFor = 20

func (m *meter) step(g *Gate) {
	m.signals.Ticks = m.n%slowly == 0
	if m.signals.Ticks {
		m.signals.Late = 0
		if g.measure.Late != nil {
			m.signals.Late = g.measure.Late()
		}
		m.signals.Memory, m.signals.Descriptors, m.signals.Ports = part(g.measure.Memory), part(g.measure.Descriptors), part(g.measure.Ports)
	}
	if filled := g.filled.Load(); filled != nil { // a flood fills it within seconds
		m.signals.Transactions = (*filled)()
	}
	m.n++
	m.signals.Queue = g.queued.take() + g.read.take()
	state := m.control.Step(g.cfg.Load(), m.signals)
	g.state.Store(&state)
	m.tell(g, state)
}

func part(f func() float64) float64 {
	if f == nil {
		return 0
	}
	return f()
}

// tell logs the beginning and the end of an overload.
func (m *meter) tell(g *Gate, s State) {
	switch {
	case s.Pressure > 0 && m.since.IsZero():
		m.since, m.before = time.Now(), g.refused.Load()
		g.log.Warn("overload: new work is refused by probability", "short", s.Short, "pressure", math.Round(100*s.Pressure)/100)
		fallthrough
	case s.Pressure > 0:
		m.calm = 0
	case !m.since.IsZero():
		if m.calm++; m.calm == calmFor {
			g.log.Info("overload has ended", "lasted", time.Since(m.since).Round(time.Second), "refused", g.refused.Load()-m.before)
			m.since, m.calm = time.Time{}, 0
		}
	}
}

// least keeps the least of the durations of an interval, and how many there were.
type least struct {
	v atomic.Int64 // one more than the duration; 0 for none
	n atomic.Int64
}

// enough is how many requests in an interval tell of a queue: where fewer come, a slow
// one is no queue.
const enough = 10

func (l *least) note(d time.Duration) {
	l.n.Add(1)
	n := max(0, int64(d)) + 1
	for {
		old := l.v.Load()
		if old != 0 && old <= n || l.v.CompareAndSwap(old, n) {
			return
		}
	}
}

// take gives the least, 0 where it tells nothing, and begins anew.
func (l *least) take() time.Duration {
	v, n := l.v.Swap(0), l.n.Swap(0)
	if n < enough {
		return 0
	}
	return time.Duration(v - 1)
}
