// Package allocation shares out what a receiver can take among what it watches: each
// subscription gets a layer, or a pause.
//
// Shown screens come first, then what is shown large, who speaks, and the others in the order
// in which they are asked for. First all that is shown gets the least that there is of it, a
// screen as many pixels as are wanted at whatever frame rate; what is left goes to the first
// until it has what it wants, then to the second, and so on. When there is less, what does not
// fit goes down at once, from the last on. It goes up only with something to spare, and after a
// time that grows if it had to come down soon.
//
// It is pure: no I/O, no goroutine, no clock, and it allocates only to grow.
package allocation

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/media/forward"
)

// Heights of pictures as receivers show them, in lines.
const (
	Hidden = 0
	Small  = 180
	Large  = 1080
)

// Choice is what a subscription is sent, for Subscription.Aim.
type Choice struct {
	Layer    int8 // forward.Paused for nothing
	Temporal int8
}

// Wish is one subscription: what the source has and what the receiver wants of it. Its owner
// keeps it from one Allocate to the next, as it remembers what was chosen.
type Wish struct {
	Layers [forward.MaxLayers]forward.Layer
	// Count is how many layers there are.
	Count int
	// Height is of the picture as it is shown, in lines; Hidden is not at all.
	Height int
	// Screen is a shared screen, Speaking who speaks.
	Screen, Speaking bool

	// Choice is what was chosen last.
	Choice Choice

	began   bool
	wait    time.Duration // before it goes up again
	after   time.Duration // when it may
	raised  time.Duration
	cost    int // of the choice, as it is now
	capped  Choice
	highest int8
}

const (
	// overhead is what packets have beside what layers' rates count, in percent.
	overhead = 6
	// spare is how much of the estimate has to be left for one to go up, in percent.
	spare = 15
	// How long one waits before it goes up again after it came down: twice as long as the last
	// time, if it did not stay for steadyAfter.
	firstWait   = 3 * time.Second
	longestWait = 96 * time.Second
	steadyAfter = 2 * time.Minute
)

// assumed are rates of layers that were not measured yet, in bit/s.
var assumed = [forward.MaxLayers]int{150_000, 500_000, 1_500_000, 3_000_000}

// Allocator shares out for one receiver.
type Allocator struct {
	order []int
}

// Result is what comes of it, in bit/s: what is used, and what it would take for the first who
// has not what it wants to go up; 0 if all have. The latter is worth a probe.
type Result struct {
	Used, Want int
}

// Allocate chooses for all wishes, within an estimate in bit/s.
func (a *Allocator) Allocate(now time.Duration, estimate int, wishes []Wish) Result {
	a.rank(wishes)
	left := estimate
	reserve := estimate * spare / 100
	for _, i := range a.order { // the least of each
		w := &wishes[i]
		w.before()
		if c := w.least(now, left, reserve); c.Layer != forward.Paused {
			w.cost = w.price(c)
			left -= w.cost
			w.capped = c
		}
	}
	for again := true; again; { // and then as much as there is; choices only become better
		again = false
		for _, i := range a.order {
			w := &wishes[i]
			c := w.best(now, left+w.cost, reserve)
			if c == w.capped || c.Layer == forward.Paused {
				continue
			}
			again = w.price(c) < w.cost
			left += w.cost - w.price(c)
			w.cost, w.capped = w.price(c), c
			if again { // better for less: those before it come first with what is left
				break
			}
		}
	}
	used := estimate - left
	want := 0
	for _, i := range a.order {
		if next, ok := wishes[i].above(wishes[i].capped); ok {
			want = (used + wishes[i].price(next) - wishes[i].cost) * 100 / (100 - spare)
			break
		}
	}
	for i := range wishes {
		wishes[i].settle(now)
	}
	return Result{Used: used, Want: want}
}

// rank puts the wishes in order, by insertion: there are few, and they are mostly in order.
func (a *Allocator) rank(wishes []Wish) {
	a.order = a.order[:0]
	for i := range wishes {
		a.order = append(a.order, i)
		for k := len(a.order) - 1; k > 0 && wishes[a.order[k]].rank() < wishes[a.order[k-1]].rank(); k-- {
			a.order[k], a.order[k-1] = a.order[k-1], a.order[k]
		}
	}
}

func (w *Wish) rank() int {
	switch {
	case w.Height == Hidden:
		return 4
	case w.Screen:
		return 0
	case w.Height > 2*Small:
		return 1
	case w.Speaking:
		return 2
	}
	return 3
}

