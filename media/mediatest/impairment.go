package mediatest

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Shape is the distribution of jitter.
type Shape uint8

const (
	// Gamma delay has a tail to one side, as queues make it: an Erlang distribution of
	// two stages, whose mean is √2 of its deviation. It is added to Delay.
	Gamma Shape = iota
	// Normal delay lies to both sides of Delay.
	Normal
)

// Impairment says what one direction of a network does to packets. The zero value does
// nothing.
type Impairment struct {
	// Seed is all that chance depends on. Each kind of harm draws from its own
	// generator: which packets are lost is the same whatever the jitter is.
	Seed uint64

	// Delay is that of every packet.
	Delay time.Duration
	// Jitter is the standard deviation of what is added to Delay, before it is clipped.
	Jitter time.Duration
	Shape  Shape
	// MaxJitter clips what is added: to 0..MaxJitter for Gamma, ±MaxJitter for Normal. No
	// packet arrives before it was sent.
	MaxJitter time.Duration
	// Overtake lets packets pass each other when their delays say so. Else they keep
	// their order, as in a queue: one that is late holds up those behind it.
	Overtake bool

	// Reorder is the probability, 0..1, that a packet is held back by ReorderBy while
	// others pass it.
	Reorder   float64
	ReorderBy time.Duration

	Loss Loss

	// Duplicate is the probability, 0..1, that a packet comes again DuplicateBy later.
	Duplicate   float64
	DuplicateBy time.Duration

	// DriftPPM is how much faster than the receiver's the sender's clock runs, in parts per
	// million.
	DriftPPM float64
}

// Loss is the Gilbert–Elliott model: two states, in each of which packets are lost with a
// probability of its own (E. O. Elliott, Estimates of Error Rates for Codes on Burst-Noise
// Channels, 1963). All values are probabilities, 0..1. It begins in the good state.
type Loss struct {
	InGood, InBad float64 // that a packet is lost
	ToBad, ToGood float64 // that the state changes before the next packet
}

// RandomLoss loses packets independently of each other.
func RandomLoss(p float64) Loss { return Loss{InGood: p} }

// BurstLoss loses packets in bursts of a mean length of at least 1, and p of all
// (E. N. Gilbert's model: nothing is lost in the good state, all in the bad). There is none
// for a p of 1 or whose bursts are so short that they would have to begin in each other.
func BurstLoss(p, length float64) Loss {
	toGood := 1 / length
	return Loss{InBad: 1, ToGood: toGood, ToBad: p * toGood / (1 - p)}
}

// Mean is the part of all packets that are lost in the long run, 0..1.
func (l Loss) Mean() float64 {
	if l.ToBad == 0 {
		return l.InGood
	}
	bad := l.ToBad / (l.ToBad + l.ToGood)
	return (1-bad)*l.InGood + bad*l.InBad
}

// Default is a usable line across a continent: 40 ms, with a jitter of 5 ms up to 30 ms,
// and 0.5 % of loss in bursts of two packets.
func Default() Impairment {
	return Impairment{
		Seed:        1,
		Delay:       40 * time.Millisecond,
		Jitter:      5 * time.Millisecond,
		MaxJitter:   30 * time.Millisecond,
		Loss:        BurstLoss(0.005, 2),
		ReorderBy:   30 * time.Millisecond,
		DuplicateBy: 5 * time.Millisecond,
	}
}

// Limits of Validate.
const (
	maxDelay    = time.Minute
	maxDriftPPM = 10000
)

// Validate names everything that is out of its range.
func (c Impairment) Validate() error {
	var errs []error
	for _, p := range []struct {
		name  string
		value float64
	}{
		{"reorder", c.Reorder}, {"duplicate", c.Duplicate},
		{"loss in the good state", c.Loss.InGood}, {"loss in the bad state", c.Loss.InBad},
		{"change to the bad state", c.Loss.ToBad}, {"change to the good state", c.Loss.ToGood},
	} {
		if !(p.value >= 0 && p.value <= 1) { // NaN too
			errs = append(errs, fmt.Errorf("mediatest: %s is %v, not a probability", p.name, p.value))
		}
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"delay", c.Delay}, {"jitter", c.Jitter}, {"max jitter", c.MaxJitter},
		{"reorder by", c.ReorderBy}, {"duplicate by", c.DuplicateBy},
	} {
		if d.value < 0 || d.value > maxDelay {
			errs = append(errs, fmt.Errorf("mediatest: %s is %v, not within 0..%v", d.name, d.value, maxDelay))
		}
	}
	if c.Jitter > 0 && c.MaxJitter == 0 {
		errs = append(errs, errors.New("mediatest: jitter without max jitter is none"))
	}
	if c.Reorder > 0 && c.ReorderBy == 0 {
		errs = append(errs, errors.New("mediatest: reorder without reorder by is none"))
	}
	if c.Shape > Normal {
		errs = append(errs, fmt.Errorf("mediatest: there is no shape %d", c.Shape))
	}
	if !(math.Abs(c.DriftPPM) <= maxDriftPPM) {
		errs = append(errs, fmt.Errorf("mediatest: drift is %v ppm, more than %d", c.DriftPPM, maxDriftPPM))
	}
	return errors.Join(errs...)
}
