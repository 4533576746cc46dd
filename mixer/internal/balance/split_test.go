package balance

import (
	"slices"
	"testing"
)

func TestSplit(t *testing.T) {
	const budget = 0.85
	for _, tt := range []struct {
		name  string
		busy  []float64
		rooms []Room
		want  []Loan
	}{
		{"nothing", nil, nil, nil},
		{"one worker", []float64{0.8}, []Room{{Cost: 0.8, Members: 800}}, nil},
		{"a large room beside an idle worker", []float64{0.8, 0}, []Room{{Cost: 0.8, Members: 800}}, []Loan{{0, 1, 400}}},
		{"of three the idlest", []float64{0.8, 0.3, 0.2}, []Room{{Cost: 0.8, Members: 800}}, []Loan{{0, 2, 300}}},
		{"the largest room", []float64{0.7, 0.1}, []Room{{Cost: 0.3, Members: 300}, {Cost: 0.4, Members: 400}}, []Loan{{1, 1, 300}}},
		{"no more than the other has time for", []float64{0.85, 0.65}, []Room{{Cost: 0.85, Members: 850}}, []Loan{{0, 1, 100}}},
		{"no more than at one time", []float64{0.8, 0}, []Room{{Cost: 0.8, Members: 4000}}, []Loan{{0, 1, 500}}},
		{"one worker carries it", []float64{0.6, 0}, []Room{{Cost: 0.6, Members: 600}}, nil},
		{"all are busy", []float64{0.8, 0.7}, []Room{{Cost: 0.8, Members: 800}}, nil},
		{"many small ones", []float64{0.8, 0}, []Room{{Cost: 0.1, Members: 10}}, nil},
		{"it stays split", []float64{0.4, 0.4}, []Room{{Cost: 0.4, Members: 400, Annexes: []Annex{{1, 0.4, 400}}}}, nil},
		{"it is whole again", []float64{0.2, 0.2}, []Room{{Cost: 0.2, Members: 200, Annexes: []Annex{{1, 0.15, 180}}}}, []Loan{{0, 1, -180}}},
		{"the annex has no time", []float64{0.4, 0.8}, []Room{{Cost: 0.4, Members: 400, Annexes: []Annex{{1, 0.4, 400}}}}, []Loan{{0, 1, -200}}},
		{"all parts come home", []float64{0.1, 0.1, 0.5}, []Room{{Cost: 0.1, Members: 10, Annexes: []Annex{{1, 0.05, 50}, {2, 0.05, 60}}}}, []Loan{{0, 1, -50}, {0, 2, -60}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Split(tt.busy, budget, tt.rooms); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// A room that grows and shrinks is split and made whole without going back and forth, and
// no worker has more than it can take.
func TestSplitSettles(t *testing.T) {
	const budget, each = 0.85, 0.001
	home, annexes := 100, []int{0, 0, 0} // members; of worker 0 there is no annex
	loans := 0
	for step := range 400 {
		switch {
		case step < 100:
			home += 15
		case step >= 200 && step < 300:
			home = max(home-15, 0)
			for i := range annexes {
				annexes[i] = max(annexes[i]-5, 0)
			}
		}
		busy := []float64{each * float64(home), each * float64(annexes[1]), each * float64(annexes[2])}
		r := Room{Cost: busy[0], Members: home}
		for i, n := range annexes {
			if n > 0 {
				r.Annexes = append(r.Annexes, Annex{Worker: i, Cost: busy[i], Members: n})
			}
		}
		for _, l := range Split(busy, budget, []Room{r}) {
			home -= l.Members
			annexes[l.Worker] += l.Members
			loans++
		}
		if home < 0 || annexes[1] < 0 || annexes[2] < 0 || step > 20 && busy[0] > budget {
			t.Fatalf("step %d: %d at home, %v away", step, home, annexes)
		}
	}
	if loans == 0 || loans > 20 || annexes[1]+annexes[2] != 0 {
		t.Errorf("%d loans, %v away at last", loans, annexes)
	}
}