// before begins an allocation: nothing is given.
func (w *Wish) before() {
	if !w.began {
		w.began, w.Choice = true, Choice{Layer: forward.Paused}
	}
	w.cost, w.capped = 0, Choice{Layer: forward.Paused}
	w.highest = forward.Paused
	if w.Height == Hidden {
		return
	}
	for i := range int8(min(w.Count, forward.MaxLayers)) {
		if !w.Layers[i].Active {
			continue
		}
		w.highest = i
		if w.Layers[i].Height >= w.Height { // it is enough
			break
		}
	}
}

// price is what a choice takes, in bit/s.
func (w *Wish) price(c Choice) int {
	if c.Layer < 0 {
		return 0
	}
	l := &w.Layers[c.Layer]
	t := min(int(c.Temporal), forward.MaxTemporal-1)
	r := l.Rates[t]
	if l.Rates[forward.MaxTemporal-1] == 0 {
		r = assumed[c.Layer]
	}
	return r + r*overhead/100
}

// admits tells whether a choice is one: a camera's larger layers are not worth it at a fourth
// of their frames.
func (w *Wish) admits(c Choice) bool {
	l := &w.Layers[c.Layer]
	top := int8(max(l.Temporal, 1) - 1)
	switch {
	case !l.Active || c.Temporal > top:
		return false
	case w.Screen:
		return true
	}
	return c.Layer == w.lowest() || c.Temporal >= min(top, 1)
}

// lowest is the smallest layer that is sent.
func (w *Wish) lowest() int8 {
	for i := range w.highest {
		if w.Layers[i].Active {
			return i
		}
	}
	return w.highest
}

// less is the order of choices: more pixels are better, then more frames.
func less(a, b Choice) bool {
	return a.Layer < b.Layer || a.Layer == b.Layer && a.Temporal < b.Temporal
}

// least is the choice that everybody gets before anybody gets more, if there is enough: of a
// screen the most pixels that there can be.
func (w *Wish) least(now time.Duration, budget, reserve int) Choice {
	if w.highest == forward.Paused {
		return Choice{Layer: forward.Paused}
	}
	for i := w.highest; i >= 0; i-- {
		c := Choice{Layer: i}
		if !w.Layers[i].Active || !w.Screen && i != w.lowest() {
			continue
		}
		if w.price(c) <= budget-w.rise(now, c, reserve, budget) {
			return c
		}
	}
	return Choice{Layer: forward.Paused}
}

// rise is what has to be spare for a choice that is better than what is sent now; all, if it is
// not its time.
func (w *Wish) rise(now time.Duration, c Choice, reserve, budget int) int {
	switch {
	case !less(w.Choice, c) || w.wait == 0 && w.Choice.Layer == forward.Paused:
		return 0
	case now < w.after:
		return budget + 1
	}
	return reserve
}

// best is the best choice for a budget. What is better than what is sent now has to leave a
// reserve, and to wait for its time.
func (w *Wish) best(now time.Duration, budget, reserve int) Choice {
	found := Choice{Layer: forward.Paused}
	w.each(func(c Choice) bool {
		need := w.price(c)
		if less(w.capped, c) {
			need += w.rise(now, c, reserve, budget)
		}
		if need <= budget && less(found, c) {
			found = c
		}
		return true
	})
	return found
}

// above is the next better choice.
func (w *Wish) above(than Choice) (found Choice, ok bool) {
	w.each(func(c Choice) bool {
		if less(than, c) {
			found, ok = c, true
		}
		return !ok
	})
	return found, ok
}

// each calls a function with each choice that there is, the worst first, as long as it says so.
func (w *Wish) each(do func(Choice) bool) {
	for i := int8(0); i <= w.highest; i++ {
		for t := range int8(forward.MaxTemporal) {
			if c := (Choice{i, t}); w.admits(c) && !do(c) {
				return
			}
		}
	}
}

// settle makes of what was given the choice.
func (w *Wish) settle(now time.Duration) {
	c := w.capped
	switch {
	case c == w.Choice:
		return
	case w.Height == Hidden: // it was not for lack of bandwidth
	case less(w.Choice, c):
		w.raised = now
	case w.Choice.Layer > w.highest: // nor that it is shown smaller, or no longer sent
	default:
		if w.wait == 0 || now-w.raised > steadyAfter {
			w.wait = firstWait
		} else {
			w.wait = min(2*w.wait, longestWait)
		}
		w.after = now + w.wait
	}
	w.Choice = c
}
