package bandwidth

import (
	"math"
	"time"
)

// acked is at what rate packets arrive: a window of half a second in slots, by their clock.
type acked struct {
	slots [10]int
	at    time.Duration // of the newest slot
	first time.Duration
	began bool
}

const slot = 50 * time.Millisecond

func (a *acked) add(arrival time.Duration, bytes int) {
	if arrival < 0 {
		return // a receiver's clock that went back by hours tells nothing
	}
	at := arrival / slot
	switch {
	case !a.began:
		a.began, a.at, a.first = true, at, at
	case at > a.at:
		for n := a.at + 1; n <= min(at, a.at+time.Duration(len(a.slots))); n++ {
			a.slots[int(n)%len(a.slots)] = 0
		}
		if at-a.at >= time.Duration(len(a.slots)) {
			clear(a.slots[:])
			a.first = at
		}
		a.at = at
	case a.at-at >= time.Duration(len(a.slots)):
		return
	}
	a.slots[int(at)%len(a.slots)] += bytes
}

// rate is in bit/s, over all that is known or over the shortest time that says something; it is
// not known before three slots are over.
func (a *acked) rate(shortest bool) (bps float64, ok bool) {
	n := min(a.at-a.first, time.Duration(len(a.slots)-1))
	if n < 3 {
		return 0, false
	}
	if shortest {
		n = 3
	}
	sum := 0
	for i := time.Duration(1); i <= n; i++ { // the newest is not over
		sum += a.slots[int(a.at-i)%len(a.slots)]
	}
	return float64(sum) * 8 / (n * slot).Seconds(), true
}

// loss is which part of the packets is lost.
type loss struct {
	lost, came int
	since      time.Duration
	stepped    time.Duration // down
	raised     time.Duration // looked at last
}

const (
	lossEvery = 200 * time.Millisecond
	leastLoss = 20 // packets, of which a part can be told
)

func (l *loss) add(lost, came int) { l.lost, l.came = max(l.lost+lost, 0), l.came+came }

// fraction is what was lost since it was last told.
func (l *loss) fraction(now time.Duration) (float64, bool) {
	if l.since == 0 {
		l.since = now
	}
	if now-l.since < lossEvery || l.lost+l.came < leastLoss {
		return 0, false
	}
	f := float64(l.lost) / float64(l.lost+l.came)
	l.lost, l.came, l.since = 0, 0, now
	return f, true
}

// step changes a rate by what was lost (draft-ietf-rmcat-gcc-02 §6): above a tenth it is too
// much; below a fiftieth there may be more, by a twentieth each time that could have told so.
func (l *loss) step(now time.Duration, rate, fraction, least, most, current float64) float64 {
	switch {
	case fraction > 0.1 && now-l.stepped > lossEvery:
		rate = min(rate, current) * (1 - 0.5*fraction)
		l.stepped = now
	case fraction < 0.02:
		passed := min(now-l.raised, 2*time.Second)
		rate *= math.Pow(1.05, max(float64(passed)/float64(lossEvery), 1))
	}
	l.raised = now
	return min(max(rate, least), most)
}

// probe is a burst above the estimate.
type probe struct {
	id        uint8
	rate      float64
	left      int // bytes to be sent
	until     time.Duration
	next      time.Duration
	active    bool
	bytes     int // sent
	from, to  time.Duration
	lastBytes int

	came       int
	firstCame  time.Duration
	firstBytes int
	lastCame   time.Duration
	packets    int
	ended      bool // all is sent
	endedAt    time.Duration
}

const (
	probeLasts  = 100 * time.Millisecond
	probeAhead  = 20 * time.Millisecond  // what is sent at once: its owner may look no more often
	probeWaits  = 500 * time.Millisecond // for what is told of it
	probeEvery  = 2 * time.Second
	probeAgain  = 200 * time.Millisecond // where none could be sent
	probeRepeat = 5 * time.Second        // after one that found nothing
	probeLeast  = 5                      // packets
	probeBytes  = 1200
	probeGains  = 1.05 // of the estimate, or there is time for the next one
)

