// Package balance decides which rooms and pairs are to move to another worker, by how
// busy the workers are and what each room and pair costs. It only decides, and starts no
// goroutine.
package balance

import "math"

const (
	// minGap is how much of its time, as a share, the busiest worker must be busier than
	// the idlest before anything moves. What is within it is chance.
	minGap = 0.15
	// enough is the gap at which nothing more moves.
	enough = 0.05
	// minGain is how much smaller the gap must become by moving what then leaves the other
	// worker the busier one.
	minGain = 0.05
	// leastCost is a share of time that is not worth a move.
	leastCost = 0.0005
	// headroom is the part of the budget that a move may fill up.
	headroom = 0.9
	// maxMoves bounds the moves decided at one time.
	maxMoves = 16
)

// Work is something that lives on a worker.
type Work struct {
	Worker int     // its index
	Cost   float64 // the share of a worker's time that it takes
	Fixed  bool    // it may not move now
}

// Move is a decision.
type Move struct {
	Work int // its index
	To   int // the worker
}

// Decide says what is to move, given the share of its time that each worker is busy and
// the share it may use at most. It is nothing while workers are about equally busy, and
// never more than the idlest of them can take.
func Decide(busy []float64, budget float64, work []Work) []Move {
	from, to := 0, 0
	for i := range busy {
		if busy[i] > busy[from] {
			from = i
		}
		if busy[i] < busy[to] {
			to = i
		}
	}
	if len(busy) == 0 || busy[from]-busy[to] < minGap {
		return nil
	}
	gap, room := busy[from]-busy[to], headroom*budget-busy[to]
	var moves []Move
	gone := make([]bool, len(work))
	for gap > enough && len(moves) < maxMoves {
		best, left := -1, math.Inf(1)
		for i, k := range work {
			if k.Worker != from || k.Fixed || gone[i] || k.Cost < leastCost || k.Cost > room {
				continue
			}
			after := math.Abs(gap - 2*k.Cost)
			if k.Cost > gap/2 && gap-after < minGain {
				continue // the other one would be as busy then
			}
			if after < left {
				best, left = i, after
			}
		}
		if best < 0 {
			break
		}
		gone[best] = true
		moves = append(moves, Move{Work: best, To: to})
		gap -= 2 * work[best].Cost
		room -= work[best].Cost
	}
	return moves
}
