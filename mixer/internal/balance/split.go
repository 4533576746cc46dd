package balance

import "math"

const (
	// large is the part of the budget from which on a worker that rooms fill is to be
	// helped: before that one worker carries them.
	large = 0.75
	// whole is the part of the budget below which a room that was split becomes whole.
	whole = 0.5
	// leastRoom is the share of a worker's time from which on a room is worth a split.
	leastRoom = 0.2
	// maxLoan bounds the members that go at one time.
	maxLoan = 500
)

// Room is a room that may be split: members who only listen are lent to other workers.
type Room struct {
	Worker  int
	Cost    float64 // of what its own worker does
	Members int     // that are there
	Annexes []Annex
}

// Annex is the part of a room that another worker has.
type Annex struct {
	Worker  int
	Cost    float64
	Members int
}

// Loan is a decision: so many members of a room go to a worker or, when negative, come home
// from it.
type Loan struct {
	Room    int // its index
	Worker  int
	Members int
}

// Split says which rooms are to lend members, and which to take some back, given the share
// of its time that each worker is busy and the share it may use at most. A room is split
// when its worker has hardly any time left and moving cannot help, in halves of what lies
// between the two workers; it becomes whole where one worker has time for all of it.
func Split(busy []float64, budget float64, rooms []Room) []Loan {
	if loans := join(busy, budget, rooms); loans != nil || len(busy) == 0 {
		return loans
	}
	from, to := 0, 0
	for i := range busy {
		if busy[i] > busy[from] {
			from = i
		}
		if busy[i] < busy[to] {
			to = i
		}
	}
	gap := busy[from] - busy[to]
	if busy[from] < large*budget || gap < minGap {
		return nil
	}
	largest := -1
	for i := range rooms {
		if r := &rooms[i]; r.Worker == from && r.Cost >= leastRoom && r.Members > 0 && (largest < 0 || r.Cost > rooms[largest].Cost) {
			largest = i
		}
	}
	if largest < 0 {
		return nil
	}
	r := &rooms[largest]
	if n := members(min(gap/2, headroom*budget-busy[to]), r.Cost, r.Members); n > 0 {
		return []Loan{{Room: largest, Worker: to, Members: n}}
	}
	return nil
}

// join says which members are to come home.
func join(busy []float64, budget float64, rooms []Room) (loans []Loan) {
	for i := range rooms {
		r := &rooms[i]
		away := 0.0
		for _, a := range r.Annexes {
			away += a.Cost
		}
		fits := busy[r.Worker]+away < whole*budget
		for _, a := range r.Annexes {
			n, gap := 0, busy[a.Worker]-busy[r.Worker]
			switch {
			case fits:
				n = min(a.Members, maxLoan)
			case busy[a.Worker] >= large*budget && gap >= minGap:
				n = members(gap/2, a.Cost, a.Members)
			}
			if n > 0 {
				loans = append(loans, Loan{Room: i, Worker: a.Worker, Members: -n})
			}
		}
	}
	return loans
}

// members is how many of those who cost so much together make a share of time.
func members(share, cost float64, all int) int {
	if share <= 0 || cost <= 0 {
		return 0
	}
	return int(min(math.Round(share/cost*float64(all)), float64(all), maxLoan))
}
