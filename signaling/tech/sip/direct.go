package sip

import (
	"context"
	"log/slog"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/bypass"
	sess "github.com/skygenesisenterprise/skybridge/signaling/tech/sip/session"
)

// legBypass is the leg as its bypass sees it.
type legBypass leg

var _ bypass.Leg = (*legBypass)(nil)

func (l *legBypass) Post(f func())     { (*leg)(l).post(f) }
func (l *legBypass) RTP() *sess.RTP    { return (*leg)(l).rtp() }
func (l *legBypass) Over() bool        { return (*leg)(l).isOver() }
func (l *legBypass) Log() *slog.Logger { return l.log.With("call_id", (*leg)(l).dialogID()) }
func (l *legBypass) Plain(wanted bool) { l.offers.plain = wanted }
func (l *legBypass) Negotiate()        { (*leg)(l).negotiate() }
func (l *legBypass) Offering() bool    { return l.offers.plain || l.offers.out }
func (l *legBypass) Broken()           { (*leg)(l).end(signaling.CauseTemporary) }

func (l *legBypass) Talking() bool {
	return !l.Over() && l.dialog != nil && l.wish == media.SendRecv && l.want == media.SendRecv
}

func (l *legBypass) Enqueue(o bypass.Offer) {
	next := &offer{make: o.Make, take: o.Take, back: o.Back, done: o.Done}
	if l.directUpdate && l.line.updates {
		next.method = "UPDATE"
	}
	l.offers.queue = append(l.offers.queue, next)
}

func (l *legBypass) TellOver() {
	(*leg)(l).tell(func(e signaling.LegEvents) {
		if events, ok := e.(signaling.DirectEvents); ok {
			events.LegDirectOver()
		}
	})
}

// repeated is an offer of what the party has, where its audio goes past us; nil where not.
func (l *leg) repeated(done func(error)) *offer {
	o, past := l.Repeated(func(ctx context.Context) ([]byte, error) { return l.session.Offer(ctx, l.wish) })
	if !past {
		return nil
	}
	return &offer{method: "INVITE", make: o.Make, take: o.Take, back: o.Back, done: done}
}

// answerTo is the answer to an offer of the party's; same tells that it changes nothing of
// audio that goes past us.
func (l *leg) answerTo(ctx context.Context, offer []byte) (body []byte, same bool, err error) {
	if body = l.Bypass.Answer(offer); body == nil {
		body, err = l.session.Answer(ctx, offer)
		return body, false, err
	}
	return body, true, nil
}
