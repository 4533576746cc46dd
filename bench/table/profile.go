package table

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Profile is where the processor time of one workload goes.
type Profile struct {
	Workload string
	Samples  int
	// Places add up to all of it, in the order that they are told in, the same in all
	// profiles; Functions are the costliest ones.
	Places, Functions []Part
}

// Part is a share of the processor time, 1 for all.
type Part struct {
	Name string
	Of   float64
}

// whither introduces the tables of profiles.
const whither = "Where the processor time of skybridge goes in workloads that miss a bar, by the call stacks that perf sampled; then the " +
	"functions that take most of it themselves, what they call not counted."

// Most says the two largest places: "kernel sending 49 %, ours 21 %".
func (p *Profile) Most() string {
	largest := slices.Clone(p.Places)
	slices.SortStableFunc(largest, func(a, b Part) int { return cmp.Compare(b.Of, a.Of) })
	var text []string
	for _, part := range largest[:min(2, len(largest))] {
		text = append(text, fmt.Sprintf("%s %.0f %%", part.Name, 100*part.Of))
	}
	return strings.Join(text, ", ")
}

// places are the shares, a line for a workload.
func (r *Report) places() *grid {
	g := &grid{head: []string{"workload", "samples"}}
	for i := range r.Profiles {
		p := &r.Profiles[i]
		row := []string{p.Workload, fmt.Sprint(p.Samples)}
		for _, part := range p.Places {
			if i == 0 {
				g.head = append(g.head, part.Name)
			}
			row = append(row, percent(part.Of))
		}
		g.add(row...)
	}
	return g
}

func (r *Report) functions() *grid {
	g := &grid{head: []string{"workload", "share", "function"}}
	for i := range r.Profiles {
		for _, part := range r.Profiles[i].Functions {
			g.add(r.Profiles[i].Workload, percent(part.Of), part.Name)
		}
	}
	return g
}

func percent(of float64) string { return fmt.Sprintf("%.1f %%", 100*of) }
