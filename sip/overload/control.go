// Package overload decides how much of new work is refused when the server runs short
// of something: time, memory, descriptors or ports (RFC 7339 in spirit). It refuses by
// probability, what costs its sender least first, so that the load does not move to the
// next server as a whole (RFC 6357). What belongs to a call that stands is never asked
// about.
//
// Goroutines: one that measures, owned by its Gate, which ends with Close.
package overload

import (
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Config is what is too much.
type Config struct {
	// Queue is how long the request that waits least may wait for its handler
	// (CoDel's standing queue); 0 looks at no queue.
	Queue time.Duration
	// Late is how late all but one in a hundred ticks of the mixer may begin; 0 as above.
	Late time.Duration
	// Used is which part of the memory, the descriptors or the ports, 0 to 1, may be in
	// use before new work is refused; between it and the whole more and more is.
	Used float64
	// Emergency are the numbers whose calls are never refused here.
	Emergency []string
}

// Default takes 20 ms for a queue, 50 ms for ticks, and leaves a tenth of the rest.
func Default() Config {
	return Config{Queue: 20 * time.Millisecond, Late: 50 * time.Millisecond, Used: 0.9, Emergency: []string{"112", "911"}}
}

// Validate tells what is wrong with the configuration.
func (c Config) Validate() error {
	if c.Queue < 0 || c.Late < 0 || c.Used <= 0 || c.Used > 1 {
		return fault.New(fault.Invalid, "overload: settings do not fit: %+v", c)
	}
	return nil
}

// Signals are what was measured in one interval.
type Signals struct {
	Queue time.Duration // the least that a request waited; 0 where too few came to tell
	Late  time.Duration // what all but one in a hundred ticks were late at most
	Ticks bool          // Late is new
	// Used are the parts that are in use, 0 to 1.
	Memory, Descriptors, Ports, Transactions float64
}

// State is how much is refused, and why.
type State struct {
	// Pressure is 0 when nothing is refused, 1 when all that may be is.
	Pressure float64
	// Portless is the part of it that what needs no media port is under: all but calls.
	Portless float64
	// Short names what the server is shortest of: "queue", "ticks", "memory",
	// "descriptors", "ports", "transactions"; empty for nothing.
	Short string
}

// Control is the controller: signals in, state out. It is pure; the zero value is at rest.
type Control struct {
	queue, late follower
}

// follower is the pressure of what grows while it is too much.
type follower struct {
	pressure float64
	over     int // measurements in a row that were too much
}

// The steps of what is measured as a time: up by so much for each time that the target
// is exceeded by itself, at most that often, and down to a part of itself otherwise.
const (
	rise     = 0.05
	riseMost = 4
	fall     = 0.8
	rest     = 0.01 // less is nothing
	// patient is how many measurements in a row are to be too much before anything is
	// refused: one is what a busy machine has now and then.
	patient = 3
)

// Step takes one interval's signals.
func (c *Control) Step(cfg *Config, s Signals) State {
	c.queue.step(s.Queue, cfg.Queue)
	if s.Ticks {
		c.late.step(s.Late, cfg.Late)
	}
	out := State{}
	for _, p := range []struct {
		name     string
		pressure float64
	}{
		{"queue", c.queue.pressure}, {"ticks", c.late.pressure},
		{"memory", level(s.Memory, cfg.Used)}, {"descriptors", level(s.Descriptors, cfg.Used)}, {"ports", level(s.Ports, cfg.Used)},
		{"transactions", level(s.Transactions, cfg.Used)},
	} {
		if p.pressure > out.Pressure {
			out.Pressure, out.Short = p.pressure, p.name
		}
		if p.name != "ports" {
			out.Portless = max(out.Portless, p.pressure)
		}
	}
	return out
}

// step raises the pressure while a time is over its target, and lets it fall else.
func (f *follower) step(measured, target time.Duration) {
	if target > 0 && measured > target {
		if f.over++; f.over >= patient {
			f.pressure = min(1, f.pressure+rise*min(float64(measured)/float64(target), riseMost))
		}
		return
	}
	f.over = 0
	if f.pressure *= fall; f.pressure < rest {
		f.pressure = 0
	}
}

// level is 0 up to from, and 1 when everything is in use.
func level(used, from float64) float64 {
	if used <= from {
		return 0
	}
	return min(1, (used-from)/max(1-from, 0.01))
}

// class is how dear a request is: the dearer, the later it is refused.
type class uint8

const (
	cheap     class = iota // nobody waits for it: subscriptions, messages, a first REGISTER
	call                   // a new call, an emergency call of a stranger
	underway               // with credentials of whom we know: a refresh, or a call that was challenged already
	untouched              // emergency calls, OPTIONS by which others tell whether we are there
)

// refused is the probability with which a class is refused under a pressure.
func (k class) refused(pressure float64) float64 {
	switch k {
	case cheap:
		return min(1, 2*pressure)
	case call:
		return pressure
	case underway:
		return max(0, 2*pressure-1)
	default:
		return 0
	}
}

// classOf tells what a request outside of any dialog is. Its sender is asked for only
// where it matters.
func classOf(method, user string, credentials bool, emergency []string, known func() bool) class {
	switch {
	case method == "OPTIONS":
		return untouched
	case method == "INVITE" && isEmergency(user, emergency) && known():
		return untouched
	case credentials && known():
		return underway
	case method == "INVITE":
		return call
	default:
		return cheap
	}
}

func isEmergency(user string, numbers []string) bool {
	number, _, _ := strings.Cut(user, ";")
	for _, n := range numbers {
		if number == n {
			return true
		}
	}
	return false
}
