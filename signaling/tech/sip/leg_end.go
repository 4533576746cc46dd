package sip

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/causes"
	ua "github.com/skygenesisenterprise/skybridge/sip"
)

// Hangup ends the leg in whatever way its state wants.
func (l *leg) Hangup(cause signaling.Cause) {
	l.hangup()
	l.post(func() { l.end(cause) })
}

// end hangs up: BYE, CANCEL or a refusal, and then the media. What the party says
// to it is not waited for: the stack repeats the request and takes the answer, and
// a phone that is gone keeps nothing of the call. Should it panic it may be called
// again. Actor only.
func (l *leg) end(cause signaling.Cause) {
	l.mu.Lock()
	if l.ended {
		l.mu.Unlock()
		return
	}
	first := !l.hungUp
	l.hungUp = true
	dialog, incoming, outgoing, s := l.dialog, l.incoming, l.outgoing, l.session
	l.mu.Unlock()
	if first && s != nil {
		s.Port().Idle()
	}
	switch {
	case dialog != nil:
		l.follow(dialog)
		l.farewell(dialog, cause)
	case incoming != nil:
		if err := incoming.Reject(ua.Reply{Status: causes.Status(cause), Headers: l.reason(cause)}); err != nil {
			l.log.Debug("call not refused", "call_id", l.callID, "err", err)
		}
	case outgoing != nil:
		if err := outgoing.Cancel(causes.OfCancel(cause, l.rules.Quiet)); err != nil {
			l.log.Error("call not taken back", "call_id", l.callID, "err", err)
		}
	}
	l.finish(cause, false)
}

// farewell says BYE.
func (l *leg) farewell(dialog *ua.Dialog, cause signaling.Cause) {
	reason := l.reason(cause)
	word := l.referral.Progress()
	l.spawn(func() { // ended by the answer, by the stack's timers or by its Close
		word.Await() // a transferer is told how it went first; it ends with the dialog
		if err := dialog.Bye(context.Background(), reason...); err != nil {
			l.log.Info("BYE without an answer", "call_id", dialog.ID().CallID, "err", err)
		}
	})
}

// follow finds the party's new connection when that of the call is gone: a browser
// registers again over it, with the contact that the call knows.
func (l *leg) follow(dialog *ua.Dialog) {
	st := dialog.State()
	e := l.tech.Directory().Endpoint(l.endpoint)
	if l.tech.server.FlowAlive(st.Flow) || e == nil {
		return
	}
	for _, aor := range e.AORs {
		for _, b := range l.tech.registrar.Lookup(aor) {
			if !b.Contact.URI.Equal(st.Target) || b.Flow == "" || !l.tech.server.FlowAlive(b.Flow) {
				continue
			}
			if err := dialog.SetFlow(b.Flow); err != nil {
				l.log.Info("new connection not taken", "call_id", l.callID, "err", err)
			}
			return
		}
	}
}

// finish lets go of the media and tells the channel, once. Actor only.
func (l *leg) finish(cause signaling.Cause, peer bool) {
	l.mu.Lock()
	already := l.ended
	l.ended = true
	s, events := l.session, l.events
	l.mu.Unlock()
	if already {
		return
	}
	l.hangup()
	l.expiry.clock.Stop()
	l.dropOffers()
	l.Returned()
	l.tech.dialogs.Drop(l)
	if s != nil {
		s.Close()
		ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
		defer cancel()
		if err := s.Wait(ctx); err != nil {
			l.log.Error("media of a call did not end in time", "call_id", l.callID, "err", err)
		}
	}
	l.leave()
	if events != nil {
		events.LegEnded(cause, peer)
	}
	l.work.Stop()
}

// abandon lets go of a leg that got no channel.
func (l *leg) abandon() {
	l.mu.Lock()
	l.ended = true // so that the end of its media is none of its call
	s := l.session
	l.mu.Unlock()
	l.hangup()
	l.tech.dialogs.Drop(l)
	if s != nil {
		s.Close()
	}
	l.leave()
	l.work.Stop()
}

// leave gives the call's place at its trunk back.
func (l *leg) leave() {
	if l.release != nil {
		l.release()
	}
	if l.dial != nil && l.dial.call != nil {
		l.dial.call.End()
	}
}

// crashed ends the leg after a panic in its own work; should the end panic too,
// at least the channel is told.
func (l *leg) crashed(err error) {
	log := l.log.With("call_id", l.dialogID())
	log.Error("panic in a SIP leg, call ended", "err", err)
	if !guard.Do(log, "the end of a SIP leg", func() { l.end(signaling.CauseTemporary) }) {
		guard.Do(log, "the end of a SIP leg", func() { l.finish(signaling.CauseTemporary, false) })
	}
}

// spawn runs f on a goroutine of its own, for what may outlive the leg's actor or
// would keep it; f says what ends it. A panic ends this call and no other.
func (l *leg) spawn(f func()) {
	l.tech.engine.Crew().Go(func() { // owned by l, ended as f says
		defer guard.Recover(l.log.With("call_id", l.dialogID()), "a SIP leg's waiting, call ended", func() {
			l.post(func() { l.end(signaling.CauseTemporary) })
		})
		f()
	})
}
