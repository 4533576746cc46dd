package reports

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

const (
	// requestPatience is patience with a peer that may ask for something at any time: 50
	// packets a second, with the usual interval.
	requestPatience = 256
	// requestRate is how many requests a second are sent to a peer in the long run,
	// requestBurst how many at once.
	requestRate  = 50
	requestBurst = 25
)

// allowance is how many requests may be sent; it grows with time.
type allowance struct {
	spent float64
	at    time.Time
}

// take spends one, if there is one.
func (a *allowance) take(now time.Time) bool {
	a.spent = max(a.spent-now.Sub(a.at).Seconds()*requestRate, 0)
	a.at = now
	if a.spent > requestBurst-1 {
		return false
	}
	a.spent++
	return true
}

// Request sends a request to the peer at once (RFC 4585 §3.5.1, with two parties and no
// need to wait), in a form that was agreed on, unless there is none or there were too many.
// The message is the Reporter's from then on.
func (r *Reporter) Request(f *rtp.Feedback) {
	l := r.leg.Counters()
	s := r.service
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.closed || r.quiet || r.session == nil || !r.pictures.Fit(f, r.peer.Requests):
		return
	case !r.requests.take(s.now()):
		r.dropped.Add(1)
		return
	}
	f.Sender = l.SSRC
	r.send(r.session.AppendRequest(s.buf[:0], l, f))
}
