package sip

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
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
		l.takeLate(body)
	}
	l.offerVideo()
}

func (l *leg) takeLate(body []byte) {
	l.gotSDP = true
	if len(body) == 0 {
		l.log.Warn("ACK without the answer to our offer, call ended", "call_id", l.callID)
		l.end(signaling.CauseNoCodec)
		return
	}
	if err := l.session.SetAnswer(body); err != nil {
		l.log.Warn("answer in the ACK not usable, call ended", "call_id", l.callID, "err", err)
		l.end(signaling.CauseOf(err))
		return
	}
	l.mediaAgreed()
}

// mediaAgreed tells the channel what an offer and its answer came to.
func (l *leg) mediaAgreed() {
	held := l.session.Held()
	l.watchHold()
	l.tell(func(e signaling.LegEvents) {
		e.LegMedia()
		e.LegHeld(held)
	})
}

// OnReInvite renegotiates: hold, resume, another codec or address.
func (d *legDialog) OnReInvite(re *ua.ReInvite) {
	l := (*leg)(d)
	l.post(func() { l.reInvited(re) })
}

func (l *leg) reInvited(re *ua.ReInvite) {
	if l.isOver() || l.session == nil {
		l.replied("re-INVITE", re.Reject(ua.Reply{Status: 481}))
		return
	}
	select {
	case <-re.Done():
		return // taken back
	default:
	}
	offer := re.Request().Part(sdpType)
	late := len(offer) == 0 // then ours stands in the 200, theirs comes in the ACK
	var body []byte
	var err error
	ctx, cancel := context.WithTimeout(l.live, requestTimeout)
	defer cancel()
	if late {
		body, err = l.session.Offer(ctx, l.wish)
	} else {
		body, err = l.session.Answer(ctx, offer)
	}
	if err != nil {
		l.log.Info("re-INVITE refused", "call_id", l.callID, "err", err)
		l.replied("re-INVITE", re.Reject(ua.Reply{Status: fault.Of(err).SIPStatus()}))
		return
	}
	l.late, l.gotSDP = late, !late
	err = re.Accept(ua.Reply{ContentType: sdpType, Body: body})
	l.replied("re-INVITE", err)
	switch {
	case err != nil && late:
		l.session.Rollback()
		l.late = false
	case err != nil:
		l.undo()
	case !late:
		l.session.Sent()
		l.mediaAgreed()
	}
}

// undo takes back an answer that the party did not get.
func (l *leg) undo() {
	if err := l.session.Undo(); err != nil {
		l.log.Error("media not as before, call ended", "call_id", l.callID, "err", err)
		l.end(signaling.CauseTemporary)
	}
}

func (l *leg) replied(what string, err error) {
	if err != nil {
		l.log.Info("reply not sent", "call_id", l.dialogID(), "request", what, "err", err)
	}
}

// OnRequest answers INFO, UPDATE, OPTIONS and refuses the rest.
func (d *legDialog) OnRequest(r *ua.InDialogRequest) {
	l := (*leg)(d)
	method := r.Request().Method()
	switch {
	case method == "INFO":
		l.replied(method, r.Respond(ua.Reply{Status: l.info(r.Request())}))
	case method == "UPDATE" && len(r.Request().Part(sdpType)) > 0:
		l.post(func() { l.updated(r) })
	case method == "UPDATE", method == "OPTIONS", method == "NOTIFY": // a refresh, a ping
		l.replied(method, r.Respond(ua.Reply{}))
	default:
		l.replied(method, r.Respond(ua.Reply{Status: 501}))
	}
}

// updated takes a changed description by UPDATE (RFC 3311).
func (l *leg) updated(r *ua.InDialogRequest) {
	if l.isOver() || l.session == nil {
		l.replied("UPDATE", r.Respond(ua.Reply{Status: 481}))
		return
	}
	ctx, cancel := context.WithTimeout(l.live, requestTimeout)
	defer cancel()
	answer, err := l.session.Answer(ctx, r.Request().Part(sdpType))
	if err != nil {
		l.log.Info("UPDATE refused", "call_id", l.callID, "err", err)
		l.replied("UPDATE", r.Respond(ua.Reply{Status: fault.Of(err).SIPStatus()}))
		return
	}
	err = r.Respond(ua.Reply{ContentType: sdpType, Body: answer})
	l.replied("UPDATE", err)
	if err != nil {
		l.undo()
		return
	}
	l.session.Sent()
	l.mediaAgreed()
}

// OnEnd ends the leg with its dialog.
func (d *legDialog) OnEnd(end ua.End) {
	l := (*leg)(d)
	cause := signaling.CauseNormal
	switch end.Cause {
	case ua.EndRemote:
		if end.Request != nil {
			cause = causeOfReason(end.Request.Headers("Reason"), cause)
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
