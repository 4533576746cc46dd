package sip

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/signaling"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// How many questions in a row may find no way to the party, and how many no answer: what
// stands on the way may lose one.
const maxUnsent, maxSilent = 3, 2

// holdPing watches over a hold. No RTP has to come then, so none tells that the party
// lost its power and will never say BYE; OPTIONS inside the dialog do (RFC 3261 §11).
// Actor only.
type holdPing struct {
	due            bool // a question is to come, or waits for its answer
	unsent, silent int
}

// watchHold begins to ask when the call has come to be on hold.
func (l *leg) watchHold() {
	if l.ask.due || !l.quiet() || l.tech.cfg.HoldPing <= 0 {
		return
	}
	l.ask.due = true
	time.AfterFunc(l.tech.cfg.HoldPing, func() { l.post(l.ping) })
}

// quiet reports whether one side has the other on hold.
func (l *leg) quiet() bool {
	return !l.isOver() && (l.wish == media.SendOnly || l.session.Held())
}

// ping asks. Other work of the leg, such as the hold's end, does not wait for it.
func (l *leg) ping() {
	if !l.quiet() {
		l.ask.due = false
		return
	}
	dialog := l.dialog
	l.follow(dialog)
	l.spawn(func() { // ended by the answer, or with the leg
		resp, err := dialog.Request(l.live, "OPTIONS", ua.Content{})
		l.post(func() { l.pinged(resp, err) })
	})
}

// pinged takes the answer. Any will do but one that says that the call is no more. A 408 is
// somebody else's word for silence.
func (l *leg) pinged(resp *message.Response, err error) {
	l.ask.due = false
	if l.isOver() {
		return
	}
	silent := resp == nil && fault.Of(err) == fault.Timeout || resp != nil && resp.Status() == 408
	switch {
	case silent:
		l.ask.silent, l.ask.unsent = l.ask.silent+1, 0
	case resp == nil:
		l.ask.unsent++
	default:
		l.ask.silent, l.ask.unsent = 0, 0
	}
	switch {
	case resp != nil && resp.Status() == 481:
		l.log.Info("party on hold is gone, call ended", "call_id", l.callID)
		l.finish(signaling.CauseNoUserResponse, true) // the stack ends the dialog
	case l.ask.silent == maxSilent, l.ask.unsent == maxUnsent:
		l.log.Info("party on hold does not answer, call ended", "call_id", l.callID, "err", err)
		l.end(signaling.CauseNoUserResponse)
	default:
		l.watchHold()
	}
}
