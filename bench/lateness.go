package bench

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/peers"
)

// Lateness counts ticks by how late they began: the n-th counts those under 2^n µs that
// no earlier one does, the last all others.
type Lateness []uint64

// lateness asks an instance how busy its workers are, as a share, and how late their ticks
// began so far; nothing of one that cannot be asked.
func lateness(ctx context.Context, instance peers.Instance) (busy float64, l Lateness, err error) {
	console, ok := instance.(peers.Console)
	if !ok {
		return 0, nil, nil
	}
	text, err := console.Ask(ctx, "mixer show lateness")
	if err != nil {
		return 0, nil, err
	}
	return parseLateness(text)
}

// parseLateness adds up the workers' lines.
func parseLateness(text string) (busy float64, l Lateness, err error) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 2 || l != nil && len(f) != len(l)+1 {
			return 0, nil, fmt.Errorf("lateness: line %q", line)
		}
		if l == nil {
			l = make(Lateness, len(f)-1)
		}
		percent, err := strconv.ParseFloat(f[0], 64)
		if err != nil {
			return 0, nil, fmt.Errorf("lateness: %w", err)
		}
		busy = max(busy, percent/100)
		for i, text := range f[1:] {
			n, err := strconv.ParseUint(text, 10, 64)
			if err != nil {
				return 0, nil, fmt.Errorf("lateness: %w", err)
			}
			l[i] += n
		}
	}
	return busy, l, nil
}

// since is what was counted after earlier.
func (l Lateness) since(earlier Lateness) Lateness {
	out := make(Lateness, len(l))
	for i := range l {
		out[i] = l[i]
		if i < len(earlier) {
			out[i] -= min(l[i], earlier[i])
		}
	}
	return out
}

// Quantile is the lateness that a share q of the ticks kept, those of one count taken as
// spread evenly over it; 0 of none.
func (l Lateness) Quantile(q float64) time.Duration {
	var all, seen float64
	for _, n := range l {
		all += float64(n)
	}
	for i, n := range l {
		if n > 0 && seen+float64(n) >= q*all {
			upper := float64(time.Microsecond << i)
			lower := upper / 2
			if i == 0 {
				lower = 0
			}
			return time.Duration(lower + (upper-lower)*(q*all-seen)/float64(n))
		}
		seen += float64(n)
	}
	return 0
}
