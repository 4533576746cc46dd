package mixer

import (
	"log/slog"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/mailbox"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/reports"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/ring"
)

// worker is one thread of the media plane, and everything that lives on it.
type worker struct {
	floor
	cfg workerConfig

	base  home // of legs in no conversation
	inbox mailbox.Inbox[worker]
	stop  atomic.Bool
	done  chan struct{}

	wall func() int64 // unix nanoseconds
	late int64        // nanoseconds by which the tick began too late

	solos  [pace.TicksPerFrame][]*seat
	rooms  [pace.TicksPerFrame][]*hall
	links  []*couple
	phases [pace.TicksPerFrame]int // legs whose frames are made then
	turns  [pace.TicksPerFrame]int // the room to begin with
	spin   int                     // the link to begin with

	soloTurns [pace.TicksPerFrame]int // the solo leg to begin with

	failingRooms []roomFailure
	unseen       []*hall // whose joins and leaves are not published yet

	budget    pace.Budget
	linksTime int64 // processor time of links in the frame that is measured
	stats     workerStats
	legs      atomic.Int64
	homes     atomic.Int64 // rooms and pairs that live here
}

type roomFailure struct {
	room *hall
	err  error
}

// workerConfig is what a worker is made with; all but FIFO, priority and budget it shares
// with the others.
type workerConfig struct {
	fifo     bool
	priority int
	budget   float64 // share of its time
	clock    pace.Clock
	log      *slog.Logger
	events   *ring.Queue[event.Event]
	reports  *reports.Service
	notFIFO  *sync.Once // said
}

func newWorker(cfg workerConfig, index int) *worker {
	w := &worker{cfg: cfg, done: make(chan struct{})}
	w.floor.init(index, cfg.log, cfg.events, cfg.reports)
	w.wall = func() int64 { return time.Now().UnixNano() }
	w.base.at.Store(w)
	w.budget.Init(cfg.budget, cfg.clock.Now, pace.ThreadTime)
	return w
}

// mail is where boxes with commands for the worker queue.
func (w *worker) mail() *mailbox.Inbox[worker] { return &w.inbox }

// run is the worker's goroutine. It is owned by the engine and ends at stop; the
// thread, with its scheduling, ends with it.
func (w *worker) run() {
	defer close(w.done)
	c := w.cfg.clock
	runtime.LockOSThread()
	how := pace.Schedule(w.cfg.fifo, w.cfg.priority)
	w.stats.scheduling.Store(&how)
	w.log.Info("mixer worker started", "worker", w.index, "scheduling", how)
	if w.cfg.fifo && how != pace.FIFO {
		w.cfg.notFIFO.Do(func() {
			w.log.Warn("the mixer has no real-time scheduling (CAP_SYS_NICE); on a busy machine audio may stutter", "scheduling", how)
		})
	}

	tick := c.Now() / int64(pace.Tick)
	for !w.stop.Load() {
		tick++
		due := tick * int64(pace.Tick)
		pace.SleepUntil(due)
		late := c.Now() - due
		w.stats.late(late)
		if late > int64(catchUp) {
			missed := late / int64(pace.Tick)
			w.stats.missed.Add(uint64(missed))
			tick += missed
		}
		w.late = max(c.Now()-tick*int64(pace.Tick), 0)
		w.step(tick)
	}
}

// finish does what was asked of the worker since its last tick, and reports whether
// that was anything. It runs when the workers have ended. Events that find no room are
// left in out, for the event goroutine.
func (w *worker) finish() bool {
	some := w.inbox.Serve(w)
	w.settle()
	w.publishMembers()
	return some
}

// catchUp is how late a worker may come back and still run every tick it owes.
const catchUp = 100 * time.Millisecond

// step is one tick.
func (w *worker) step(tick int64) {
	w.now = pace.Moment{Tick: tick, Wall: w.wall(), Late: w.late}
	w.budget.Begin()
	w.settle()
	w.inbox.Serve(w)
	w.publishMembers()
	phase := tick % pace.TicksPerFrame
	// Rooms are what fills a worker. Two who talk to each other, and who hears a
	// prompt alone, come before them, with a share of the tick; what does not fit into
	// it waits for what the rooms leave.
	from, metered := w.meterLinks()
	links := w.runLinks(len(w.links), w.pastLinks)
	if metered {
		w.meteredLinks(from)
	}
	solos := w.runSolos(phase, len(w.solos[phase]), w.pastSolos)
	w.runRooms(phase)
	links = w.runLinks(links, w.budget.Spent)
	solos = w.runSolos(phase, solos, w.budget.Spent)
	w.stats.skipped.Add(uint64(links + solos))
	w.budget.End()
	w.publish()
}

