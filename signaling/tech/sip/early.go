package sip

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/signaling"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// offerEarly puts the offer that a caller left to us into the first response that is sent
// reliably, whichever it is (RFC 3262 §5); the answer comes in its PRACK. It reports whether
// there is one. Actor only.
func (l *leg) offerEarly(r *ua.Reply) bool {
	body, err := l.lateOffer()
	if err != nil {
		l.notAnswered(err)
		return false
	}
	r.ContentType, r.Body = sdpType, body
	return true
}

// acknowledgedEarly takes a PRACK that has the answer to our offer, or another offer of the
// caller's. Actor only.
func (l *leg) acknowledgedEarly(r *ua.InDialogRequest) {
	body := r.Request().Part(sdpType)
	switch {
	case l.late && !l.gotSDP && !l.isOver():
		if err := l.takeLate(body); err != nil {
			l.notAgreed(err)
		}
		l.replied("PRACK", r.Respond(ua.Reply{})) // it is one, whatever it says; and what waited for it follows
	case len(body) == 0:
		l.replied("PRACK", r.Respond(ua.Reply{}))
	default:
		l.updated(r)
	}
}

// notAgreed ends a call whose caller did not answer our early offer. A 2xx that waits for
// this PRACK would follow it: the call is taken back before.
func (l *leg) notAgreed(err error) {
	if l.dialog != nil {
		ctx, cancel := context.WithTimeout(l.live, requestTimeout)
		defer cancel()
		l.replied("INVITE", l.dialog.Bye(ctx, l.reason(signaling.CauseOf(err))...))
	}
	l.end(signaling.CauseOf(err))
}

// legFork is the leg as an early dialog of its INVITE sees it.
type legFork struct {
	*legDialog
	tag string
}

var _ ua.EarlyHandler = (*legInvite)(nil)

// OnEarly takes a branch of the call.
func (d *legInvite) OnEarly(_ *ua.Dialog, resp *message.Response) ua.DialogHandler {
	return &legFork{(*legDialog)(d), resp.To().Tag()}
}

// OnRequest takes an UPDATE with an offer for its branch.
func (f *legFork) OnRequest(r *ua.InDialogRequest) {
	l := (*leg)(f.legDialog)
	if r.Request().Method() == "UPDATE" && len(r.Request().Part(sdpType)) > 0 {
		l.post(func() { l.updatedEarly(r, f.tag) })
		return
	}
	f.legDialog.OnRequest(r)
}

// updatedEarly takes what a branch offers after its answer, if it is the one that is heard, or
// becomes that. Where it is refused all is as before.
func (l *leg) updatedEarly(r *ua.InDialogRequest, tag string) {
	if l.isOver() {
		l.replied("UPDATE", r.Respond(ua.Reply{Status: 481}))
		return
	}
	forks, open, before := &l.dial.forks, l.dial.open, l.session.Mark()
	back := func() {
		l.dial.open = open
		l.backTo(before)
	}
	if current := forks.Current(tag); current {
		back = func() {}
	} else if answer := forks.Answer(tag); answer == nil || !forks.Follow {
		l.replied("UPDATE", r.Respond(ua.Reply{Status: 488}))
		return
	} else if err := l.setAnswer(answer); err != nil {
		back()
		l.replied("UPDATE", r.Respond(ua.Reply{Status: 488}))
		return
	}
	first, taken := l.session.Mark(), false
	l.updateThen(r, func() {
		taken = true
		forks.Use(tag)
		forks.Moved(tag, r.Request().Part(sdpType))
		if l.dial.open == nil {
			l.dial.open = first
		}
	})
	if !taken {
		back()
	}
}

// answeredEarly takes a description in a provisional response.
func (l *leg) answeredEarly(body []byte, tag string) {
	if l.dial.forks.Early(tag, body) {
		l.hear(tag, body)
	}
}

// forkEnded takes the end of a branch: another one is heard then.
func (l *leg) forkEnded(tag string) {
	if other, answer := l.dial.forks.Ended(tag); answer != nil {
		l.hear(other, answer)
	}
}

// setAnswer puts the answer of a branch to the INVITE's offer into effect.
func (l *leg) setAnswer(body []byte) error {
	l.reopen()
	return l.session.SetAnswer(body)
}

// reopen goes back to the INVITE's offer, which is open for other branches still, after one
// has offered something itself.
func (l *leg) reopen() {
	if open := l.dial.open; open != nil {
		l.dial.open = nil
		l.backTo(open)
	}
}

// hear puts the description of a branch into effect.
func (l *leg) hear(tag string, body []byte) {
	if err := l.setAnswer(body); err != nil {
		l.log.Warn("early answer not usable", "call_id", l.callID, "err", err)
		return
	}
	l.dial.forks.Use(tag)
	first := !l.gotSDP
	l.gotSDP = true
	l.tell(func(e signaling.LegEvents) {
		if first {
			e.LegProgress()
		} else {
			e.LegMedia()
		}
	})
}
