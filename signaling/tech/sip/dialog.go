package sip

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/causes"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/sessiontimer"
)

// legDialog is the leg as its dialog sees it. Nothing here waits: what could,
// goes to the leg's actor.
type legDialog leg

var _ ua.DialogHandler = (*legDialog)(nil)

// OnAck takes the answer to an offer in our 2xx.
func (d *legDialog) OnAck(req *message.Request) {
	l := (*leg)(d)
	body := req.Part(sdpType)
	l.post(func() { l.acknowledged(body) })
}

func (l *leg) acknowledged(body []byte) {
	l.acked = true
	if !l.isOver() && l.late && !l.gotSDP {
		if err := l.takeLate(body); err != nil {
			l.end(signaling.CauseOf(err))
		}
	}
	l.offers.look = true
	l.negotiate()
}

// takeLate takes the answer to the offer that a caller left to us; the error is why the call
// cannot go on.
func (l *leg) takeLate(body []byte) error {
	l.gotSDP = true
	err := fault.New(fault.NotAcceptable, "no description")
	l.because = "No answer to the offer"
	if len(body) > 0 {
		if err = l.session.SetAnswer(body); fault.Of(err) == fault.Invalid {
			err = fault.New(fault.NotAcceptable, "%w", err) // the call's, not the party's that dialled
		}
		l.because = "Answer to the offer is not usable"
	}
	if err != nil {
		l.log.Warn("our offer is not answered, call ended", "call_id", l.callID, "err", err)
		return err
	}
	l.because = ""
	l.mediaAgreed()
	return nil
}

// mediaAgreed tells the channel what an offer and its answer came to.
func (l *leg) mediaAgreed() {
	held := l.session.Held()
	l.watchHold()
	l.CameBack()
	if s := l.rtp(); s != nil && s.EndFax() {
		l.faxOver()
	}
	l.tell(func(e signaling.LegEvents) {
		e.LegMedia()
		e.LegHeld(held)
	})
}

// OnReInvite renegotiates: hold, resume, another codec or address.
func (d *legDialog) OnReInvite(re *ua.ReInvite) {
	l := (*leg)(d)
	if l.isOver() { // it may be that the dialog waits for the last word of a transfer
		l.replied("re-INVITE", re.Reject(ua.Reply{Status: 481}))
		return
	}
	l.heard(re.Request().Parsed)
	l.post(func() { l.reInvited(re) })
}

func (l *leg) reInvited(re *ua.ReInvite) {
	if l.isOver() || l.session == nil {
		l.replied("re-INVITE", re.Reject(ua.Reply{Status: 481}))
		return
	}
	if l.defers(func() { l.reInvited(re) }) {
		return
	}
	select {
	case <-re.Done():
		return // taken back
	default:
	}
	timer := l.expiry.terms.Arrived(re.Request())
	if timer.Status != 0 {
		l.replied("re-INVITE", re.Reject(ua.Reply{Status: timer.Status, Headers: timer.Headers}))
		return
	}
	offer := re.Request().Part(sdpType)
	if l.faxOffered(re, offer) {
		return
	}
	late := len(offer) == 0 // then ours stands in the 200, theirs comes in the ACK
	var body []byte
	var same bool
	var err error
	ctx, cancel := context.WithTimeout(l.live, requestTimeout)
	defer cancel()
	if late {
		body, err = l.session.Offer(ctx, l.wish)
	} else {
		body, same, err = l.answerTo(ctx, offer)
	}
	if err != nil {
		l.log.Info("re-INVITE refused", "call_id", l.callID, "err", err)
		l.replied("re-INVITE", re.Reject(ua.Reply{Status: fault.Of(err).SIPStatus()}))
		return
	}
	l.late, l.gotSDP = late, !late
	if err = re.Accept(ua.Reply{Headers: timer.Headers, ContentType: sdpType, Body: body}); err == nil {
		l.settled(timer)
	}
	l.replied("re-INVITE", err)
	l.SetFirst(false)
	switch {
	case same:
	case err != nil && late:
		l.session.Rollback()
		l.late = false
	case err != nil:
		l.undo()
	case !late:
		l.session.Sent()
		l.mediaAgreed()
		l.negotiate()
	}
}

