package sip

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	ua "github.com/skygenesisenterprise/skybridge/sip"
)

// legDialog is the leg as its dialog sees it. Nothing here waits: what could,
// goes to the leg's actor.
type legDialog leg

var _ ua.DialogHandler = (*legDialog)(nil)

// OnAck takes the answer to an offer in our 2xx.
func (d *legDialog) OnAck(req *ua.Request) {
	l := (*leg)(d)
	body := req.Part(sdpType)
	l.post(func() {
		if !l.late || l.gotSDP {
			return
		}
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
		l.tell(func(e signaling.LegEvents) { e.LegMedia() })
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
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	offer := re.Request().Part(sdpType)
	if len(offer) == 0 { // a late offer: ours stands in the 200, theirs comes in the ACK
		body, err := l.session.Offer(ctx, 0)
		if err != nil {
			l.replied("re-INVITE", re.Reject(ua.Reply{Status: fault.Of(err).SIPStatus()}))
			return
		}
		l.late, l.gotSDP = true, false
		l.replied("re-INVITE", re.Accept(ua.Reply{ContentType: sdpType, Body: body}))
		return
	}
	answer, err := l.session.Answer(ctx, offer)
	if err != nil {
		l.log.Info("re-INVITE refused", "call_id", l.callID, "err", err)
		l.replied("re-INVITE", re.Reject(ua.Reply{Status: fault.Of(err).SIPStatus()}))
		return
	}
	l.replied("re-INVITE", re.Accept(ua.Reply{ContentType: sdpType, Body: answer}))
	held := l.session.Held()
	l.tell(func(e signaling.LegEvents) {
		e.LegMedia()
		e.LegHeld(held)
	})
}

func (l *leg) replied(what string, err error) {
	if err != nil {
		l.log.Info("reply not sent", "call_id", l.callID, "request", what, "err", err)
	}
}

// OnRequest answers INFO, UPDATE, OPTIONS and refuses the rest.
func (d *legDialog) OnRequest(r *ua.InDialogRequest) {
	l := (*leg)(d)
	switch r.Request().Method() {
	case "INFO":
		l.replied("INFO", r.Respond(ua.Reply{Status: l.info(r.Request())}))
	case "UPDATE":
		l.post(func() { l.updated(r) })
	case "OPTIONS", "NOTIFY":
		l.replied(r.Request().Method(), r.Respond(ua.Reply{}))
	default:
		l.replied(r.Request().Method(), r.Respond(ua.Reply{Status: 501}))
	}
}

// updated takes an UPDATE (RFC 3311): a refresh, or a changed description.
func (l *leg) updated(r *ua.InDialogRequest) {
	offer := r.Request().Part(sdpType)
	if len(offer) == 0 {
		l.replied("UPDATE", r.Respond(ua.Reply{}))
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	answer, err := l.session.Answer(ctx, offer)
	if err != nil {
		l.replied("UPDATE", r.Respond(ua.Reply{Status: fault.Of(err).SIPStatus()}))
		return
	}
	l.replied("UPDATE", r.Respond(ua.Reply{ContentType: sdpType, Body: answer}))
	held := l.session.Held()
	l.tell(func(e signaling.LegEvents) {
		e.LegMedia()
		e.LegHeld(held)
	})
}

// info takes a digit by INFO, in both usual forms, and gives the status.
func (l *leg) info(req *ua.Request) int {
	digit, length, ok := parseInfoDigit(req.ContentType(), req.Body())
	switch {
	case ok:
		l.tell(func(e signaling.LegEvents) { e.LegDigit(digit, length) })
		return 200
	case len(req.Body()) == 0:
		return 200 // a keep-alive
	default:
		return 415
	}
}

const defaultInfoDigit = 250 * time.Millisecond

// parseInfoDigit reads application/dtmf-relay ("Signal=5\r\nDuration=160") and
// application/dtmf ("5").
func parseInfoDigit(contentType string, body []byte) (digit byte, length time.Duration, ok bool) {
	if len(body) > 256 {
		return 0, 0, false
	}
	length = defaultInfoDigit
	signal := ""
	switch strings.ToLower(contentType) {
	case "application/dtmf":
		signal = strings.TrimSpace(string(body))
	case "application/dtmf-relay":
		for line := range strings.Lines(string(body)) {
			name, value, _ := strings.Cut(line, "=")
			value = strings.TrimSpace(value)
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "signal":
				signal = value
			case "duration":
				if ms, err := strconv.Atoi(value); err == nil && ms > 0 && ms <= 10000 {
					length = time.Duration(ms) * time.Millisecond
				}
			}
		}
	default:
		return 0, 0, false
	}
	switch signal {
	case "10":
		signal = "*"
	case "11":
		signal = "#"
	}
	if len(signal) != 1 || !strings.Contains("0123456789*#ABCDabcd", signal) {
		return 0, 0, false
	}
	return strings.ToUpper(signal)[0], length, true
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
	}
	if end.Err != nil {
		l.log.Info("dialog ended", "call_id", l.callID, "reason", end.Cause.String(), "err", end.Err)
	}
	l.post(func() { l.finish(cause, end.Cause == ua.EndRemote) })
}
