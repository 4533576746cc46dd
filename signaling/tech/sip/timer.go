package sip

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/sessiontimer"
)

// expiry is the leg's session timer (RFC 4028). Until the call is answered it is touched by
// whoever sets it up, then by the actor alone.
type expiry struct {
	terms    *sessiontimer.Session
	clock    *sessiontimer.Timer
	due      bool // a refresh of ours waits its turn, or for its answer
	noUpdate bool // the party refuses UPDATE, whatever it says
}

func (l *leg) newExpiry(p sessiontimer.Policy) expiry {
	return expiry{
		terms: sessiontimer.New(p),
		clock: sessiontimer.NewTimer(func() { l.post(l.refresh) }, func() { l.post(l.expired) }),
	}
}

// untimely is how a call is refused for its session timer; nil lets it pass.
func untimely(req *message.Request, e *directory.Endpoint) *ua.Reply {
	if a := sessiontimer.New(e.Timer).Arrived(req); a.Status != 0 {
		return &ua.Reply{Status: a.Status, Headers: a.Headers}
	}
	return nil
}

// mending has an INVITE ask for a longer interval after a 422, with the headers that it has
// besides.
func (l *leg) mending(besides []message.Header) func(*message.Response) ([]message.Header, bool) {
	return func(resp *message.Response) ([]message.Header, bool) {
		if resp.Status() != 422 || !l.expiry.terms.Refused(resp) {
			return nil, false
		}
		return append(besides[:len(besides):len(besides)], l.expiry.terms.Request()...), true
	}
}

// timed takes what the 2xx to a request of ours says; false ends the call.
func (l *leg) timed(resp *message.Response) bool {
	if err := l.expiry.terms.Answered(resp); err != nil {
		l.log.Info("call ended", "call_id", l.callID, "err", err)
		l.end(signaling.CauseInterworking)
		return false
	}
	l.expiry.clock.Set(l.expiry.terms.Terms())
	return true
}

// settled puts into effect what the party was told in our 2xx.
func (l *leg) settled(a sessiontimer.Answer) {
	l.expiry.terms.Accepted(a)
	l.expiry.clock.Set(l.expiry.terms.Terms())
}

// refresh tells the party that we are still here, and learns whether it is: by an UPDATE
// without a description where it takes that, else by a re-INVITE that changes nothing.
func (l *leg) refresh() {
	if l.isOver() || l.dialog == nil || l.expiry.due {
		return
	}
	o := &offer{
		method: "INVITE",
		make:   func(ctx context.Context) ([]byte, error) { return l.session.Refresh(ctx, l.wish) },
		take:   l.session.SetAnswer,
		back:   l.session.Rollback,
	}
	byUpdate := l.expiry.terms.ByUpdate() && !l.expiry.noUpdate
	s := l.rtp()
	switch {
	case byUpdate:
		o = empty(nil)
	case l.Past():
		o = l.repeated(nil)
	case s != nil:
		if told, on := s.Faxing(); on { // a description of audio would end it
			o.make = func(context.Context) ([]byte, error) { return s.OfferFax(told) }
			o.take = func(answer []byte) error {
				_, err := s.SetFaxAnswer(answer)
				return err
			}
			o.back = s.RollbackFax
		}
	}
	o.done = func(err error) {
		l.expiry.due = false
		if err == nil {
			return
		}
		l.log.Info("session not refreshed", "call_id", l.callID, "method", o.method, "err", err)
		if byUpdate && !l.isOver() {
			l.expiry.noUpdate = true
			l.refresh()
		}
	}
	l.expiry.due = true
	l.offers.queue = append(l.offers.queue, o)
	l.negotiate()
}

// expired ends a call that nobody has refreshed.
func (l *leg) expired() {
	if l.isOver() {
		return
	}
	l.log.Info("session not refreshed in time, call ended", "call_id", l.callID, "interval", l.expiry.terms.Terms().Interval)
	l.because = "session timer expired"
	l.end(signaling.CauseTimerExpired)
}
