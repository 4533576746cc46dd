package trunkgroup

import (
	"slices"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// defaultStatuses are the refusals after which another trunk is tried, with the
// reason. What is not here was said of the number that was called or by whoever it
// belongs to, and would be said again: 404, 410, 480, 484, 486, 600, 603, 604; 403,
// because a number that one trunk bars is not to be reached by way of another; 482
// and 483, because a loop is made no better.
var defaultStatuses = map[int]string{
	401: "our credentials were refused: a matter between us and that trunk",
	407: "the same",
	408: "the trunk waited in vain for whoever is behind it",
	488: "our codecs were refused: another trunk may have others",
	500: "the trunk has failed",
	501: "the same",
	502: "what is behind the trunk has failed",
	503: "the trunk is overloaded, or closes",
	504: "what is behind the trunk does not answer",
	580: "the trunk could not reserve what the call needs",
}

// DefaultStatuses are the final responses after which another trunk is tried where
// nothing else is configured, in ascending order.
func DefaultStatuses() []int {
	out := make([]int, 0, len(defaultStatuses))
	for s := range defaultStatuses {
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

// Outcome is how a try at a trunk failed.
type Outcome struct {
	// Status is the final response, 0 for none.
	Status int
	// RetryAfter is what the response asks for; 0 for nothing.
	RetryAfter time.Duration
	// Err is what went wrong. Without a status, fault.Timeout and fault.Unreachable
	// speak of the trunk.
	Err error
}

// silent tells whether the trunk did not take part at all.
func (o *Outcome) silent() bool {
	if o.Status != 0 {
		return false
	}
	kind := fault.Of(o.Err)
	return kind == fault.Timeout || kind == fault.Unreachable
}

// another tells whether another trunk is worth a try. Once somebody has heard it
// ring it is not, unless the trunk itself takes the call back with 503: the phone
// of who was called would ring twice.
func (o *Outcome) another(r *Retry, rang bool) bool {
	switch {
	case rang:
		return o.Status == 503
	case o.Status == 0:
		return o.silent()
	case r.Statuses != nil:
		return slices.Contains(r.Statuses, o.Status)
	}
	return defaultStatuses[o.Status] != ""
}

// rest is until when calls stay away from a way that failed so: strictly, or only as
// long as there is another.
func (o *Outcome) rest(r *Retry, now time.Time) (until time.Time, strictly bool) {
	switch {
	case o.Status == 503 && o.RetryAfter > 0:
		return now.Add(min(o.RetryAfter, r.MaxRetryAfter)), true
	case o.Status == 503, o.silent():
		return now.Add(r.HoldOff), false
	}
	return time.Time{}, false
}
