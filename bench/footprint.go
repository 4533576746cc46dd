package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/bench/footprint"
	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
)

// MemoryEach is what a leg adds to Skybridge's memory.
type MemoryEach struct {
	Workload  string
	Few, Many int // parties, whose difference it is
	// Resident is RSS while calls are up, Collected after a collection, in bytes a leg.
	Resident, Collected float64
	Footprint           *footprint.Footprint
}

// Memory measures what a leg adds to the memory of Skybridge, between few and many of
// them. Owners are known of a server that samples its allocations (peers.Skybridge's Env).
func (r *Runner) Memory(ctx context.Context, c peers.Contender, w Workload, few, many int, plan load.Plan) (*MemoryEach, error) {
	var samples [2]*Sample
	looking := *r
	looking.footprints = true
	for i, n := range []int{few, many} {
		var err error
		if samples[i], err = looking.Run(ctx, c, w.With(n), plan); err != nil {
			return nil, err
		}
	}
	a, b := samples[0], samples[1]
	legs := b.Legs - a.Legs
	each := func(few, many int64) float64 { return float64(many-few) / float64(legs) }
	return &MemoryEach{
		Workload: w.Name, Few: a.Legs, Many: b.Legs,
		Resident:  each(a.Memory*int64(a.Legs), b.Memory*int64(b.Legs)),
		Collected: each(a.Collected, b.Collected),
		Footprint: b.Footprint.Each(a.Footprint, legs),
	}, nil
}

// Print says what a leg takes, in lines for people, and the owners of at least so many
// bytes of it.
func (m *MemoryEach) Print(w io.Writer, least float64) error {
	var b strings.Builder
	f := m.Footprint
	fmt.Fprintf(&b, "%s: what a party adds, from %d to %d\n", m.Workload, m.Few, m.Many)
	line := func(bytes float64, what string) { fmt.Fprintf(&b, "%9.0f  %s\n", bytes, what) }
	line(f.Live.Bytes, "bytes that live on the heap")
	line(f.Spans.Bytes-f.Live.Bytes, "the room between them")
	line(f.Stacks.Bytes, fmt.Sprintf("stacks of %.2f goroutines", f.Stacks.Count))
	line(f.Overhead.Bytes, "the runtime's own")
	line(m.rest(), "kept for later, or not Go's")
	line(m.Collected, "resident, after a collection")
	line(m.Resident, "resident, as it was")
	owners := slices.DeleteFunc(slices.Clone(f.Owners), func(h footprint.Holding) bool { return h.Bytes < least })
	if len(owners) > 0 {
		b.WriteString("what lives on the heap, by who asked for it:\n")
	}
	for _, h := range owners {
		line(h.Bytes, fmt.Sprintf("%5.2f × %s", h.Count, h.Name))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// rest is what is resident after a collection and none of what Go says it uses.
func (m *MemoryEach) rest() float64 {
	f := m.Footprint
	return m.Collected - f.Spans.Bytes - f.Stacks.Bytes - f.Overhead.Bytes
}

// most says what most of a leg's memory is: of what it holds, or of all that is resident.
func (m *MemoryEach) most(resident bool) string {
	f := m.Footprint
	all := []footprint.Holding{{Name: "live on the heap", Bytes: f.Live.Bytes}, {Name: "stacks", Bytes: f.Stacks.Bytes}}
	if resident {
		all = append(all, footprint.Holding{Name: "the room between objects", Bytes: f.Spans.Bytes - f.Live.Bytes},
			footprint.Holding{Name: "the runtime's own", Bytes: f.Overhead.Bytes}, footprint.Holding{Name: "not yet collected", Bytes: m.Resident - m.Collected},
			footprint.Holding{Name: "kept for later or not Go's", Bytes: m.rest()})
	}
	slices.SortStableFunc(all, func(a, b footprint.Holding) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return fmt.Sprintf("%s %.1f KiB, %s %.1f KiB", all[0].Name, all[0].Bytes/1024, all[1].Name, all[1].Bytes/1024)
}
