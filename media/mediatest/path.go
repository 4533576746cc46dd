package mediatest

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Packet is one packet and a moment: of sending, or of arrival.
type Packet struct {
	At   time.Duration
	Data []byte
}

// Counts is what a Path did.
type Counts struct {
	Sent, Lost, Reordered, Duplicated int
}

// Path is one direction of a network. It is used by one goroutine at a time.
type Path struct {
	cfg                              Impairment
	loss, jitter, reorder, duplicate *rand.Rand
	bad                              bool // state of the loss model
	last                             time.Duration
	counts                           Counts
}

// NewPath makes a Path at its beginning.
func NewPath(cfg Impairment) (*Path, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	stream := func(n uint64) *rand.Rand { return rand.New(rand.NewPCG(cfg.Seed, n)) } //nolint:gosec // chance that can be repeated
	return &Path{cfg: cfg, loss: stream(1), jitter: stream(2), reorder: stream(3), duplicate: stream(4)}, nil
}

// Counts is what was done so far.
func (p *Path) Counts() Counts { return p.counts }

// Send takes the next packet, sent when its sender's clock says at, not before those that
// were sent before it, and appends the times of its arrivals by the receiver's clock: none,
// one or two.
func (p *Path) Send(arrivals []time.Duration, at time.Duration) []time.Duration {
	p.counts.Sent++
	// Every packet draws the same from each generator, whatever becomes of it.
	lost, late, held, twice := p.drop(), p.extra(), p.reorder.Float64() < p.cfg.Reorder, p.duplicate.Float64() < p.cfg.Duplicate
	if lost {
		p.counts.Lost++
		return arrivals
	}
	sent := time.Duration(float64(at) / (1 + p.cfg.DriftPPM/1e6))
	arrival := max(sent, sent+p.cfg.Delay+late)
	switch {
	case held:
		p.counts.Reordered++
		arrival += p.cfg.ReorderBy
	case !p.cfg.Overtake:
		arrival = max(arrival, p.last)
		p.last = arrival
	}
	arrivals = append(arrivals, arrival)
	if twice {
		p.counts.Duplicated++
		arrivals = append(arrivals, arrival+p.cfg.DuplicateBy)
	}
	return arrivals
}

// drop takes a step of the loss model.
func (p *Path) drop() bool {
	change, lose := p.loss.Float64(), p.loss.Float64()
	if p.bad {
		p.bad = change >= p.cfg.Loss.ToGood
	} else {
		p.bad = change < p.cfg.Loss.ToBad
	}
	if p.bad {
		return lose < p.cfg.Loss.InBad
	}
	return lose < p.cfg.Loss.InGood
}

// extra is a packet's delay beyond that of all.
func (p *Path) extra() time.Duration {
	sd, most := float64(p.cfg.Jitter), float64(p.cfg.MaxJitter)
	if p.cfg.Shape == Normal {
		return time.Duration(min(max(sd*p.jitter.NormFloat64(), -most), most))
	}
	stages := p.jitter.ExpFloat64() + p.jitter.ExpFloat64() // deviation √2
	return time.Duration(min(sd/math.Sqrt2*stages, most))
}

// Impair sends packets, in the order of their sending, through a new Path, and returns what
// arrives in the order of arrival. The packets' data is shared, not copied. The same
// arguments always give the same result.
func Impair(cfg Impairment, sent []Packet) ([]Packet, Counts, error) {
	p, err := NewPath(cfg)
	if err != nil {
		return nil, Counts{}, err
	}
	var got []Packet
	var times []time.Duration
	for _, pkt := range sent {
		times = p.Send(times[:0], pkt.At)
		for _, at := range times {
			got = append(got, Packet{At: at, Data: pkt.Data})
		}
	}
	slices.SortStableFunc(got, func(a, b Packet) int { return cmp.Compare(a.At, b.At) })
	return got, p.counts, nil
}
