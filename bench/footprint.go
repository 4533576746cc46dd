package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
)

// Holding is something that a server's memory is used for.
type Holding struct {
	Name string // "sip/message.Parse"
	// Bytes and Count are how much of it there is, each a leg's share where so said.
	Bytes, Count float64
}

// Footprint is what Skybridge's memory is used for.
type Footprint struct {
	// Live is objects on the heap after a collection, Spans the same with the room between
	// them, Stacks those of goroutines, Overhead the runtime's own.
	Live, Spans, Stacks, Overhead Holding
	// Owners are the functions that asked for what lives.
	Owners []Holding
}

// askFootprint has a server collect its garbage and say what is left.
func askFootprint(ctx context.Context, instance peers.Instance) (*Footprint, error) {
	console, ok := instance.(peers.Console)
	if !ok {
		return nil, fmt.Errorf("memory: %w: this server does not say what it holds", peers.ErrUnavailable)
	}
	text, err := console.Ask(ctx, "core show memory")
	if err != nil {
		return nil, err
	}
	return parseFootprint(text)
}

// parseFootprint reads lines of bytes, a number and a name; the number may be "-".
func parseFootprint(text string) (*Footprint, error) {
	f := new(Footprint)
	for line := range strings.Lines(text) {
		var h Holding
		fields := strings.Fields(line)
		if len(fields) < 2 {
			return nil, fmt.Errorf("memory: line %q", line)
		}
		h.Name = strings.Join(fields[2:], " ")
		for i, to := range []*float64{&h.Bytes, &h.Count} {
			n, err := strconv.ParseInt(fields[i], 10, 64)
			if err != nil && (i == 0 || fields[i] != "-") {
				return nil, fmt.Errorf("memory: %w", err)
			}
			*to = float64(n)
		}
		switch h.Name {
		case "live":
			f.Live = h
		case "spans":
			f.Spans = h
		case "stacks":
			f.Stacks = h
		case "overhead":
			f.Overhead = h
		default:
			h.Name = cmp.Or(h.Name, "the runtime")
			f.Owners = append(f.Owners, h)
		}
	}
	if f.Live.Name == "" || f.Spans.Name == "" || f.Stacks.Name == "" || f.Overhead.Name == "" {
		return nil, fmt.Errorf("memory: %q does not say it", text)
	}
	return f, nil
}

// each is what one of so many legs adds to an earlier footprint.
func (f *Footprint) each(earlier *Footprint, legs int) *Footprint {
	less := func(a, b Holding) Holding {
		return Holding{a.Name, (a.Bytes - b.Bytes) / float64(legs), (a.Count - b.Count) / float64(legs)}
	}
	out := &Footprint{
		Live: less(f.Live, earlier.Live), Spans: less(f.Spans, earlier.Spans),
		Stacks: less(f.Stacks, earlier.Stacks), Overhead: less(f.Overhead, earlier.Overhead),
	}
	before := make(map[string]Holding, len(earlier.Owners))
	for _, h := range earlier.Owners {
		before[h.Name] = h
	}
	for _, h := range f.Owners {
		out.Owners = append(out.Owners, less(h, before[h.Name]))
	}
	slices.SortStableFunc(out.Owners, func(a, b Holding) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return out
}

// MemoryEach is what a leg adds to Skybridge's memory.
type MemoryEach struct {
	Workload  string
	Few, Many int // parties, whose difference it is
	// Resident is RSS while calls are up, Collected after a collection, in bytes a leg.
	Resident, Collected float64
	Footprint           *Footprint
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
		Footprint: b.Footprint.each(a.Footprint, legs),
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
	owners := slices.DeleteFunc(slices.Clone(f.Owners), func(h Holding) bool { return h.Bytes < least })
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
	all := []Holding{{Name: "live on the heap", Bytes: f.Live.Bytes}, {Name: "stacks", Bytes: f.Stacks.Bytes}}
	if resident {
		all = append(all, Holding{Name: "the room between objects", Bytes: f.Spans.Bytes - f.Live.Bytes},
			Holding{Name: "the runtime's own", Bytes: f.Overhead.Bytes}, Holding{Name: "not yet collected", Bytes: m.Resident - m.Collected},
			Holding{Name: "kept for later or not Go's", Bytes: m.rest()})
	}
	slices.SortStableFunc(all, func(a, b Holding) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return fmt.Sprintf("%s %.1f KiB, %s %.1f KiB", all[0].Name, all[0].Bytes/1024, all[1].Name, all[1].Bytes/1024)
}
