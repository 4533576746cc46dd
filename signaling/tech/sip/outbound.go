package sip

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/causes"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/forks"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/redirection"
	"github.com/skygenesisenterprise/skybridge/signaling/trunkgroup"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
)

// outboundCall is what an outgoing leg will send.
type outboundCall struct {
	request ua.Outbound // until it is sent
	asked   signaling.DialRequest
	number  string           // that was dialled, "" for the endpoint itself
	call    *trunkgroup.Call // its way through trunks; nil for a phone
	way     registrar.Binding
	targets redirection.Targets // addresses of the trunk that its 3xx named
	forks   forks.Heard
	open    func() error // goes back to the INVITE's offer, once a branch has offered anew; or nil
}

// invite sends the INVITE. It runs on the leg's actor.
func (l *leg) invite() {
	if l.isOver() {
		return
	}
	if err := l.sendInvite(); err != nil {
		if l.onward(nil) || l.elsewhere(nil, err) {
			return
		}
		l.log.Warn("call not sent", "err", err)
		l.finish(causeAtTrunk(l.dial.call, err), false)
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
	l.dial.request.Mend = l.mending(l.dial.request.Headers)
	l.dial.request.Headers = append(l.dial.request.Headers, l.expiry.terms.Request()...)
	// Hangup interrupts the search for a way; from then on end alone takes the call back,
	// with a reason.
	l.dial.request.KeepsGoing = true
	out, err := l.tech.server.Invite(l.live, l.dial.request, (*legInvite)(l))
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
	l.heard(resp.Parsed)
	body, tag, status := resp.Part(sdpType), resp.To().Tag(), resp.Status()
	if tag != "" {
		l.tech.dialogs.Add(ua.DialogID{CallID: resp.CallID(), LocalTag: resp.From().Tag(), RemoteTag: tag}, l)
	}
	l.post(func() { l.progressed(body, tag, status) })
}

func (l *leg) progressed(body []byte, tag string, status int) {
	if l.isOver() {
		return
	}
	if len(body) > 0 {
		l.answeredEarly(body, tag)
	}
	if status == 199 {
		l.forkEnded(tag)
	}
	if status == 180 {
		l.dial.rings()
		l.tell(func(e signaling.LegEvents) { e.LegRinging() })
	}
}

// OnAnswer takes the 2xx.
func (d *legInvite) OnAnswer(dialog *ua.Dialog, resp *message.Response) ua.DialogHandler {
	l := (*leg)(d)
	l.heard(resp.Parsed)
	body, tag := resp.Part(sdpType), resp.To().Tag()
	l.mu.Lock()
	over := l.hungUp || l.ended
	if !over {
		l.dialog = dialog // at once: from here on the end is a BYE
	}
	l.mu.Unlock()
	l.tech.dialogs.Add(dialog.ID(), l)
	if over { // the 2xx was here before our CANCEL
		l.farewell(dialog, signaling.CauseNormal)
	} else {
		l.post(func() { l.answered(resp, body, tag) })
	}
	return (*legDialog)(l)
}

func (l *leg) answered(resp *message.Response, body []byte, tag string) {
	if l.isOver() || !l.timed(resp) {
		return
	}
	if body, err := l.dial.forks.Final(tag, body); err != nil || body != nil {
		if err == nil {
			err = l.setAnswer(body)
		}
		if err != nil {
			l.log.Warn("answer not usable, call ended", "call_id", l.callID, "err", err)
			l.end(signaling.CauseOf(err))
			return
		}
	}
	l.gotSDP = true
	if l.dial.call != nil {
		l.dial.call.Answered()
	}
	l.session.Sent()
	l.acked = true
	l.watchHold()
	l.tell(func(e signaling.LegEvents) { e.LegAnswered() })
}

// OnFail takes the refusal. The end of a call that we took back is none of it.
func (d *legInvite) OnFail(resp *message.Response, err error) {
	l := (*leg)(d)
	cause := causeAtTrunk(l.dial.call, err)
	refusal := resp != nil && resp.Status() >= 300 // else a 2xx that crossed our CANCEL
	if refusal {
		cause = causes.OfReason(resp.Headers("Reason"), causes.OfStatus(resp.Status()))
	}
	l.post(func() {
		if l.isOver() {
			return
		}
		l.log.Info("call refused", "call_id", l.callID, "cause", int(cause), "err", err)
		if l.onward(resp) || l.elsewhere(resp, err) {
			return
		}
		if refusal && resp.Status() < 400 {
			l.redirected(resp, cause)
		}
		l.finish(cause, refusal)
	})
}
