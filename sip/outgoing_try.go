package sip

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transaction"
)

// inviteListener follows one transaction of an INVITE.
type inviteListener struct{ o *OutgoingInvite }

// lost gives a hop up that has said nothing within what was left of the call's patience, or
// within the stack's where there is another hop.
func (l inviteListener) lost(tx *transaction.Client, patience time.Duration) {
	if !l.o.waiting() || !tx.Abandon() {
		return
	}
	l.Failed(fault.New(fault.Timeout, "sip: nothing from %s %s within %v", tx.Flow().Source().Network, tx.Flow().Source().Remote, patience))
}

// Failed implements transaction.Listener.
func (l inviteListener) Failed(err error) {
	if !l.o.retry(err) {
		l.o.fail(nil, err)
	}
}

// Response implements transaction.Listener. It runs on the reader's goroutine: the
// dialog of a 2xx is there before anything that follows it on the wire.
func (l inviteListener) Response(tx *transaction.Client, r *message.Response) {
	stray := tx.Abandoned()
	if !stray {
		l.o.mu.Lock()
		h := l.o.hop
		l.o.mu.Unlock()
		l.o.s.route.Judge(h, r, nil)
	}
	switch {
	case stray && (r.Status() < 200 || r.Status() >= 300):
	case r.Status() < 200:
		l.o.provisional(tx, r)
	case r.Status() < 300:
		l.o.answered(tx, r, stray)
	default:
		l.o.refused(tx, r)
	}
}
