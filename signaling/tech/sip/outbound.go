package sip

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// outboundCall is what an outgoing leg will send.
type outboundCall struct {
	request ua.Outbound // until it is sent
	caller  signaling.CallerID
	// answeredBy is the tag of the fork whose description is in effect.
	answeredBy string
}

// invite sends the INVITE. It runs on the leg's actor.
func (l *leg) invite() {
	if l.isOver() {
		return
	}
	if err := l.sendInvite(); err != nil {
		l.log.Warn("call not sent", "err", err)
		l.finish(signaling.CauseOf(err), false)
	}
}

func (l *leg) sendInvite() error {
	s, err := l.newSession()
	if err != nil {
		return err
	}
	l.setSession(s)
	setup, done := context.WithTimeout(l.live, setupTimeout)
	defer done()
	l.dial.request.ContentType = sdpType
	if l.dial.request.Body, err = s.Offer(setup, l.wish); err != nil {
		return err
	}
	// Hangup interrupts the search for a way; from then on end takes the call back,
	// with a reason.
	ctx, cancel := context.WithCancel(context.Background())
	settled := context.AfterFunc(l.live, cancel)
	defer settled()
	out, err := l.tech.server.Invite(ctx, l.dial.request, (*legInvite)(l))
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.outgoing, l.callID = out, out.CallID()
	l.dial.request, l.newSession = ua.Outbound{}, nil // they have done their part
	return nil
}

// legInvite is the leg as its INVITE sees it.
type legInvite leg

var _ ua.InviteHandler = (*legInvite)(nil)

// OnProvisional takes 180 and early media.
func (d *legInvite) OnProvisional(resp *message.Response) {
	l := (*leg)(d)
	body, tag, status := resp.Part(sdpType), resp.To().Tag(), resp.Status()
	l.post(func() { l.progressed(body, tag, status) })
}

func (l *leg) progressed(body []byte, tag string, status int) {
	if l.isOver() {
		return
	}
	if len(body) > 0 && !l.gotSDP {
		if err := l.session.SetAnswer(body); err != nil {
			l.log.Warn("early answer not usable", "call_id", l.callID, "err", err)
		} else {
			l.gotSDP, l.dial.answeredBy = true, tag
			l.tell(func(e signaling.LegEvents) { e.LegProgress() })
		}
	}
	if status == 180 {
		l.tell(func(e signaling.LegEvents) { e.LegRinging() })
	}
}

// OnAnswer takes the 2xx.
func (d *legInvite) OnAnswer(dialog *ua.Dialog, resp *message.Response) ua.DialogHandler {
	l := (*leg)(d)
	body, tag := resp.Part(sdpType), resp.To().Tag()
	l.mu.Lock()
	over := l.hungUp || l.ended
	if !over {
		l.dialog = dialog // at once: from here on the end is a BYE
	}
	l.mu.Unlock()
	if over { // the 2xx was here before our CANCEL
		l.farewell(dialog, signaling.CauseNormal)
	} else {
		l.post(func() { l.answered(body, tag) })
	}
	return (*legDialog)(l)
}

func (l *leg) answered(body []byte, tag string) {
	if l.isOver() {
		return
	}
	// Within one dialog the first description is the answer, and what later
	// responses bring is not (RFC 3261 §13.2.1).
	if !l.gotSDP || l.dial.answeredBy != tag {
		if err := l.takeAnswer(body); err != nil {
			l.log.Warn("answer not usable, call ended", "call_id", l.callID, "err", err)
			l.end(signaling.CauseOf(err))
			return
		}
		l.gotSDP = true
	}
	l.session.Sent()
	l.acked = true
	l.watchHold()
	l.tell(func(e signaling.LegEvents) { e.LegAnswered() })
}

func (l *leg) takeAnswer(body []byte) error {
	if len(body) == 0 {
		return fault.New(fault.NotAcceptable, "a 2xx without an answer")
	}
	return l.session.SetAnswer(body)
}

// OnFail takes the refusal. The end of a call that we took back is none of it.
func (d *legInvite) OnFail(resp *message.Response, err error) {
	l := (*leg)(d)
	cause := signaling.CauseOf(err)
	refusal := resp != nil && resp.Status() >= 300 // else a 2xx that crossed our CANCEL
	if refusal {
		cause = causeOfReason(resp.Headers("Reason"), causeOfStatus(resp.Status()))
	}
	l.post(func() {
		if l.isOver() {
			return
		}
		l.log.Info("call refused", "call_id", l.callID, "cause", int(cause), "err", err)
		if refusal && resp.Status() < 400 {
			l.redirected(resp, cause)
		}
		l.finish(cause, refusal)
	})
}
