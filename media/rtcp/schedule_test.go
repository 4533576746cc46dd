package rtcp

import (
	"math"
	"testing"
	"time"
)

// The nominal interval by RFC 3550 §6.3.1.
func TestNominalInterval(t *testing.T) {
	for _, tt := range []struct {
		name             string
		members, senders int
		weSent, initial  bool
		bandwidth        float64
		want             time.Duration
	}{
		{"the first", 1, 0, false, true, 400, 2500 * time.Millisecond},
		{"of two who speak", 2, 2, true, false, 400, 5 * time.Second},
		{"narrow", 2, 2, true, false, 20, 14800 * time.Millisecond},
		{"few senders, one of them", 100, 10, true, false, 400, 14800 * time.Millisecond},
		{"few senders, none of them", 100, 10, false, false, 400, 44400 * time.Millisecond},
		{"many senders", 100, 50, true, false, 400, 37 * time.Second},
	} {
		s := schedule{
			least: DefaultInterval, bandwidth: tt.bandwidth, members: tt.members, senders: tt.senders,
			weSent: tt.weSent, initial: tt.initial, average: expected + overhead,
		}
		if got := s.nominal(); (got - tt.want).Abs() > time.Millisecond {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// With timer reconsideration reports go out every 5 s in the mean, and never in step.
func TestIntervalsOverADay(t *testing.T) {
	var s schedule
	s.start(DefaultInterval, 400, epoch)
	if first := s.next.Sub(epoch); first < 1026*time.Millisecond || first > 3079*time.Millisecond {
		t.Errorf("the first after %v", first)
	}
	s.members = 2
	last, n := epoch, 0
	shortest, longest := time.Hour, time.Duration(0)
	for last.Sub(epoch) < 24*time.Hour {
		now := s.next
		if !s.expire(now) {
			continue
		}
		if gap := now.Sub(last); n > 0 {
			shortest, longest = min(shortest, gap), max(longest, gap)
		}
		last = now
		n++
	}
	mean := last.Sub(epoch) / time.Duration(n)
	if mean < 4500*time.Millisecond || mean > 5500*time.Millisecond {
		t.Errorf("every %v in the mean", mean)
	}
	least := time.Duration(float64(DefaultInterval) * 0.5 / compensation)
	if most := 3 * least; shortest < least || longest > most {
		t.Errorf("every %v to %v, want within %v to %v", shortest, longest, least, most)
	}
	if longest-shortest < 3*time.Second {
		t.Errorf("every %v to %v is hardly by chance", shortest, longest)
	}
}

// An interval that has grown since it was chosen is waited for (§6.3.6).
func TestReconsideration(t *testing.T) {
	var s schedule
	s.start(DefaultInterval, 20, epoch)
	s.chance = func() float64 { return 0.5 }
	s.next = epoch.Add(s.interval())
	due := s.next
	if s.expire(due.Add(-time.Nanosecond)) {
		t.Error("too early")
	}
	s.members, s.senders = 4, 4
	if s.expire(due) {
		t.Error("sent, though the interval has grown")
	}
	want := epoch.Add(time.Duration(4 * (expected + overhead) / 20.0 * float64(time.Second) / compensation))
	if d := s.next.Sub(want).Abs(); d > time.Millisecond {
		t.Errorf("next is off by %v", d)
	}
	// And one that shrinks as others leave comes sooner (§6.3.4).
	now := epoch.Add(time.Second)
	before := s.next.Sub(now)
	s.leave(now)
	if got := s.next.Sub(now); math.Abs(float64(got)/float64(before)-0.75) > 0.001 {
		t.Errorf("%v to wait became %v", before, got)
	}
}

func TestAverage(t *testing.T) {
	s := schedule{average: 100}
	s.count(100)
	if s.average != 100+28.0/16 {
		t.Error(s.average)
	}
}
