package sip

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/referral"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Standing is what the leg is at the moment, for transfers.
func (l *leg) Standing() referral.Standing {
	l.mu.Lock()
	defer l.mu.Unlock()
	return referral.Standing{
		Channel: signaling.ChannelOf(l.events), Endpoint: l.endpoint, Over: l.hungUp || l.ended, Incoming: l.incoming != nil,
		Dialog: l.dialog, Thread: &l.referral, Log: l.log.With("call_id", l.callID), Post: l.post, Spawn: l.spawn,
	}
}

// SendAway asks the party to call somebody else instead: by REFER, or, where we have not
// answered yet, by 302, which ends the call. It waits until the party tells how that went,
// and gives the status. The error is of kind fault.Invalid for what is no target, and
// fault.Conflict for a call that nobody has answered or that is sent away already.
func (l *leg) SendAway(ctx context.Context, to string) (status int, err error) {
	l.mu.Lock()
	dialog, incoming := l.dialog, l.incoming
	l.mu.Unlock()
	find := func(own message.URI) (message.URI, error) {
		return referral.Target(to, own, l.tech.Directory(), l.tech.registrar.Lookup)
	}
	switch {
	case dialog != nil:
		st := dialog.State()
		target, err := find(st.Local.URI)
		if err != nil {
			return 0, err
		}
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		heed := context.AfterFunc(l.live, func() { cancel(fault.New(fault.Gone, "the party has hung up")) })
		defer heed()
		return l.away.Refer(ctx, dialog, target, st.Local)
	case incoming != nil:
		target, err := find(incoming.Request().To().URI)
		if err != nil {
			return 0, err
		}
		done := make(chan error, 1)
		l.post(func() { done <- l.redirect302(incoming, target) })
		select {
		case err := <-done:
			return 302, err
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	return 0, fault.New(fault.Conflict, "nobody has answered the call")
}

// redirect302 refuses an incoming call with where else to try. Actor only.
func (l *leg) redirect302(incoming *ua.IncomingInvite, target message.URI) error {
	if err := incoming.Reject(ua.Reply{Status: 302, Contacts: []message.Address{{URI: target}}}); err != nil {
		return err
	}
	l.finish(signaling.CauseNormal, false)
	return nil
}

// replace makes the leg and the channel of a call that replaces another one.
func (t *Tech) replace(in *ua.IncomingInvite, e *directory.Endpoint, old *signaling.Channel) error {
	c, err := t.admitted(in, e, e.Identity.Caller(in.Request().Parsed), "", e.Variables)
	if err != nil {
		return err
	}
	go func() { // owned by the call, which ends it
		defer guard.Recover(c.Log(), "a call that replaces another, call ended", func() { c.Hangup(signaling.CauseTemporary) })
		ctx, cancel := context.WithTimeout(c.Live(), setupTimeout)
		defer cancel()
		if err := t.cfg.Transfers.TakeOver(ctx, old, c); err != nil {
			c.Hangup(signaling.CauseOf(err))
		}
	}()
	return nil
}
