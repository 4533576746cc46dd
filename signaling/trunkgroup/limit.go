package trunkgroup

import (
	"math"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/roster"
)

// bucket bounds how many calls begin: one a token, which come back at a rate.
type bucket struct {
	tokens float64
	at     time.Time // of tokens
}

// fill brings the tokens up to date.
func (b *bucket) fill(rate float64, now time.Time) {
	most := math.Max(1, rate)
	if b.at.IsZero() {
		b.tokens = most
	} else {
		b.tokens = math.Min(most, b.tokens+rate*now.Sub(b.at).Seconds())
	}
	b.at = now
}

// line is a trunk as it does; the table's mutex guards it. Calls keep theirs over a
// new configuration.
type line struct {
	Trunk
	in, out  int
	bucket   bucket
	rests    map[string]rest // by way
	attempts uint64
	failures uint64
	answered uint64
	refused  uint64 // for a limit
	lastErr  string
	lastCode int
	lastAt   time.Time
}

// rest keeps calls away from a way.
type rest struct {
	until    time.Time
	strictly bool
}

// take counts one more call, if the limits let it. One that has been there before, at
// another address of the trunk, is none of a second's calls.
func (l *line) take(now time.Time, out, before bool) error {
	if l.MaxCalls > 0 && l.in+l.out >= l.MaxCalls {
		l.refused++
		return fault.New(fault.TooMany, "trunk %s has %d calls, its limit", l.Name, l.MaxCalls)
	}
	if l.PerSecond > 0 && !before {
		l.bucket.fill(l.PerSecond, now)
		if l.bucket.tokens < 1 {
			l.refused++
			return fault.New(fault.TooMany, "trunk %s takes %g calls a second", l.Name, l.PerSecond)
		}
		l.bucket.tokens--
	}
	if out {
		l.out++
	} else {
		l.in++
	}
	return nil
}

// resting tells whether a way has a rest at a time.
func (l *line) resting(way string, now time.Time) (r rest, is bool) {
	r, is = l.rests[way]
	if is && !now.Before(r.until) {
		delete(l.rests, way)
		return rest{}, false
	}
	return r, is
}

// failed notes what went wrong, and lets the way rest if it is to.
func (l *line) failed(way string, o *Outcome, r *Retry, now time.Time) {
	l.note(o.Status, o.Err, now)
	l.failures++
	if until, strictly := o.rest(r, now); until.After(now) {
		if l.rests == nil {
			l.rests = make(map[string]rest)
		}
		l.rests[way] = rest{until, strictly}
	}
}

// note keeps what went wrong. Without a status it has that of the error's kind.
func (l *line) note(status int, err error, now time.Time) {
	if err == nil {
		return
	}
	if status == 0 {
		status = roster.StatusWithout(fault.Of(err))
	}
	l.lastErr, l.lastCode, l.lastAt = err.Error(), status, now
}
