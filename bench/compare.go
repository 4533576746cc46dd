package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
	"github.com/skygenesisenterprise/skybridge/bench/table"
)

// Comparison measures Skybridge beside others, in turn.
type Comparison struct {
	Runner *Runner
	// Program is this program, and Speech further arguments of its codecs command.
	Program string
	Speech  []string
	// Asterisk is the root folder that has one.
	Asterisk string
	// Short is one round of a few seconds, without the search for the largest loads.
	Short bool
	// Only, where not empty, names the only trials that are wanted.
	Only []string
	// Out takes what is being done, line by line.
	Out io.Writer
	// Version is Skybridge's.
	Version string

	began   time.Time
	results map[string][]*Sample // by trial and contestant
	legs    map[string]int       // where a contestant cannot do a trial's
	skipped map[string]string    // by contestant
	found   map[string]int       // the largest load, likewise
	bounded map[string]bool      // whether the client could do no more than that
}

// The contestants by name, besides peers' own.
const (
	theFloor     = "floor"
	theSkybridge = "skybridge"
	theAsterisk  = "asterisk"
	theJanus     = "janus"
	theRTPEngine = "rtpengine"
	theCodecs    = "codecs" // the codecs' work alone
	theRelay     = "relay"  // Skybridge, with one codec for all
)

// trial is a workload and who does it.
type trial struct {
	name string
	w    Workload
	who  []string
	// fewer is how many legs some have instead.
	fewer map[string]int
}

func (c *Comparison) contender(name string) peers.Contender {
	switch name {
	case theFloor:
		return peers.Floor{Program: c.Program, Args: []string{"bench", "floor"}}
	case theAsterisk:
		return peers.Asterisk{Root: c.Asterisk}
	case theJanus:
		return peers.Janus{}
	case theRTPEngine:
		return peers.RTPEngine{}
	default:
		return peers.Skybridge{Program: c.Program}
	}
}

// hosting is who has rooms for browsers.
func (c *Comparison) hosting(name string, video bool) peers.Hosting {
	if name == theJanus {
		return peers.JanusRooms{Video: video}
	}
	return peers.SkybridgeRooms{Program: c.Program}
}

// wants tells whether a trial is to be done.
func (c *Comparison) wants(trial string) bool {
	return len(c.Only) == 0 || slices.Contains(c.Only, trial)
}

// plan is how long a run takes.
func (c *Comparison) plan() load.Plan {
	if c.Short {
		return load.Plan{Warm: time.Second, Measure: 1500 * time.Millisecond}
	}
	return load.Plan{Warm: 1500 * time.Millisecond, Measure: 3 * time.Second}
}

func (c *Comparison) rounds() int {
	if c.Short {
		return 1
	}
	return 3
}

// measureAll runs all trials, in rounds, so that what else the machine does at one time
// meets all of them alike.
func (c *Comparison) measureAll(ctx context.Context, trials []trial) error {
	c.results, c.legs, c.skipped = make(map[string][]*Sample), make(map[string]int), make(map[string]string)
	for _, t := range trials {
		if !c.wants(t.name) {
			continue
		}
		for round := range c.rounds() {
			for _, who := range t.who {
				if err := c.turn(ctx, t, who, round); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// turn is one contestant's run. What goes wrong with a peer is said, and is the end of it
// in this trial.
func (c *Comparison) turn(ctx context.Context, t trial, who string, round int) error {
	key := t.name + "/" + who
	if c.skipped[who] != "" || c.skipped[key] != "" {
		return nil
	}
	w := t.w
	if n := t.fewer[who]; n > 0 {
		w = w.With(n)
	}
	if n := c.legs[key]; n > 0 {
		w = w.With(n)
	}
	repeats := 2
	if c.Short {
		repeats = 1
	}
	var best *Sample
	for repeated := 0; ; repeated++ {
		s, err := c.run(ctx, who, w)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, peers.ErrUnavailable):
			c.skipped[who] = err.Error()
			return c.say("%s: skipped: %v", who, err)
		case err != nil && who == theSkybridge:
			return err
		case err != nil:
			c.skipped[key] = err.Error()
			return c.say("%s: skipped: %v", key, err)
		}
		if err := c.say("%-32s %-10s %4d parties %8s µs a party, %5.1f %% came, gaps %v%s", t.w.Name, who, s.Legs,
			table.Microseconds(s.CPU, s.Step), 100*min(1, s.Share), s.Gap.Round(time.Millisecond), doubts(s)); err != nil {
			return err
		}
		if best == nil || s.better(best) {
			best = s
		}
		half := w.With(w.Legs / 2)
		halves := half.Legs >= 8 && c.legs[key] == 0 && round == 0
		switch s.next(repeated, repeats, halves) {
		case repeat:
			continue
		case halve:
			w, c.legs[key], best, repeated = half, half.Legs, nil, -1
			continue
		case keep:
		}
		c.results[key] = append(c.results[key], best)
		return nil
	}
}

// doubts are what makes a sample doubtful, for the line that tells of it.
func doubts(s *Sample) (text string) {
	if why := s.Disturbed(); why != "" {
		text = "; " + why
	}
	if len(s.Wrong) > 0 {
		text += fmt.Sprintf("; %d wrong: %s", len(s.Wrong), s.Wrong[0])
	}
	return text
}

func (c *Comparison) run(ctx context.Context, who string, w Workload) (*Sample, error) {
	switch who {
	case theCodecs:
		return c.Runner.Codecs(ctx, w, c.plan(), c.Program, append([]string{"bench", "codecs"}, c.Speech...)...)
	case theRelay:
		w = Calls(w.Codecs[1], w.Codecs[1], w.Legs)
		return c.Runner.Run(ctx, peers.Skybridge{Program: c.Program}, w, c.plan())
	}
	if w.Browsers {
		return c.Runner.Meet(ctx, c.hosting(who, false), w, c.plan())
	}
	return c.Runner.Run(ctx, c.contender(who), w, c.plan())
}

func (c *Comparison) say(format string, args ...any) error {
	_, err := fmt.Fprintf(c.Out, "%3.0fs  "+format+"\n", append([]any{time.Since(c.began).Seconds()}, args...)...)
	return err
}