// Probe begins a burst at a rate in bit/s, unless it is too early for one, or nothing above
// the estimate, or above what that can become. Until Probing is 0, packets that tell nothing new go
// out beside the others.
func (e *Estimator) Probe(now time.Duration, bps int) {
	p := &e.probe
	if p.active || now < p.next || e.trend.state != normal {
		return
	}
	most := 2.0
	if p.id == 0 { // nothing is known yet
		most = 3
	}
	r := min(float64(bps), most*float64(e.Estimate()), float64(e.cfg.Max))
	if e.remb > 0 { // the receiver takes no more
		r = min(r, e.remb)
	}
	if int(r) <= e.Estimate() {
		return
	}
	id := p.id + 1
	if id == 0 {
		id = 1
	}
	*p = probe{id: id, rate: r, active: true, until: now + probeLasts, next: now + probeEvery}
	p.left = max(int(r*probeLasts.Seconds()/8), probeLeast*probeBytes)
}

// Probing is how many bytes of a burst are to be sent now, at its rate.
func (e *Estimator) Probing(now time.Duration) int {
	p := &e.probe
	if !p.active || p.ended {
		return 0
	}
	since := probeAhead
	if p.from != 0 {
		since += now - p.from
	}
	return min(max(int(p.rate*since.Seconds()/8)-p.bytes, 0), p.left)
}

// Unprobed is called where there is nothing that a burst could be of. If none of it was sent it is as
// if it had not begun.
func (e *Estimator) Unprobed(now time.Duration) {
	if p := &e.probe; p.active && p.from == 0 {
		*p = probe{id: p.id - 1, next: now + probeAgain}
	}
}

// sent takes note of a packet, which is the burst's while there is one.
func (p *probe) sent(now time.Duration, bytes int) uint8 {
	if !p.active || p.ended {
		return 0
	}
	if p.from == 0 {
		p.from = now
	}
	p.to, p.lastBytes = now, bytes
	p.bytes += bytes
	p.left -= bytes
	if p.left <= 0 {
		p.ended, p.endedAt = true, now
	}
	return p.id
}

// arrived takes note of a packet that came.
func (p *probe) arrived(o *outgoing, at time.Duration) {
	if o.probe == 0 || o.probe != p.id || !p.active {
		return
	}
	if p.packets == 0 {
		p.firstCame, p.firstBytes = at, int(o.bytes)
	}
	p.packets++
	p.came += int(o.bytes)
	p.lastCame = max(p.lastCame, at)
}

func (p *probe) stop() { p.active = false }

// result is what the burst tells, once: the lower of the rates at which it was sent and came. known
// is the estimate.
func (p *probe) result(now time.Duration, known float64) (float64, bool) {
	if !p.active {
		return 0, false
	}
	if !p.ended {
		if now > p.until+probeWaits {
			p.active = false // nothing more was there to be sent
		}
		return 0, false
	}
	if float64(p.came) < 0.8*float64(p.bytes) || p.packets < probeLeast-1 {
		if now-p.endedAt > probeWaits {
			p.active, p.next = false, now+probeRepeat
		}
		return 0, false
	}
	p.active = false
	out, in := (p.to - p.from).Seconds(), (p.lastCame - p.firstCame).Seconds()
	if out <= 0 || in <= 0 {
		return 0, false
	}
	sentAt := min(float64(p.bytes-p.lastBytes)*8/out, p.rate) // it was not all sent at a constant rate
	cameAt := float64(p.came-p.firstBytes) * 8 / in
	r := min(sentAt, cameAt)
	switch {
	case cameAt < 0.9*sentAt: // it filled the way: a little less leaves no queue
		r *= 0.95
		p.next = now + probeRepeat
	case r < probeGains*known: // the next one would tell as little
		p.next = now + probeRepeat
	default: // there may be more: that is found out at once
		p.next = now
	}
	return r, true
}
