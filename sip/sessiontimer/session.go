package sessiontimer

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// maxRaised bounds how often one request is made again after a 422.
const maxRaised = 3

// Session is our side of the negotiation in one dialog. Its methods are called one after
// the other.
type Session struct {
	policy   Policy
	interval time.Duration // to ask for
	min      time.Duration // the greatest Min-SE that is known
	raised   int           // 422s to the request that is under way
	terms    Terms
	update   bool // the peer takes UPDATE
}

// New makes the session of a dialog that is to be.
func New(p Policy) *Session { return &Session{policy: p, interval: p.Interval, min: p.Min} }

// Terms are what was agreed on last.
func (s *Session) Terms() Terms { return s.terms }

// ByUpdate reports whether the peer has said that it takes UPDATE, by which a refresh
// needs no description.
func (s *Session) ByUpdate() bool { return s.update }

// Request is what an INVITE or UPDATE of ours says. Refused or Answered follows, or
// nothing where the request came to nothing.
func (s *Session) Request() []message.Header {
	if s.policy.Mode == Off {
		return nil
	}
	hs := []message.Header{{Name: "Supported", Value: Tag}}
	e := expires{interval: s.interval, refresher: s.policy.Refresher}
	switch {
	case s.terms.Active(): // who refreshes goes on doing so (RFC 4028 §7.4)
		e.interval = max(s.terms.Interval, s.min)
		e.refresher = UAS
		if s.terms.Ours {
			e.refresher = UAC
		}
	case s.policy.Mode == Accept:
		return hs
	}
	if s.policy.Mode == Require {
		hs = append(hs, message.Header{Name: "Require", Value: Tag})
	}
	return append(hs,
		message.Header{Name: "Session-Expires", Value: e.String()},
		message.Header{Name: "Min-SE", Value: format(s.min)},
	)
}

// Refused takes a 422 and reports whether the request is to be made again, with what
// Request says now (RFC 4028 §7.3).
func (s *Session) Refused(m Headers) bool {
	least := minOf(m)
	asked := s.interval
	if s.terms.Active() {
		asked = max(s.terms.Interval, s.min)
	}
	if s.policy.Mode == Off || least <= asked && least <= s.min || s.raised == maxRaised {
		s.raised = 0
		return false
	}
	s.raised++
	s.min = max(s.min, least)
	s.interval = max(s.interval, least)
	return true
}

// Answered takes the 2xx to a request of ours (RFC 4028 §7.2). An error, of kind
// fault.Unsupported, says that the peer does without what we cannot do without.
func (s *Session) Answered(m Headers) error {
	s.raised = 0
	s.knows(m)
	e, said := parseExpires(m.Header("Session-Expires"))
	switch {
	case s.policy.Mode == Off:
		return nil
	case said:
		s.terms = Terms{Interval: s.bearable(e.interval), Ours: e.refresher != UAS}
	case s.policy.Mode == Always: // nobody else does it
		s.terms = Terms{Interval: s.interval, Ours: true}
	case s.policy.Mode == Require:
		return fault.New(fault.Unsupported, "the party knows no session timers")
	default:
		s.terms = Terms{}
	}
	return nil
}

// Answer is what the peer's request is answered with, as far as the timer goes.
type Answer struct {
	// Status refuses the request; 0 does not.
	Status int
	// Headers are those of the refusal, or of the 2xx.
	Headers []message.Header
	terms   Terms
}

// Arrived reads an INVITE or UPDATE of the peer's (RFC 4028 §9). Accepted follows, once
// the request has its 2xx.
func (s *Session) Arrived(m Headers) Answer {
	s.knows(m)
	supports := has(m, "Supported", Tag) || has(m, "Require", Tag)
	e, asked := parseExpires(m.Header("Session-Expires"))
	switch {
	case s.policy.Mode == Off && has(m, "Require", Tag):
		return Answer{Status: 420, Headers: []message.Header{{Name: "Unsupported", Value: Tag}}}
	case s.policy.Mode == Off:
		return Answer{}
	case s.policy.Mode == Require && !supports:
		return Answer{Status: 421, Headers: []message.Header{{Name: "Require", Value: Tag}}}
	case asked && supports && e.interval < s.policy.Min:
		return Answer{Status: 422, Headers: []message.Header{{Name: "Min-SE", Value: format(s.policy.Min)}}}
	}
	t := s.answer(e, asked, supports, minOf(m))
	if !t.Active() {
		return Answer{terms: t}
	}
	out := expires{interval: t.Interval, refresher: UAC}
	if t.Ours {
		out.refresher = UAS
	}
	a := Answer{terms: t, Headers: []message.Header{{Name: "Supported", Value: Tag}}}
	if supports { // where it is to refresh it must know, else it should
		a.Headers = append(a.Headers, message.Header{Name: "Require", Value: Tag})
	}
	a.Headers = append(a.Headers, message.Header{Name: "Session-Expires", Value: out.String()})
	return a
}

// answer is the terms that the peer's request comes to. least is its Min-SE.
func (s *Session) answer(e expires, asked, supports bool, least time.Duration) Terms {
	ours := !supports
	switch {
	case !supports: // a peer that knows nothing of it does not refresh (table 2)
	case e.refresher != Unsaid:
		ours = e.refresher == UAS
	case s.terms.Active():
		ours = s.terms.Ours
	case s.policy.Refresher != Unsaid:
		ours = s.policy.Refresher == UAS
	}
	switch {
	case asked:
		interval := e.interval
		if s.policy.Limit > 0 {
			interval = min(interval, max(s.policy.Limit, least, s.floor()))
		}
		return Terms{Interval: s.bearable(interval), Ours: ours}
	case supports && s.terms.Active(): // one that is silent about it does not end it
		return Terms{Interval: max(s.terms.Interval, least), Ours: ours}
	case s.policy.Mode == Require || s.policy.Mode == Always:
		return Terms{Interval: max(s.interval, least), Ours: ours}
	}
	return Terms{}
}

// Accepted puts into effect what the peer was sent in the 2xx.
func (s *Session) Accepted(a Answer) { s.terms = a.terms }

// knows takes note of what the peer can.
func (s *Session) knows(m Headers) {
	if m.Header("Allow") != "" {
		s.update = has(m, "Allow", "UPDATE")
	}
}

// floor is what is never gone below: refreshing is work for both sides.
func (s *Session) floor() time.Duration { return min(s.policy.Min, Least) }

func (s *Session) bearable(d time.Duration) time.Duration { return max(d, s.floor()) }
