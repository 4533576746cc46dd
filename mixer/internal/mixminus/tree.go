package mixminus

import (
	"slices"

	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
)

// Tree is what a room keeps from frame to frame: which rates are in use, the
// filters between them, and the limiter.
type Tree struct {
	Heard  [rates.Count]bool // somebody listens at this rate
	Spoken [rates.Count]bool // somebody may speak at this rate

	bridges []bridge
	limiter dsp.Limiter
}

// bridge resamples what is said at one rate for those who listen at another.
type bridge struct {
	from, to int
	filter   *dsp.Resampler
	ringing  bool // its tail is not silent yet
}

// NewTree is a tree for a room that nobody is in.
func NewTree() Tree { return Tree{limiter: dsp.NewLimiter()} }

// Build makes the filters that Heard and Spoken need. Those that are still needed
// are kept, with their tails.
func (t *Tree) Build() {
	var bridges []bridge
	for from := range rates.Hz {
		for to := range rates.Hz {
			if from == to || !t.Spoken[from] || !t.Heard[to] {
				continue
			}
			i := slices.IndexFunc(t.bridges, func(b bridge) bool { return b.from == from && b.to == to })
			if i >= 0 {
				bridges = append(bridges, t.bridges[i])
				continue
			}
			// Rates without a common filter (16 and 24 kHz) stay apart; no codec of
			// ours works at 24 kHz.
			if r, err := dsp.NewResampler(rates.Hz[from], rates.Hz[to]); err == nil {
				bridges = append(bridges, bridge{from: from, to: to, filter: r})
			}
		}
	}
	t.bridges = bridges
}

// Begin starts a frame.
func (t *Tree) Begin(b *Bus) {
	b.said, b.mixed = [rates.Count]bool{}, [rates.Count]bool{}
	for i := range rates.Hz {
		if t.Spoken[i] || t.Heard[i] {
			clear(b.sum[i][:rates.Frame(i)])
		}
	}
}

// Total adds up, for each rate that somebody listens at, what was said at all
// rates.
func (t *Tree) Total(b *Bus) {
	for i := range rates.Hz {
		if t.Heard[i] {
			n := rates.Frame(i)
			copy(b.total[i][:n], b.sum[i][:n])
		}
	}
	for i := range t.bridges {
		r := &t.bridges[i]
		said := b.said[r.from]
		if !said && !r.ringing {
			continue
		}
		n := rates.Frame(r.to)
		r.filter.Process(b.bridged[:n], b.sum[r.from][:rates.Frame(r.from)])
		dsp.Accumulate32(b.total[r.to][:n], b.bridged[:n])
		r.ringing = said
		if !said {
			r.filter.Reset()
		}
	}
}

// Gain is what keeps a frame with a peak below full scale.
func (t *Tree) Gain(peak int32) Gain {
	from, to := t.limiter.Next(peak)
	return Gain{from, to}
}
