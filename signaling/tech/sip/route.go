package sip

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/trunkgroup"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/trunk"
)

// Contacts are the dial strings that ring every phone of an endpoint (reach.Finder).
func (t *Tech) Contacts(endpoint, aor, user string, vars []dialplan.Variable) ([]dialstring.Target, error) {
	return t.reach.Contacts(endpoint, aor, user, vars)
}

// elsewhere sends a call that a trunk has failed at to the next one, and reports whether
// there is one. What somebody has heard already is not taken away from him: with early
// media no other is tried. Actor only.
func (l *leg) elsewhere(resp *message.Response, err error) bool {
	call := l.dial.call
	if call == nil {
		return false
	}
	o := trunkgroup.Outcome{Err: err}
	if resp != nil {
		o.Status, o.RetryAfter = resp.Status(), trunk.RetryAfter(resp)
	}
	if !call.Failed(o) || l.gotSDP || l.isOver() {
		return false
	}
	from := l.Info().Endpoint
	for {
		e, b, try, nextErr := l.tech.reach.Next(call)
		if nextErr != nil {
			l.log.Info("no other trunk for the call", "trunk", from, "err", nextErr)
			return false
		}
		out, outErr := l.tech.outbound(e, b, l.dial.number, &l.dial.asked)
		if outErr != nil {
			call.Failed(trunkgroup.Outcome{Err: outErr})
			continue
		}
		out.Patience = try.Patience
		l.log.Info("call goes to another trunk", "call_id", l.callID, "trunk", from, "to", e.Name, "peer", b.Target.String(), "err", err)
		l.retire()
		l.aim(e, b, out)
		l.post(l.invite)
		return true
	}
}

// rings notes that who is called has been heard of.
func (o *outboundCall) rings() {
	if o.call != nil {
		o.call.Ringing()
	}
}

// retire lets go of the media that was made for a trunk that failed. Actor only.
func (l *leg) retire() {
	l.mu.Lock()
	s := l.session
	l.session, l.outgoing = nil, nil
	l.mu.Unlock()
	if s == nil {
		return
	}
	s.Close()
	ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
	defer cancel()
	if err := s.Wait(ctx); err != nil {
		l.log.Error("media of a try did not end in time", "call_id", l.callID, "err", err)
	}
}

// causeAtTrunk is the cause of a call that no trunk has taken for want of an answer:
// the network is out of order (Q.850 38), not who is called.
func causeAtTrunk(call *trunkgroup.Call, err error) signaling.Cause {
	if kind := fault.Of(err); call != nil && (kind == fault.Timeout || kind == fault.Unreachable) {
		return signaling.CauseFailure
	}
	return signaling.CauseOf(err)
}
