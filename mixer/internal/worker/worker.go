package worker

import (
	"log/slog"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/doorbell"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/mailbox"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/reports"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/ring"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/room"
)

// Worker is one thread of the media plane, and everything that lives on it.
type Worker struct {
	room.Floor
	cfg Config

	base  Home // of legs in no conversation
	inbox mailbox.Inbox[Worker]
	Stop  atomic.Bool
	Done  chan struct{}

	Wall func() int64 // unix nanoseconds
	late int64        // nanoseconds by which the tick began too late

	solos   [pace.TicksPerFrame][]*Seat
	rooms   [pace.TicksPerFrame][]*Room
	links   []*Pair
	annexes []*Annex                // of rooms at other workers
	split   []*Room                 // with members at other workers
	phases  [pace.TicksPerFrame]int // legs whose frames are made then
	turns   [pace.TicksPerFrame]int // the room to begin with
	spin    int                     // the link to begin with

	soloTurns [pace.TicksPerFrame]int // the solo leg to begin with

	failingRooms []roomFailure
	leaving      []*Room // that end when all their members are home
	unseen       []*Room // whose joins and leaves are not published yet

	Budget    pace.Budget
	linksTime int64 // processor time of links in the frame that is measured
	Stats     Stats
	Legs      atomic.Int64
	Homes     atomic.Int64 // rooms and pairs that live here
}

type roomFailure struct {
	room *Room
	err  error
}

// Config is what a worker is made with; all but FIFO, priority and budget it shares
// with the others.
type Config struct {
	FIFO     bool
	Priority int
	Budget   float64 // share of its time
	Clock    pace.Clock
	Log      *slog.Logger
	Events   *ring.Queue[event.Event]
	Reports  *reports.Service
	Bell     *doorbell.Bell
	NotFIFO  *sync.Once // said
	IO       IO
	NotUring *sync.Once // said
}

// New makes a worker that nothing drives yet.
func New(cfg Config, index int) *Worker {
	w := &Worker{cfg: cfg, Done: make(chan struct{})}
	w.Floor.Init(index, cfg.Log, cfg.Events, cfg.Reports, cfg.Bell)
	w.Wall = func() int64 { return time.Now().UnixNano() }
	w.base.At.Store(w)
	w.Budget.Init(cfg.Budget, cfg.Clock.Now, pace.ThreadTime)
	return w
}

// Mail is where boxes with commands for the worker queue.
func (w *Worker) Mail() *mailbox.Inbox[Worker] { return &w.inbox }

// Run is the worker's goroutine. It is owned by the engine and ends at stop; the
// thread, with its scheduling, ends with it.
func (w *Worker) Run() {
	defer close(w.Done)
	c := w.cfg.Clock
	runtime.LockOSThread()
	how := pace.Schedule(w.cfg.FIFO, w.cfg.Priority)
	w.Stats.scheduling.Store(&how)
	w.Log.Info("mixer worker started", "worker", w.Index, "scheduling", how)
	if w.cfg.FIFO && how != pace.FIFO {
		w.cfg.NotFIFO.Do(func() {
			w.Log.Warn("the mixer has no real-time scheduling (CAP_SYS_NICE); on a busy machine audio may stutter", "scheduling", how)
		})
	}

	w.OpenIO()
	defer w.CloseIO()

	tick := c.Now() / int64(pace.Tick)
	for !w.Stop.Load() {
		tick++
		due := tick * int64(pace.Tick)
		pace.SleepUntil(due)
		late := c.Now() - due
		w.Stats.Late(late)
		if late > int64(catchUp) {
			missed := late / int64(pace.Tick)
			w.Stats.missed.Add(uint64(missed))
			tick += missed
		}
		w.late = max(c.Now()-tick*int64(pace.Tick), 0)
		w.Step(tick)
	}
}

// Finish does what was asked of the worker since its last tick, and reports whether
// that was anything. It runs when the workers have ended. Events that find no room are
// left in out, for the event goroutine.
func (w *Worker) Finish() bool {
	some := w.inbox.Serve(w)
	for _, a := range w.annexes {
		if a.recall.Load() {
			a.releaseAll(w)
		}
	}
	w.Settle()
	w.publishMembers()
	return some || len(w.leaving) > 0
}

// catchUp is how late a worker may come back and still run every tick it owes.
const catchUp = 100 * time.Millisecond

// Step is one tick.
func (w *Worker) Step(tick int64) {
	w.Now = pace.Moment{Tick: tick, Wall: w.Wall(), Late: w.late}
	w.Budget.Begin()
	w.Settle()
	w.inbox.Serve(w)
	w.welcomeAll()
	w.publishMembers()
	w.collect()
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
	w.runAnnexes(w.pastSolos)
	w.runRooms(phase)
	w.runAnnexes(w.Budget.Spent)
	links = w.runLinks(links, w.Budget.Spent)
	solos = w.runSolos(phase, solos, w.Budget.Spent)
	w.flush()
	w.Stats.skipped.Add(uint64(links + solos))
	w.Budget.End()
	w.publish()
}