// settle does what could not be done in the middle of a tick.
func (w *worker) settle() {
	w.out.Pay()
	w.settleFailures()
}

// settleFailures ends what failed. Nobody may be iterating over legs or rooms.
func (w *worker) settleFailures() {
	for i := range w.failing {
		f := w.failing[i]
		w.failing[i] = failure{}
		if !f.leg.closed {
			w.guarded(func() { seatOf(f.leg).fail(w, f.err) })
		}
	}
	w.failing = w.failing[:0]
	for i := range w.failingRooms {
		f := w.failingRooms[i]
		w.failingRooms[i] = roomFailure{}
		if f.room.open {
			w.guarded(func() { f.room.fail(w, f.err) })
		}
	}
	w.failingRooms = w.failingRooms[:0]
}

// guarded runs what cleans up after a panic, which may panic too.
func (w *worker) guarded(f func()) {
	defer w.rescue()
	w.current = nil
	f()
}

func (w *worker) runRooms(phase int64) {
	rooms := w.rooms[phase]
	if w.turns[phase] >= len(rooms) {
		w.turns[phase] = 0
	}
	first := w.turns[phase]
	for i := range rooms {
		at := (first + i) % len(rooms)
		if w.budget.Spent() {
			// They go first next time.
			w.turns[phase] = at
			for j := i; j < len(rooms); j++ {
				rooms[(first+j)%len(rooms)].skip(w)
			}
			return
		}
		w.runRoom(rooms[at])
	}
}

func (w *worker) runRoom(x *hall) {
	defer w.rescueRoom(x)
	if !x.metered() {
		x.run(w)
		return
	}
	from := w.budget.Used()
	x.run(w)
	x.stats.mixTime.add(w.budget.Used() - from)
}

// rescueRoom ends the port whose work panicked, or the room when it was the
// room's own.
func (w *worker) rescueRoom(x *hall) {
	r := recover() //nolint:revive // callers defer this method
	if r == nil {
		return
	}
	err := panicked(r)
	w.batches.Drop()
	if w.current != nil {
		w.current.failSoon(&w.bench, err)
		w.current = nil
		return
	}
	w.failingRooms = append(w.failingRooms, roomFailure{x, err})
}

// lookEvery is how many links or solo legs run between two looks at the budget.
const lookEvery = 16

// The shares of a tick that links, and then solo legs, may use up before rooms.
const (
	linksShare = 0.5
	solosShare = 0.75
)

func (w *worker) pastLinks() bool { return w.budget.Beyond(linksShare) }
func (w *worker) pastSolos() bool { return w.budget.Beyond(solosShare) }

// runLinks runs n links, or as many as there is time for, and returns how many are
// left.
func (w *worker) runLinks(n int, past func() bool) (left int) {
	return inTurn(w, w.links, n, &w.spin, past, w.runLink)
}

// runSolos is runLinks for the solo legs of a phase.
func (w *worker) runSolos(phase int64, n int, past func() bool) (left int) {
	return inTurn(w, w.solos[phase], n, &w.soloTurns[phase], past, w.runSolo)
}

// inTurn runs n of a list, or as many as there is time for, from the one whose turn
// it is. The first of those that are left has the next turn.
func inTurn[T any](w *worker, list []T, n int, turn *int, past func() bool, run func(T)) (left int) {
	if n == 0 {
		return 0
	}
	for i := range n {
		if i%lookEvery == 0 && past() {
			left = n - i
			break
		}
		if *turn >= len(list) {
			*turn = 0
		}
		run(list[*turn])
		*turn++
	}
	w.sendSpeakers()
	return left
}

func (w *worker) runLink(k *couple) {
	defer w.rescue()
	k.run(w)
}

func (w *worker) runSolo(s *seat) {
	defer w.rescue()
	w.current = &s.leg
	s.soloFrame(&w.bench)
	w.current = nil
}

// homeWeight is how many legs a room or pair stands for that may yet fill.
const homeWeight = 4

// load orders workers by how much they have to do; safe from anywhere.
func (w *worker) load() int64 {
	busy := math.Float64frombits(w.stats.busy.Load())
	return homeWeight*w.homes.Load() + w.legs.Load() + int64(busy*1000)
}
