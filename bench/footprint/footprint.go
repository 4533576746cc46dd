// Package footprint is what Skybridge says that its memory is used for (core show memory),
// and the difference of two times. It starts no goroutine.
package footprint

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

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

// Ask has a server collect its garbage and say what is left.
func Ask(ctx context.Context, instance peers.Instance) (*Footprint, error) {
	console, ok := instance.(peers.Console)
	if !ok {
		return nil, fmt.Errorf("memory: %w: this server does not say what it holds", peers.ErrUnavailable)
	}
	text, err := console.Ask(ctx, "core show memory")
	if err != nil {
		return nil, err
	}
	return parse(text)
}

// parse reads lines of bytes, a number and a name; the number may be "-".
func parse(text string) (*Footprint, error) {
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

// Each is what one of so many legs adds to an earlier footprint.
func (f *Footprint) Each(earlier *Footprint, legs int) *Footprint {
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
