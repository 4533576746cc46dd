package balance

import (
	"slices"
	"testing"
)

func TestDecide(t *testing.T) {
	small := func(n int, cost float64) (all []Work) {
		for range n {
			all = append(all, Work{Cost: cost})
		}
		return all
	}
	for _, tt := range []struct {
		name string
		busy []float64
		work []Work
		want []Move
	}{
		{"nobody", nil, nil, nil},
		{"one worker", []float64{0.8}, []Work{{Cost: 0.4}, {Cost: 0.4}}, nil},
		{"about even", []float64{0.45, 0.33}, []Work{{Cost: 0.05}}, nil},
		{"the one that evens out most", []float64{0.6, 0.2}, []Work{{Cost: 0.35}, {Cost: 0.18}, {Cost: 0.05}}, []Move{{1, 1}}},
		{"from the busiest to the idlest", []float64{0.3, 0.1, 0.7}, []Work{{0, 0.3, false}, {2, 0.3, false}, {2, 0.4, false}}, []Move{{1, 1}}},
		{"one large room goes nowhere", []float64{0.7, 0.05}, []Work{{Cost: 0.65}}, nil},
		{"a large room, when that helps", []float64{0.8, 0.1}, []Work{{Cost: 0.5}}, []Move{{0, 1}}},
		{"what may not move", []float64{0.6, 0.2}, []Work{{Cost: 0.2, Fixed: true}, {Cost: 0.15}}, []Move{{1, 1}}},
		{"what costs nothing", []float64{0.6, 0.2}, []Work{{Cost: 0.0001}}, nil},
		{"never above the budget", []float64{0.84, 0.6, 0.62}, []Work{{Cost: 0.2}}, nil},
		{"several small ones", []float64{0.4, 0.2}, small(10, 0.04), []Move{{0, 1}, {1, 1}}},
		{"many pairs, so many at one time", []float64{0.5, 0.1}, small(400, 0.001), func() (m []Move) {
			for i := range maxMoves {
				m = append(m, Move{i, 1})
			}
			return m
		}()},
		{"work elsewhere", []float64{0.6, 0.2}, []Work{{1, 0.2, false}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Decide(tt.busy, 0.85, tt.work); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// Whatever is decided, the busiest worker has less to do afterwards, and what was decided
// does not call for moving anything back.
func TestDecisionsSettle(t *testing.T) {
	seed := uint64(1)
	random := func() float64 { // xorshift64
		seed ^= seed << 13
		seed ^= seed >> 7
		seed ^= seed << 17
		return float64(seed%1000) / 1000
	}
	for range 2000 {
		busy := make([]float64, 4)
		var work []Work
		for w := range busy {
			for range int(random() * 6) {
				c := random() * 0.15
				work = append(work, Work{Worker: w, Cost: c})
				busy[w] += c
			}
		}
		rounds := 0
		for ; ; rounds++ {
			before := slices.Max(busy)
			moves := Decide(busy, 0.85, work)
			if len(moves) == 0 {
				break
			}
			if rounds > 50 {
				t.Fatalf("does not settle: %v %v", busy, work)
			}
			for _, m := range moves {
				busy[work[m.Work].Worker] -= work[m.Work].Cost
				busy[m.To] += work[m.Work].Cost
				work[m.Work].Worker = m.To
			}
			if after := slices.Max(busy); after > before+1e-9 {
				t.Fatalf("the busiest went from %.2f to %.2f", before, after)
			}
		}
	}
}
