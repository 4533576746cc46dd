package stacks

import (
	"cmp"
	"slices"
)

// Folded is samples added up.
type Folded struct {
	Samples   int
	places    map[string]int
	functions map[string]int // by the innermost
}

func newFolded() *Folded {
	return &Folded{places: make(map[string]int), functions: make(map[string]int)}
}

func (f *Folded) add(stack []Frame) {
	f.Samples++
	f.places[place(stack)]++
	if len(stack) > 0 {
		f.functions[stack[0].name()]++
	}
}

// Share is a part of all samples.
type Share struct {
	Name string
	Part float64 // 1 for all
}

// Places are the shares of all places, in their order.
func (f *Folded) Places() (all []Share) {
	for _, name := range Places() {
		all = append(all, Share{name, f.part(f.places[name])})
	}
	return all
}

// Functions are those in which most of the time was spent, not counting what they called,
// n of them at the most.
func (f *Folded) Functions(n int) (most []Share) {
	for name, samples := range f.functions {
		most = append(most, Share{name, f.part(samples)})
	}
	slices.SortFunc(most, func(a, b Share) int { return cmp.Or(cmp.Compare(b.Part, a.Part), cmp.Compare(a.Name, b.Name)) })
	return most[:min(n, len(most))]
}

func (f *Folded) part(samples int) float64 { return float64(samples) / float64(max(1, f.Samples)) }
