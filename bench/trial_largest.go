package bench

import (
	"context"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/table"
)

// How long a whole comparison is to take; what of that is for profiles, which come last; and
// what one search for a largest load may take at the most.
const (
	wholeTime   = 22 * time.Minute
	profileTime = 100 * time.Second
	searchTime  = 60 * time.Second
)

// search is one for the largest load.
type search struct {
	trial
	who string
}

// searches are Skybridge's in every workload, and then others' in those on G.711 alone, and in
// that of browsers.
func (c *Comparison) searches() (all []search) {
	var others []search
	for _, t := range trials() {
		for _, who := range t.who {
			switch {
			case !c.wants(t.name):
			case t.name == sameLoad:
			case who == theSkybridge:
				all = append(all, search{t, who})
			case who == theJanus && t.name == inBrowsers:
				others = append(others, search{t, who})
			case (who == theAsterisk || who == theRTPEngine) && (t.name == inOneRoom || t.name == relayed):
				others = append(others, search{t, who})
			}
		}
	}
	return append(all, others...)
}

// largestLoads looks for the largest loads. Each search has an equal share of the time that
// is left.
func (c *Comparison) largestLoads(ctx context.Context, _ *table.Report) ([]table.Bar, error) {
	if c.Short {
		return nil, nil
	}
	all := c.searches()
	for i, s := range all {
		left := wholeTime - profileTime - time.Since(c.began)
		share := min(searchTime, left/time.Duration(len(all)-i))
		if err := c.largest(ctx, s, time.Now().Add(share)); err != nil {
			return nil, err
		}
	}
	return c.carryBars(), nil
}

// carryBars hold how many browsers a core carries against how many it does with Janus, where both
// were looked for.
func (c *Comparison) carryBars() []table.Bar {
	if !c.wants(inBrowsers) {
		return nil
	}
	ours, theirs := c.found[inBrowsers+"/"+theSkybridge], c.found[inBrowsers+"/"+theJanus]
	b := compared(browsersName, "a core carries ≥ 10 × Janus's", float64(theirs), float64(ours), 1./10, c.skipped[theJanus])
	b.Part = inBrowsers
	return []table.Bar{b}
}

// largest looks for the largest load that a contestant carries, around what it should by
// what a leg costs it, and keeps it. It tries once at least, and begins nothing more that
// will not be over in time, by how long the try before took.
func (c *Comparison) largest(ctx context.Context, s search, until time.Time) error {
	key := s.name + "/" + s.who
	cost := c.cpu(s.name, s.who)
	if cost == 0 {
		return nil
	}
	around := bracket{next: int(microseconds(load.Frame) / cost * Budget)}
	var took time.Duration
	for try := range 5 {
		if late := time.Now().Add(took).After(until); late && (try > 0 || time.Since(c.began) > wholeTime) {
			return c.say("%s: no time is left to look for the largest load", key)
		}
		begun := time.Now()
		w := s.w.With(min(around.next, load.MaxLegs/3))
		run, err := c.run(ctx, s.who, w)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		took = time.Since(begun)
		good, late := err == nil && run.Good(), err == nil && run.ClientLate > mostLate
		if err := c.say("%-32s %-10s %4d parties: %s", s.w.Name, s.who, w.Legs, carried(good, late, err)); err != nil {
			return err
		}
		done := around.tried(w.Legs, good)
		if around.best > 0 {
			c.found[key] = around.best
		}
		if !good {
			c.bounded[key] = late
		}
		if done {
			return nil
		}
	}
	return nil
}

func carried(good, late bool, err error) string {
	switch {
	case good:
		return "carried"
	case err != nil:
		return "too many: " + firstLine(err.Error())
	case late:
		return "too many for the client"
	}
	return "too many"
}

// bracket closes in on the largest load: best was carried, refused was not, next is to be
// tried.
type bracket struct{ best, refused, next int }

// tried tells of a try, and gives whether the rest is not worth another.
func (b *bracket) tried(legs int, carried bool) (done bool) {
	switch {
	case carried:
		b.best = max(b.best, legs)
		b.next = legs * 6 / 5
	case b.refused == 0 || legs < b.refused:
		b.refused = legs
		b.next = legs * 4 / 5
	}
	if b.best > 0 && b.refused > 0 {
		b.next = (b.best + b.refused) / 2
		return b.refused-b.best < max(b.best/20, 2)
	}
	return b.next < 2
}
