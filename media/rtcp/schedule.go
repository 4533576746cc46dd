package rtcp

import (
	"math"
	"math/rand/v2"
	"time"
)

// The bounds of Config.Interval, and what it is by default (RFC 3550 §6.2).
const (
	DefaultInterval = 5 * time.Second
	MinInterval     = 500 * time.Millisecond
	MaxInterval     = time.Minute
)

const (
	senderShare = 0.25 // of the bandwidth, for senders while they are few
	overhead    = 28   // bytes of IPv4 and UDP that count as the packet's (§6.2)
	expected    = 120  // bytes of a packet before there was any
	// share is RTCP's part of the session bandwidth (§6.2).
	share = 0.05
)

// compensation makes up for timer reconsideration, which settles below the interval that
// was meant (§6.3.1).
var compensation = math.E - 1.5

// schedule says when a participant sends its reports (RFC 3550 §6.3). It has no clock:
// every time is the caller's.
type schedule struct {
	least     time.Duration
	bandwidth float64        // of all RTCP of the session, bytes per second
	chance    func() float64 // 0 to below 1

	members, before int // with ourselves; before is as of the last computation
	senders         int
	weSent          bool
	initial         bool    // nothing was sent yet
	average         float64 // bytes of a packet
	previous, next  time.Time
}

// start begins at the time when we join.
func (s *schedule) start(least time.Duration, bandwidth float64, now time.Time) {
	*s = schedule{
		least: least, bandwidth: bandwidth, chance: rand.Float64, members: 1, before: 1,
		initial: true, average: expected + overhead, previous: now,
	}
	s.next = now.Add(s.interval())
}

// nominal is the interval Td of §6.3.1, before chance.
func (s *schedule) nominal() time.Duration {
	n, bandwidth := float64(s.members), s.bandwidth
	if senders := float64(s.senders); senders <= senderShare*n {
		if s.weSent {
			n, bandwidth = senders, senderShare*bandwidth
		} else {
			n, bandwidth = n-senders, (1-senderShare)*bandwidth
		}
	}
	least := s.least
	if s.initial {
		least /= 2
	}
	return max(least, time.Duration(n*s.average/bandwidth*float64(time.Second)))
}

// interval is T of §6.3.1.
func (s *schedule) interval() time.Duration {
	return time.Duration(float64(s.nominal()) * (0.5 + s.chance()) / compensation)
}

// expire is §6.3.6: it reports whether a packet is to be sent now, and sets next.
func (s *schedule) expire(now time.Time) bool {
	if now.Before(s.next) {
		return false
	}
	s.before = s.members
	if at := s.previous.Add(s.interval()); at.After(now) {
		s.next = at
		return false
	}
	s.previous, s.initial = now, false
	s.next = now.Add(s.interval())
	return true
}

// count takes a packet of size bytes that was sent or received (§6.3.3).
func (s *schedule) count(size int) {
	s.average += (float64(size+overhead) - s.average) / 16
}

// leave takes a member away, and what was planned nearer (§6.3.4).
func (s *schedule) leave(now time.Time) {
	if s.members > 1 {
		s.members--
	}
	left := float64(s.members) / float64(s.before)
	if left < 1 {
		s.next = now.Add(time.Duration(left * float64(s.next.Sub(now))))
		s.previous = now.Add(-time.Duration(left * float64(now.Sub(s.previous))))
		s.before = s.members
	}
}
