package bandwidth

import "time"

// Pacer is a budget of what may leave in how short a time, so that a key frame of a hundred
// packets fills no queue on the way. A packet that has to wait is its owner's to keep.
type Pacer struct {
	rate float64 // bytes a second
	debt float64 // bytes that have left, beyond what the rate would have let
	at   time.Duration
}

const (
	// paceFactor is how much faster than the estimate packets leave: frames are as long as they
	// are, and the estimate is of their mean.
	paceFactor = 2.5
	// paceBurst is how much leaves at once.
	paceBurst = 10 * time.Millisecond
	paceLeast = 5 * probeBytes
)

// SetEstimate tells what the way carries, in bit/s.
func (p *Pacer) SetEstimate(bps int) { p.rate = paceFactor * float64(bps) / 8 }

// Wait is how long a packet has to wait from now on; 0 is that it may leave.
func (p *Pacer) Wait(now time.Duration) time.Duration {
	p.pay(now)
	if over := p.debt - max(p.rate*paceBurst.Seconds(), paceLeast); over > 0 && p.rate > 0 {
		return time.Duration(over / p.rate * float64(time.Second))
	}
	return 0
}

// Sent takes note of a packet that leaves, whether or not it had to wait.
func (p *Pacer) Sent(now time.Duration, bytes int) {
	p.pay(now)
	p.debt += float64(bytes)
}

func (p *Pacer) pay(now time.Duration) {
	p.debt = max(0, p.debt-p.rate*(now-p.at).Seconds())
	p.at = now
}
