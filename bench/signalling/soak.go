package signalling

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/peers"
	"github.com/skygenesisenterprise/skybridge/bench/traffic"
)

// Soak is what many calls leave behind in a server.
type Soak struct {
	Calls int
	// Failed are those that did, by what was answered: 408 for nothing, 0 for what makes no
	// sense. Refused were placed again after a 503.
	Failed  map[int]uint64
	Refused uint64
	Time    time.Duration
	// before and after are what it has in hand, when nothing is left to be known of calls.
	before, after *state
}

// mostGrowth is by how much the heap may have grown after many calls. After fewer than
// tells, what the server had not used before weighs more than what calls leave.
const (
	mostGrowth = 0.05
	tells      = 10_000
)

// Soak places so many calls, half of them answered by the server itself and half by another
// phone. What it has in hand is compared before and after, each time when rest has passed,
// in which the server forgets what is over: no less than 64·T1 for the heap to say
// anything. Calls that go before, as many as fill what is kept of calls anyway and for no
// less than rest, count for nothing: only then are as many transactions known at a time
// as later on, and their tables as large.
func (r Runner) Soak(ctx context.Context, c peers.Contender, before, calls int, rest time.Duration) (_ *Soak, err error) {
	x, err := r.phones(ctx, c, SetUps(false))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, x.close()) }()
	s := &Soak{Calls: calls, Failed: make(map[int]uint64)}
	for began := time.Now(); ; {
		if err := s.place(ctx, x, before); err != nil {
			return nil, err
		}
		if time.Since(began) > rest {
			break
		}
	}
	if err := wait(ctx, rest); err != nil {
		return nil, err
	}
	if s.before, err = stateOf(ctx, x.instance); err != nil {
		return nil, err
	}
	began := time.Now()
	if err := s.place(ctx, x, calls); err != nil {
		return nil, err
	}
	s.Time = time.Since(began)
	if err := wait(ctx, rest); err != nil {
		return nil, err
	}
	// Who is slow to let go, as on a machine that has other things to do, is waited for.
	for range 90 { // seconds: two timers of half a minute, and more
		if s.after, err = stateOf(ctx, x.instance); err != nil || len(s.Left()) == 0 {
			break
		}
		if err := wait(ctx, time.Second); err != nil {
			return nil, err
		}
	}
	return s, err
}

// place places calls, half of either kind, and counts those that fail.
func (s *Soak) place(ctx context.Context, x *ringing, calls int) error {
	for _, w := range []Work{SetUps(false), SetUps(true)} {
		if err := x.aim(w); err != nil {
			return err
		}
		result, err := x.run(func() (*traffic.Result, error) { return x.drive.Times(ctx, traffic.Call, calls/2) })
		if err != nil {
			return err
		}
		for status, n := range result.Failed {
			s.Failed[status] += n
		}
		s.Refused += result.Refused
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Left are the goroutines, descriptors and sockets that there are more of than before.
func (s *Soak) Left() (all []string) {
	for _, v := range []struct {
		what          string
		before, after float64
	}{
		{"goroutines", s.before.goroutines, s.after.goroutines},
		{"descriptors", float64(s.before.descriptors), float64(s.after.descriptors)},
		{"sockets", float64(s.before.sockets), float64(s.after.sockets)},
	} {
		if v.after > v.before {
			all = append(all, fmt.Sprintf("%s from %.0f to %.0f", v.what, v.before, v.after))
		}
	}
	return all
}

func (s *Soak) failures() (n uint64) {
	for _, k := range s.Failed {
		n += k
	}
	return n
}

// Grown is all that has grown, and should not have; nothing where all is as it was.
func (s *Soak) Grown() []string {
	all := s.Left()
	if live := s.after.live / s.before.live; s.Calls >= tells && live > 1+mostGrowth {
		all = append(all, fmt.Sprintf("the heap by %.1f %%", 100*(live-1)))
	}
	if n := s.failures(); n > 0 {
		all = append(all, fmt.Sprintf("%d calls failed: %v", n, s.Failed))
	}
	return all
}

// Print says what was left, in lines for people.
func (s *Soak) Print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d calls in %v, %d failed, %d placed again after a 503\n", s.Calls, s.Time.Round(time.Second), s.failures(), s.Refused)
	fmt.Fprintf(&b, "%16s  %12s  %12s\n", "", "before", "after")
	line := func(what string, before, after float64) {
		fmt.Fprintf(&b, "%16s  %12.0f  %12.0f  %+.1f %%\n", what, before, after, 100*(after/max(before, 1)-1))
	}
	line("heap, bytes", s.before.live, s.after.live)
	if s.Calls < tells {
		fmt.Fprintf(&b, "%16s  (not judged: that takes %d calls)\n", "", tells)
	}
	line("goroutines", s.before.goroutines, s.after.goroutines)
	line("descriptors", float64(s.before.descriptors), float64(s.after.descriptors))
	line("sockets", float64(s.before.sockets), float64(s.after.sockets))
	line("resident, bytes", float64(s.before.resident), float64(s.after.resident))
	if grown := s.Grown(); len(grown) > 0 {
		// Who asked for it is known of a server that samples its allocations
		// (GODEBUG=memprofilerate=512).
		for _, h := range s.after.footprint.Each(s.before.footprint, 1).Owners {
			if h.Bytes >= 0.002*s.before.live {
				fmt.Fprintf(&b, "%9.0f  %6.0f × %s\n", h.Bytes, h.Count, h.Name)
			}
		}
		fmt.Fprintf(&b, "not as it was: %s\n", strings.Join(grown, ", "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
