package sip

import (
	"context"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/udptl"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/faxdetect"
	sess "github.com/skygenesisenterprise/skybridge/signaling/tech/sip/session"
	ua "github.com/skygenesisenterprise/skybridge/sip"
)

var _ signaling.Facsimile = (*leg)(nil)

// faxOffered takes a re-INVITE that turns the call to T.38; false leaves it to be taken as
// audio. The other party is asked first; the INVITE waits for it. Actor only.
func (l *leg) faxOffered(re *ua.ReInvite, offer []byte) bool {
	terms, wanted, err := sess.FaxWanted(offer)
	if !wanted {
		return false
	}
	s := l.rtp()
	switch {
	case err != nil:
		l.refuseFax(re, err)
	case s == nil || !s.FaxAllowed():
		l.refuseFax(re, fault.New(fault.NotAcceptable, "%s may not have T.38", l.endpoint))
		l.askedFax()
	default:
		if told, on := s.Faxing(); on { // once more
			l.answerFax(re, offer, told, nil)
			return true
		}
		l.CameBack()
		l.askOther(re, offer, terms)
	}
	return true
}

// askOther has the other party turn to T.38 first.
func (l *leg) askOther(re *ua.ReInvite, offer []byte, terms udptl.Terms) {
	asked := make(chan struct{}) // closed by the first answer
	answer := func(a signaling.FaxAnswer, err error) {
		l.post(func() {
			select {
			case <-asked:
				return
			default:
			}
			close(asked)
			if err != nil {
				l.refuseFax(re, err)
				l.askedFax()
				return
			}
			l.answerFax(re, offer, a.Terms, a.End)
		})
	}
	late := time.AfterFunc(requestTimeout, func() {
		answer(signaling.FaxAnswer{}, fault.New(fault.Timeout, "the other party does not answer"))
	})
	l.tell(func(e signaling.LegEvents) {
		events, ok := e.(signaling.FaxEvents)
		if !ok {
			late.Stop()
			l.refuseFax(re, fault.New(fault.NotAcceptable, "no conversation"))
			return
		}
		events.LegFaxWanted(terms, func(a signaling.FaxAnswer, err error) {
			late.Stop()
			answer(a, err)
		})
	})
}

// askedFax sends a facsimile to the plan's extension for it, where the endpoint wants that.
func (l *leg) askedFax() {
	l.mu.Lock()
	asked := l.faxAsked
	l.mu.Unlock()
	if asked != nil {
		asked()
	}
}

// detectFax has a facsimile that calls go on at the plan's extension for it.
func (l *leg) detectFax(c *signaling.Channel, by faxdetect.Rules) {
	asked := faxdetect.Watch(c, by, func(context, exten string) bool { return l.tech.cfg.Exists(context, exten, c.Snapshot().Caller) })
	l.mu.Lock()
	l.faxAsked = asked
	l.mu.Unlock()
}

// refuseFax leaves the call as it is.
func (l *leg) refuseFax(re *ua.ReInvite, err error) {
	l.log.Info("T.38 refused", "call_id", l.callID, "err", err)
	l.replied("re-INVITE", re.Reject(ua.Reply{Status: fault.NotAcceptable.SIPStatus()}))
}

// answerFax turns the party to T.38, and joins it to the other one, nil when it is already.
func (l *leg) answerFax(re *ua.ReInvite, offer []byte, terms udptl.Terms, other *udptl.End) {
	s := l.rtp()
	if l.isOver() || s == nil {
		l.replied("re-INVITE", re.Reject(ua.Reply{Status: 481}))
		return
	}
	body, err := s.AnswerFax(offer, terms)
	if err == nil && other != nil {
		err = udptl.Join(s.FaxEnd(), other, l.log)
	}
	timer := l.expiry.terms.Arrived(re.Request())
	if err == nil {
		err = re.Accept(ua.Reply{Headers: timer.Headers, ContentType: sdpType, Body: body})
	}
	if err == nil {
		l.settled(timer)
		l.log.Info("call turned to T.38", "call_id", l.callID)
		return
	}
	l.refuseFax(re, err)
	if _, on := s.Faxing(); on {
		l.undo()
	}
	l.faxOver()
}

// faxOver tells that there is audio again.
func (l *leg) faxOver() {
	l.tell(func(e signaling.LegEvents) {
		if events, ok := e.(signaling.FaxEvents); ok {
			events.LegFaxOver()
		}
		e.LegMedia()
	})
}

// OfferFax sends a re-INVITE with T.38.
func (l *leg) OfferFax(terms udptl.Terms, answer func(signaling.FaxAnswer, error)) {
	l.post(func() { l.offerFax(terms, answer) })
}

func (l *leg) offerFax(terms udptl.Terms, answer func(signaling.FaxAnswer, error)) {
	s := l.rtp()
	switch {
	case l.isOver() || l.dialog == nil:
		answer(signaling.FaxAnswer{}, fault.New(fault.Conflict, "the call is not answered"))
		return
	case s == nil || !s.FaxAllowed():
		answer(signaling.FaxAnswer{}, fault.New(fault.NotAcceptable, "%s may not have T.38", l.endpoint))
		return
	}
	var theirs udptl.Terms
	l.CameBack()
	l.offers.queue = append(l.offers.queue, &offer{
		make: func(context.Context) ([]byte, error) { return s.OfferFax(terms) },
		take: func(body []byte) (err error) {
			theirs, err = s.SetFaxAnswer(body)
			l.offers.plain = err != nil // the party has taken an INVITE, and nothing of what is in it
			return err
		},
		back: s.RollbackFax,
		done: func(err error) {
			if err != nil {
				answer(signaling.FaxAnswer{}, err)
				return
			}
			l.log.Info("call turned to T.38", "call_id", l.callID)
			answer(signaling.FaxAnswer{End: s.FaxEnd(), Terms: theirs}, nil)
		},
	})
	l.negotiate()
}

// EndFax sends a re-INVITE with audio.
func (l *leg) EndFax() {
	s := l.rtp()
	if s == nil {
		return
	}
	if _, on := s.Faxing(); !on {
		return
	}
	l.post(func() {
		if !l.isOver() && s.EndFax() {
			l.offers.plain = true
			l.negotiate()
		}
	})
}
