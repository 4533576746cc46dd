package bandwidth

import (
	"math"
	"time"
)

// groups puts packets together that were sent at once (draft-ietf-rmcat-gcc-02 §5.2, §5.3).
type groups struct {
	now, before group
	have        int
}

type group struct {
	first, sent, arrival time.Duration
}

// burst is how far apart the packets of a group are sent at most.
const burst = 5 * time.Millisecond

// add takes a packet. When a group is over it tells by how much longer it took than the one
// before, and how long there was between the two.
func (g *groups) add(sent, arrival time.Duration) (delta, between time.Duration, ok bool) {
	switch {
	case g.have == 0:
		g.now, g.have = group{sent, sent, arrival}, 1
		return 0, 0, false
	case sent < g.now.first: // overtaken
		return 0, 0, false
	case sent-g.now.first <= burst:
		g.now.sent, g.now.arrival = max(sent, g.now.sent), max(arrival, g.now.arrival)
		return 0, 0, false
	}
	if g.have > 1 {
		between = g.now.arrival - g.before.arrival
		delta = between - (g.now.sent - g.before.sent)
		ok = between > -time.Second && between < 3*time.Second
		if !ok { // their clock jumped
			*g = groups{}
		}
	}
	g.before, g.now, g.have = g.now, group{sent, sent, arrival}, 2
	return delta, between, ok
}

// The states of the way (§5.4).
const (
	normal = iota
	overuse
	underuse
)

// The constants of the trendline filter and the adaptive threshold (§5.4, §5.6; the window
// and gain are those of libwebrtc).
const (
	window        = 20
	smoothing     = 0.9
	gain          = 4.0
	mostDeltas    = 60
	firstLimit    = 12.5 // ms
	leastLimit    = 6
	mostLimit     = 600
	risesBy       = 0.0087
	fallsBy       = 0.039
	overuseLasts  = 10 * time.Millisecond
	limitIgnores  = 15.0 // ms beyond the limit that do not change it
	longestChange = 100  // ms
)

// trend is how delays change: the slope of a line through the last of them.
type trend struct {
	x, y  [window]float64 // arrival and smoothed delay, ms
	n     int
	start time.Duration

	sum, smooth float64
	limit       float64
	last        float64
	over        time.Duration
	times       int
	updated     time.Duration
	state       int
}

func (t *trend) reset() { *t = trend{limit: firstLimit} }

// add takes the change of delay between two groups.
func (t *trend) add(delta, arrival, between time.Duration) {
	if t.n == 0 {
		t.start = arrival
	}
	t.sum += milliseconds(delta)
	t.smooth = smoothing*t.smooth + (1-smoothing)*t.sum
	t.x[t.n%window], t.y[t.n%window] = milliseconds(arrival-t.start), t.smooth
	t.n++
	if t.n < window {
		return
	}
	t.detect(t.slope(), arrival, between)
}

// slope is that of the line (least squares).
func (t *trend) slope() float64 {
	var mx, my float64
	for i := range window {
		mx += t.x[i]
		my += t.y[i]
	}
	mx, my = mx/window, my/window
	var num, den float64
	for i := range window {
		num += (t.x[i] - mx) * (t.y[i] - my)
		den += (t.x[i] - mx) * (t.x[i] - mx)
	}
	if den == 0 {
		return 0
	}
	return num / den
}

// detect compares the slope with a limit that follows it (§5.4).
func (t *trend) detect(slope float64, arrival, between time.Duration) {
	now := min(float64(t.n), mostDeltas) * slope * gain
	switch {
	case now > t.limit:
		t.over += max(between, 0)
		t.times++
		if t.over > overuseLasts && t.times > 1 && slope >= t.last {
			t.state, t.over, t.times = overuse, 0, 0
		}
	case now < -t.limit:
		t.state, t.over, t.times = underuse, 0, 0
	default:
		t.state, t.over, t.times = normal, 0, 0
	}
	t.last = slope
	size := math.Abs(now)
	if size <= t.limit+limitIgnores {
		k := risesBy
		if size < t.limit {
			k = fallsBy
		}
		t.limit += k * (size - t.limit) * min(milliseconds(arrival-t.updated), longestChange)
		t.limit = min(max(t.limit, leastLimit), mostLimit)
	}
	t.updated = arrival
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
