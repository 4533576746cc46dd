package client

import (
	"context"
	"time"
)

// Patiently bounds the search for a way by a call's patience, if that has an end: who does
// not find out where to go, or is not let in, is as lost as who gets no answer.
func Patiently(ctx context.Context, patience time.Duration) (context.Context, context.CancelFunc) {
	if patience == 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, patience)
}

// Silence is how long the hop that an INVITE goes to now may say nothing; 0 is as long as the
// transaction lasts. A call's patience began with the way there, but who has let us in has
// half a second (T1, the time of a round trip) to answer, however long that took. Without a
// patience of the call's own it is the stack's where there is another hop, from now on: the
// way, which has its own bound, may have taken longer than that.
func (c *Client) Silence(patience time.Duration, began time.Time, another bool) time.Duration {
	switch {
	case patience > 0:
		return max(patience-time.Since(began), min(patience, c.T1))
	case another:
		return c.Patience()
	}
	return 0
}
