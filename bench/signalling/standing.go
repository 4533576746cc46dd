package signalling

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/footprint"
	"github.com/skygenesisenterprise/skybridge/bench/meter"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
	"github.com/skygenesisenterprise/skybridge/bench/traffic"
)

// Standing is what something that stays, a registered phone or a call, adds to a server.
type Standing struct {
	Contender, What string
	Few, Many       int // between which the difference was measured
	// Resident is bytes of memory each; Held those of live objects and stacks, Goroutines
	// how many each, both of Skybridge alone.
	Resident, Held, Goroutines float64
	// Descriptors is how many file descriptors each has.
	Descriptors float64
}

// Stays measures what the phones of a kind of work add to a contender while they are
// registered, or talk. Before the many are looked at, the server rests: it knows of a
// request for 64·T1.
func (r Runner) Stays(ctx context.Context, c peers.Contender, w Work, few, many int, rest time.Duration) (_ *Standing, err error) {
	kind := traffic.Hold
	if w.Accounts > 0 {
		kind = traffic.Register
		if many > w.Accounts {
			return nil, fmt.Errorf("%d of %d accounts", many, w.Accounts)
		}
	} else {
		w.Together = many
	}
	x, err := r.phones(ctx, c, w)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, x.close()) }()
	var at [2]*state
	for i, n := range [...]int{few, many - few} {
		result, err := x.run(func() (*traffic.Result, error) { return x.drive.Times(ctx, kind, n) })
		if err != nil {
			return nil, err
		}
		if result.Failures() > 0 {
			return nil, fmt.Errorf("%s, %s: %d of %d failed: %v", c.Name(), w.Name, result.Failures(), n, result.Failed)
		}
		if err := meter.Settle(ctx, x.instance.PID()); err != nil {
			return nil, err
		}
		if i == 1 {
			if err := wait(ctx, rest); err != nil {
				return nil, err
			}
		}
		if at[i], err = stateOf(ctx, x.instance); err != nil {
			return nil, err
		}
	}
	each := func(of func(*state) float64) float64 { return (of(at[1]) - of(at[0])) / float64(many-few) }
	return &Standing{
		Contender: c.Name(), What: w.Name, Few: few, Many: many,
		Resident: each(func(s *state) float64 { return float64(s.resident) }), Held: each(func(s *state) float64 { return s.live + s.stacks }),
		Goroutines: each(func(s *state) float64 { return s.goroutines }), Descriptors: each(func(s *state) float64 { return float64(s.descriptors) }),
	}, nil
}

// state is what a server has in hand.
type state struct {
	resident                 int64
	live, stacks, goroutines float64 // of Skybridge, after a collection
	descriptors, sockets     int
	footprint                *footprint.Footprint // of Skybridge
}

func stateOf(ctx context.Context, instance peers.Instance) (*state, error) {
	u, err := meter.Of(instance.PID())
	if err != nil {
		return nil, err
	}
	s := &state{resident: u.RSS}
	if s.descriptors, s.sockets, err = descriptors(instance.PID()); err != nil {
		return nil, err
	}
	if _, ok := instance.(peers.Console); !ok {
		return s, nil
	}
	f, err := footprint.Ask(ctx, instance)
	if err != nil {
		return nil, err
	}
	s.footprint = f
	s.live, s.stacks, s.goroutines = f.Live.Bytes, f.Stacks.Bytes, f.Stacks.Count
	return s, nil
}

// descriptors counts a process's files, and those of them that are sockets.
func descriptors(pid int) (all, sockets int, err error) {
	dir := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	files, err := os.ReadDir(dir)
	if err != nil {
		return 0, 0, err
	}
	for _, f := range files {
		to, err := os.Readlink(filepath.Join(dir, f.Name()))
		if errors.Is(err, os.ErrNotExist) {
			continue // closed meanwhile
		}
		if err != nil {
			return 0, 0, err
		}
		all++
		if len(to) > 7 && to[:7] == "socket:" {
			sockets++
		}
	}
	return all, sockets, nil
}
