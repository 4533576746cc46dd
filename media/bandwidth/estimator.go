package bandwidth

import (
	"math"
	"time"
)

// Config bounds an estimate, in bit/s; 0 stands for the defaults, 100 kbit/s, 500 kbit/s and
// 20 Mbit/s.
type Config struct {
	Min, Start, Max int
}

// remembered is how many packets that were sent are kept until there is feedback.
const remembered = 2048

// outgoing is a packet that was sent.
type outgoing struct {
	sent   time.Duration
	bytes  int32
	number uint16
	state  uint8
	probe  uint8 // the burst that it belongs to; 0 is none
}

const (
	waiting = iota + 1
	told
)

// Estimator finds out what a receiver can be sent.
type Estimator struct {
	cfg  Config
	list [remembered]outgoing

	began     bool
	reference uint32 // the last of 24 bits, extended
	far       time.Duration

	groups groups
	trend  trend
	acked  acked
	loss   loss
	probe  probe

	rate     float64 // by delay and probes
	lossRate float64
	remb     float64
	rembAt   time.Duration
	trip     time.Duration
	changed  time.Duration // when rate was last raised or lowered
	lowered  time.Duration
	link     float64 // what the way carried when it was overused, smoothed; 0 is not known
}

// NewEstimator makes one.
func NewEstimator(cfg Config) *Estimator {
	if cfg.Min <= 0 {
		cfg.Min = 100_000
	}
	if cfg.Max <= 0 {
		cfg.Max = 20_000_000
	}
	cfg.Max = max(cfg.Max, cfg.Min)
	if cfg.Start <= 0 {
		cfg.Start = 500_000
	}
	cfg.Start = min(max(cfg.Start, cfg.Min), cfg.Max)
	e := &Estimator{cfg: cfg, rate: float64(cfg.Start), trip: 100 * time.Millisecond}
	e.lossRate = float64(cfg.Max)
	e.trend.reset()
	return e
}

// Estimate is what can be sent, in bit/s.
func (e *Estimator) Estimate() int {
	r := min(e.rate, e.lossRate)
	if e.remb > 0 {
		r = min(r, e.remb)
	}
	return int(min(max(r, float64(e.cfg.Min)), float64(e.cfg.Max)))
}

// Sent takes note of a packet that goes out under a transport-wide number.
func (e *Estimator) Sent(now time.Duration, number uint16, bytes int) {
	o := outgoing{sent: now, bytes: int32(bytes), number: number, state: waiting}
	o.probe = e.probe.sent(now, bytes)
	e.list[number%remembered] = o
}

// SetRoundTrip tells how long it takes to the receiver and back.
func (e *Estimator) SetRoundTrip(d time.Duration) {
	e.trip = min(max(d, time.Millisecond), time.Second)
}

// Feedback takes a transport-wide feedback; detail is that of an rtp.Feedback. It fails with
// ErrFeedback for one that cannot be read; what could be before is taken.
func (e *Estimator) Feedback(now time.Duration, detail []byte) error {
	var f feedback
	if err := f.open(detail); err != nil {
		return err
	}
	e.unwrap(f.ref)
	left := f.count
	for {
		number, came, at, ok := f.next()
		if !ok {
			break
		}
		left--
		o := &e.list[number%remembered]
		if o.number != number || o.state == 0 || o.state == told {
			continue
		}
		if !came {
			if o.state == waiting {
				o.state = told + 1 // it may yet come
				e.loss.add(1, 0)
			}
			continue
		}
		if o.state > told { // it was taken for lost
			e.loss.add(-1, 0)
		}
		o.state = told
		e.loss.add(0, 1)
		arrival := e.far + at
		e.acked.add(arrival, int(o.bytes))
		e.probe.arrived(o, arrival)
		if d, took, ok := e.groups.add(o.sent, arrival); ok {
			e.trend.add(d, arrival, took)
		}
	}
	e.control(now)
	if left > 0 {
		return ErrFeedback
	}
	return nil
}

// unwrap makes of a reference time one that does not wrap, in their clock.
func (e *Estimator) unwrap(ref uint32) {
	if !e.began {
		e.began, e.reference, e.far = true, ref, time.Hour // so that what is a little earlier is positive
		return
	}
	d := int32((ref-e.reference)<<8) >> 8
	e.reference = ref
	e.far += time.Duration(d) * reference
}

// Loss takes the fraction that a receiver's report tells (of 256), for receivers that send no
// transport-wide feedback.
func (e *Estimator) Loss(now time.Duration, fraction uint8) {
	e.lossRate = e.loss.step(now, e.lossRate, float64(fraction)/256, float64(e.cfg.Min), float64(e.cfg.Max), float64(e.Estimate()))
	if !e.began { // loss is all that is known, unless the receiver estimates itself
		e.rate = e.lossRate
	}
}

// REMB takes the receiver's own estimate, in bit/s.
func (e *Estimator) REMB(now time.Duration, bps int) {
	e.remb, e.rembAt = float64(bps), now
	if !e.began {
		e.rate = float64(e.cfg.Max)
	}
}

// control changes the estimate (draft-ietf-rmcat-gcc-02 §5.5, §6).
func (e *Estimator) control(now time.Duration) {
	if e.remb > 0 && now-e.rembAt > 10*time.Second {
		e.remb = 0 // it says nothing any more
	}
	if fraction, ok := e.loss.fraction(now); ok {
		e.lossRate = e.loss.step(now, e.lossRate, fraction, float64(e.cfg.Min), float64(e.cfg.Max), float64(e.Estimate()))
	}
	got, known := e.acked.rate(false)
	switch e.trend.state {
	case overuse:
		if !known || now-e.lowered < e.trip+50*time.Millisecond {
			break
		}
		// What fills the way now may be a burst, as a key frame is: while there is a queue, the
		// way carries what it can.
		if now, _ := e.acked.rate(true); now > got {
			got = now
		}
		if e.link > 0 && got > 1.5*e.link { // another way than before
			e.link = 0
		}
		if e.link == 0 {
			e.link = got
		}
		e.link += (got - e.link) * 0.05
		e.rate = min(e.rate, 0.85*got)
		e.lowered, e.changed = now, now
		e.probe.stop()
	case normal:
		e.raise(now, got, known)
	case underuse: // queues empty themselves: it is waited for
		e.changed = now
	}
	if r, ok := e.probe.result(now, float64(e.Estimate())); ok && r > float64(e.Estimate()) && e.trend.state != overuse {
		e.rate, e.lossRate, e.changed = max(e.rate, r), max(e.lossRate, r), now
		e.link = 0
	}
	e.rate = min(max(e.rate, float64(e.cfg.Min)), float64(e.cfg.Max))
}

// raise lets the estimate rise, by a packet in a round trip where the way was full before,
// else by 8 % a second; never far beyond what is received, of which nothing is known.
func (e *Estimator) raise(now time.Duration, got float64, known bool) {
	passed := min(now-e.changed, time.Second)
	e.changed = now
	if !known || e.rate > 1.5*got+10_000 {
		return
	}
	if e.link > 0 && math.Abs(got-e.link) < 0.15*e.link {
		response := e.trip + 100*time.Millisecond
		e.rate += max(1000, 8*1200*float64(passed)/float64(response)) * min(1, float64(passed)/float64(response)*4)
	} else {
		if e.link > 0 && got > 1.15*e.link {
			e.link = 0
		}
		e.rate *= math.Pow(1.08, passed.Seconds())
	}
	e.rate = min(e.rate, 1.5*got+10_000)
}