// undo takes back an answer that the party did not get.
func (l *leg) undo() { l.backTo(l.session.Undo) }

func (l *leg) backTo(back func() error) {
	if err := back(); err != nil {
		l.log.Error("media not as before, call ended", "call_id", l.callID, "err", err)
		l.end(signaling.CauseTemporary)
	}
}

func (l *leg) replied(what string, err error) {
	if err != nil {
		l.log.Info("reply not sent", "call_id", l.dialogID(), "request", what, "err", err)
	}
}

// OnRequest answers INFO, UPDATE, OPTIONS, REFER and refuses the rest.
func (d *legDialog) OnRequest(r *ua.InDialogRequest) {
	l := (*leg)(d)
	method := r.Request().Method()
	if method == "UPDATE" {
		l.heard(r.Request().Parsed)
	}
	switch {
	case method == "INFO":
		l.replied(method, r.Respond(ua.Reply{Status: l.info(r.Request())}))
	case method == "UPDATE":
		l.post(func() { l.updated(r) })
	case method == "PRACK": // one with a description, or without the one that it was to have
		l.post(func() { l.acknowledgedEarly(r) })
	case method == "REFER":
		l.tech.dialogs.Inside(l, r)
	case method == "NOTIFY" && l.away.Notified(r):
	case method == "OPTIONS", method == "NOTIFY": // a ping
		l.replied(method, r.Respond(ua.Reply{}))
	default:
		l.replied(method, r.Respond(ua.Reply{Status: 501}))
	}
}

// updated takes a changed description by UPDATE (RFC 3311), or a refresh without one.
func (l *leg) updated(r *ua.InDialogRequest) { l.updateThen(r, func() {}) }

// updateThen is updated, and then what follows once an offer is answered.
func (l *leg) updateThen(r *ua.InDialogRequest, taken func()) {
	if l.isOver() || l.session == nil {
		l.replied("UPDATE", r.Respond(ua.Reply{Status: 481}))
		return
	}
	if l.defers(func() { l.updateThen(r, taken) }) {
		return
	}
	var timer sessiontimer.Answer
	refreshes := r.Request().Method() == "UPDATE" // a PRACK does not
	if refreshes {
		timer = l.expiry.terms.Arrived(r.Request())
	}
	offer := r.Request().Part(sdpType)
	if timer.Status != 0 || len(offer) == 0 {
		err := r.Respond(ua.Reply{Status: timer.Status, Headers: timer.Headers})
		if l.replied("UPDATE", err); err == nil && timer.Status == 0 {
			l.settled(timer)
		}
		return
	}
	ctx, cancel := context.WithTimeout(l.live, requestTimeout)
	defer cancel()
	answer, same, err := l.answerTo(ctx, offer)
	if err != nil {
		l.log.Info("UPDATE refused", "call_id", l.callID, "err", err)
		l.replied("UPDATE", r.Respond(ua.Reply{Status: fault.Of(err).SIPStatus()}))
		return
	}
	err = r.Respond(ua.Reply{Headers: timer.Headers, ContentType: sdpType, Body: answer})
	l.replied("UPDATE", err)
	if err != nil {
		if !same {
			l.undo()
		}
		return
	}
	taken()
	if refreshes {
		l.settled(timer)
	}
	if same {
		return
	}
	l.session.Sent()
	l.mediaAgreed()
	l.negotiate()
}

// OnEnd ends the leg with its dialog.
func (d *legDialog) OnEnd(end ua.End) {
	l := (*leg)(d)
	l.referral.End()
	cause := signaling.CauseNormal
	switch end.Cause {
	case ua.EndRemote:
		if end.Request != nil {
			cause = causes.OfReason(end.Request.Headers("Reason"), cause)
		}
	case ua.EndNoAck, ua.EndTimeout:
		cause = signaling.CauseNoUserResponse
	case ua.EndUnknown, ua.EndPanic:
		cause = signaling.CauseTemporary
	case ua.EndLocal:
		return // end does the rest
	case ua.EndClosed:
	}
	l.hangup()
	l.post(func() {
		if end.Err != nil {
			l.log.Info("dialog ended", "call_id", l.callID, "reason", end.Cause.String(), "err", end.Err)
		}
		l.finish(cause, end.Cause == ua.EndRemote)
	})
}