// Settle does what could not be done in the middle of a tick.
func (w *Worker) Settle() {
	w.Out.Pay()
	w.settleLeaving()
	w.settleFailures()
}

// settleFailures ends what failed. Nobody may be iterating over legs or rooms.
func (w *Worker) settleFailures() {
	for i := range w.Failing {
		f := w.Failing[i]
		w.Failing[i] = leg.Failure{}
		if !f.Leg.Closed {
			w.guarded(func() { seatOf(f.Leg).failHere(w, f.Err) })
		}
	}
	w.Failing = w.Failing[:0]
	for i := range w.failingRooms {
		f := w.failingRooms[i]
		w.failingRooms[i] = roomFailure{}
		if f.room.Open && !f.room.leaving {
			w.guarded(func() { f.room.fail(w, f.err) })
		}
	}
	w.failingRooms = w.failingRooms[:0]
}

// guarded runs what cleans up after a panic, which may panic too.
func (w *Worker) guarded(f func()) {
	defer w.Rescue()
	w.Current = nil
	f()
}

func (w *Worker) runRooms(phase int64) {
	rooms := w.rooms[phase]
	if w.turns[phase] >= len(rooms) {
		w.turns[phase] = 0
	}
	first := w.turns[phase]
	for i := range rooms {
		at := (first + i) % len(rooms)
		w.collectMore()
		if w.Budget.Spent() {
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

func (w *Worker) runRoom(x *Room) {
	defer w.rescueRoom(x)
	if x.leaving {
		return
	}
	if !x.Metered() {
		x.run(w)
		return
	}
	from := w.Budget.Used()
	x.run(w)
	x.Stats.MixTime.Add(w.Budget.Used() - from)
}

// rescueRoom ends the port whose work panicked, or the room when it was the
// room's own.
func (w *Worker) rescueRoom(x *Room) {
	r := recover() //nolint:revive // callers defer this method
	if r == nil {
		return
	}
	err := leg.Panicked(r)
	w.Batches.Drop()
	if w.Current != nil {
		w.Current.FailSoon(&w.Bench, err)
		w.Current = nil
		return
	}
	w.FailRoom(x, err)
}

// FailRoom ends a room at the start of the next tick, when nobody iterates over rooms.
func (w *Worker) FailRoom(x *Room, err error) {
	w.failingRooms = append(w.failingRooms, roomFailure{x, err})
}

// lookEvery is how many links or solo legs run between two looks at the budget.
const lookEvery = 16

// The shares of a tick that links, and then solo legs, may use up before rooms.
const (
	linksShare = 0.5
	solosShare = 0.75
)

func (w *Worker) pastLinks() bool { return w.Budget.Beyond(linksShare) }
func (w *Worker) pastSolos() bool { return w.Budget.Beyond(solosShare) }

// runLinks runs n links, or as many as there is time for, and returns how many are
// left.
func (w *Worker) runLinks(n int, past func() bool) (left int) {
	return inTurn(w, w.links, n, &w.spin, past, w.runLink)
}

// runSolos is runLinks for the solo legs of a phase.
func (w *Worker) runSolos(phase int64, n int, past func() bool) (left int) {
	return inTurn(w, w.solos[phase], n, &w.soloTurns[phase], past, w.runSolo)
}

// inTurn runs n of a list, or as many as there is time for, from the one whose turn
// it is. The first of those that are left has the next turn.
func inTurn[T any](w *Worker, list []T, n int, turn *int, past func() bool, run func(T)) (left int) {
	if n == 0 {
		return 0
	}
	for i := range n {
		if i%lookEvery == 0 && past() {
			left = n - i
			break
		}
		if i%lookEvery == 0 {
			w.collectMore()
		}
		if *turn >= len(list) {
			*turn = 0
		}
		run(list[*turn])
		*turn++
	}
	w.SendSpeakers()
	return left
}

func (w *Worker) runLink(k *Pair) {
	defer w.Rescue()
	k.run(w)
}

func (w *Worker) runSolo(s *Seat) {
	defer w.Rescue()
	w.Current = &s.Leg
	s.SoloFrame(&w.Bench)
	w.Current = nil
}

// homeWeight is how many legs a room or pair stands for that may yet fill.
const homeWeight = 4

// Load orders workers by how much they have to do; safe from anywhere.
func (w *Worker) Load() int64 {
	busy := math.Float64frombits(w.Stats.Busy.Load())
	return homeWeight*w.Homes.Load() + w.Legs.Load() + int64(busy*1000)
}
