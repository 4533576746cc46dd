package mixer

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/balance"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/playout"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/worker"
)

const (
	// lookInterval is how often the balancer looks at the workers.
	lookInterval = time.Second
	// settleLooks is for how many looks it waits after a move until what the workers say of
	// themselves shows it.
	settleLooks = 3
	// restTime is how long a room or pair stays where it is after a move.
	restTime = 10 * time.Second
	// keptMoves is how many moves EngineStats tells of.
	keptMoves = 16
)

// Move is a room or pair that went to another worker, because the one it was on was
// busier by much.
type Move struct {
	At time.Time
	// Room is the name of a room; pairs have none.
	Room     string
	Pair     bool
	From, To int // workers
	// Cost is the share of a worker's time that it takes, Busy the share that each of the
	// two workers was busy before.
	Cost             float64
	FromBusy, ToBusy float64
}

// balancer moves rooms and pairs between workers. It is the control side's.
type balancer struct {
	engine *Engine
	stop   chan struct{}
	done   chan struct{}

	// Of the goroutine.
	asked []asked // by the last look that decided anything
	wait  int     // looks

	mu    sync.Mutex
	count uint64
	moves []Move // the last, oldest first
}

// asked is a move that a worker was asked for.
type asked struct {
	Move
	home *worker.Home
}

// mobile is a room or pair for the balancer.
type mobile struct {
	work balance.Work
	room *Room
	pair *Pair
	home *worker.Home
	rest *time.Time
}

// run is the balancer's goroutine. It is owned by the engine and ends at stop.
func (b *balancer) run() {
	defer close(b.done)
	pause := time.NewTicker(lookInterval)
	defer pause.Stop()
	for {
		select {
		case now := <-pause.C:
			b.look(now)
		case <-b.stop:
			return
		}
	}
}

// look asks for the moves that even out the workers.
func (b *balancer) look(now time.Time) {
	b.settle()
	if b.wait--; b.wait > 0 {
		return
	}
	busy := make([]float64, len(b.engine.workers))
	for i, w := range b.engine.workers {
		busy[i] = math.Float64frombits(w.Stats.Busy.Load())
	}
	all := b.engine.mobiles(now)
	work := make([]balance.Work, len(all))
	for i := range all {
		work[i] = all[i].work
	}
	moves := balance.Decide(busy, b.engine.cfg.Budget, work)
	if len(moves) == 0 {
		b.split(busy)
	}
	for _, m := range moves {
		x := all[m.Work]
		from := x.work.Worker
		b.asked = append(b.asked, asked{home: x.home, Move: Move{
			At: now, Pair: x.pair != nil, From: from, To: m.To,
			Cost: x.work.Cost, FromBusy: busy[from], ToBusy: busy[m.To],
		}})
		if x.room != nil {
			b.asked[len(b.asked)-1].Room = x.room.Name()
		}
		*x.rest = now.Add(restTime)
		x.send(b.engine.workers[m.To])
		b.wait = settleLooks
	}
}

// settle tells of the moves that were asked for and done. A room that was closed or had
// failed meanwhile has stayed.
func (b *balancer) settle() {
	for i := range b.asked {
		a := &b.asked[i]
		if a.home.At.Load().Index != a.To {
			continue
		}
		b.engine.log.Info("mixer moved", "bridge", a.Room, "pair", a.Pair, "from", a.From, "to", a.To,
			"cost", percent(a.Cost), "from_busy", percent(a.FromBusy), "to_busy", percent(a.ToBusy))
		b.mu.Lock()
		b.count++
		b.moves = append(b.moves, a.Move)
		b.moves = b.moves[max(len(b.moves)-keptMoves, 0):]
		b.mu.Unlock()
	}
	b.asked = b.asked[:0]
}

// percent is a share for the log, to one place.
func percent(share float64) float64 { return math.Round(share*1000) / 10 }

// told is what EngineStats says of the moves.
func (b *balancer) told() (count uint64, moves []Move) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.count, slices.Clone(b.moves)
}

// send asks for the move.
func (x *mobile) send(to *worker.Worker) {
	if x.room != nil {
		r, luggage := x.room, playout.NewParcel(worker.SlotsPerLeg*x.room.Members()+luggagePackets)
		r.mail.Post(func(w *worker.Worker) *worker.Worker { return r.mix.Move(w, to, luggage) })
		return
	}
	p, luggage := x.pair, playout.NewParcel(luggagePackets)
	p.mail.Post(func(w *worker.Worker) *worker.Worker { return p.link.Move(w, to, luggage) })
}

// mobiles are the rooms and pairs there are, and what they cost.
func (e *Engine) mobiles(now time.Time) []mobile {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := make([]mobile, 0, len(e.rooms)+len(e.pairs))
	for r := range e.rooms {
		all = append(all, mobile{
			work: balance.Work{
				Worker: r.mix.Home.At.Load().Index, Cost: r.mix.Stats.MixTime.Share(),
				Fixed: now.Before(r.rests) || r.mix.Stats.Away.Load() > 0,
			},
			room: r, home: &r.mix.Home, rest: &r.rests,
		})
	}
	weights := make([]float64, len(e.workers)) // of all pairs of each
	pairs := len(all)
	for p := range e.pairs {
		k := mobile{pair: p, home: &p.link.Home, rest: &p.rests}
		k.work.Worker, k.work.Fixed, k.work.Cost = p.link.Home.At.Load().Index, now.Before(p.rests), p.weight()
		weights[k.work.Worker] += k.work.Cost
		all = append(all, k)
	}
	for i := range all[pairs:] {
		k := &all[pairs+i].work
		if sum := weights[k.Worker]; sum > 0 {
			k.Cost *= e.workers[k.Worker].Stats.Links.Share() / sum
		}
	}
	return all
}

// weight is what a pair costs, beside others: a direction that is decoded and encoded
// takes about as much as eight that are relayed.
func (p *Pair) weight() (sum float64) {
	forth, back := p.Modes()
	for _, m := range []PairMode{forth, back} {
		sum += [...]float64{PairIdle: 0.2, PairRelay: 1, PairPCM: 8}[m]
	}
	return sum
}
