package sip

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/signaling"
	ua "github.com/skygenesisenterprise/skybridge/sip"
)

// outboundCall is what an outgoing leg will send.
type outboundCall struct {
	request ua.Outbound
	ctx     context.Context //nolint:containedctx // the INVITE's life, ended with the leg
	cancel  context.CancelFunc
	// answeredBy is the tag of the fork whose description is in effect.
	answeredBy string
}

// invite sends the INVITE. It runs on the leg's actor.
func (l *leg) invite() {
	if l.isOver() {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	l.dial.ctx, l.dial.cancel = ctx, cancel
	s, err := l.newSession()
	if err != nil {
		l.inviteFailed(err)
		return
	}
	l.setSession(s)
	offer, err := s.Offer(ctx, media.SendRecv)
	if err != nil {
		l.inviteFailed(err)
		return
	}
	l.dial.request.ContentType, l.dial.request.Body = sdpType, offer
	out, err := l.tech.server.Invite(ctx, l.dial.request, (*legInvite)(l))
	if err != nil {
		l.inviteFailed(err)
		return
	}
	l.mu.Lock()
	l.outgoing = out
	l.callID = out.CallID()
	l.mu.Unlock()
}

func (l *leg) inviteFailed(err error) {
	l.log.Warn("call not sent", "err", err)
	l.finish(signaling.CauseOf(err), false)
}

// legInvite is the leg as its INVITE sees it.
type legInvite leg

var _ ua.InviteHandler = (*legInvite)(nil)

// OnProvisional takes 180 and early media.
func (d *legInvite) OnProvisional(resp *ua.Response) {
	l := (*leg)(d)
	body := resp.Part(sdpType)
	tag := resp.To().Tag()
	status := resp.Status()
	l.post(func() {
		if l.isOver() {
			return
		}
		if len(body) > 0 && !l.gotSDP {
			if err := l.session.SetAnswer(body); err != nil {
				l.log.Warn("early answer not usable", "call_id", l.callID, "err", err)
			} else {
				l.gotSDP = true
				l.dial.answeredBy = tag
				l.tell(func(e signaling.LegEvents) { e.LegProgress() })
			}
		}
		if status == 180 {
			l.tell(func(e signaling.LegEvents) { e.LegRinging() })
		}
	})
}

// OnAnswer takes the 2xx.
func (d *legInvite) OnAnswer(dialog *ua.Dialog, resp *ua.Response) ua.DialogHandler {
	l := (*leg)(d)
	body := resp.Part(sdpType)
	tag := resp.To().Tag()
	l.post(func() {
		l.mu.Lock()
		l.dialog = dialog
		over, hungUp := l.ended, l.hungUp
		l.mu.Unlock()
		if over {
			return
		}
		if hungUp { // the 2xx crossed our CANCEL
			l.mu.Lock()
			l.hungUp = false
			l.mu.Unlock()
			l.end(signaling.CauseNormal)
			return
		}
		if !l.gotSDP || l.dial.answeredBy != tag {
			if err := l.takeAnswer(body); err != nil {
				l.log.Warn("answer not usable, call ended", "call_id", l.callID, "err", err)
				l.end(signaling.CauseOf(err))
				return
			}
			l.gotSDP = true
		}
		l.tell(func(e signaling.LegEvents) { e.LegAnswered() })
	})
	return (*legDialog)(l)
}

func (l *leg) takeAnswer(body []byte) error {
	if len(body) == 0 {
		return fault.New(fault.NotAcceptable, "a 2xx without an answer")
	}
	return l.session.SetAnswer(body)
}

// OnFail takes the refusal.
func (d *legInvite) OnFail(resp *ua.Response, err error) {
	l := (*leg)(d)
	cause := signaling.CauseOf(err)
	peer := resp != nil
	if peer {
		cause = causeOfReason(resp.Headers("Reason"), causeOfStatus(resp.Status()))
	}
	l.post(func() {
		if !l.isOver() {
			l.log.Info("call refused", "call_id", l.callID, "cause", int(cause), "err", err)
		}
		l.finish(cause, peer)
	})
}
