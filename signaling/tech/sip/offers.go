package sip

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/signaling"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/glare"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// offers is how far the offers of ours inside the call are: one at a time, made of what is
// wanted when it goes out, and made anew of what is wanted then when it met one of the
// party's. The leg does other work meanwhile. Actor only.
type offers struct {
	queue []*offer // of their own kind: they come first, the one that is under way too
	plain bool     // the description is to be offered, changed or not
	look  bool     // video may be in the next one
	out   bool     // one waits for its answer
	retry glare.Retry
	pause *time.Timer // before one is made again; nil for none
	// held is what the party asked for after it had answered, before that was in effect.
	held []func()
}

// offer is one of them.
type offer struct {
	method string // "" is INVITE
	make   func(context.Context) ([]byte, error)
	take   func(answer []byte) error // into effect
	back   func()                    // as it was refused
	met    func()                    // it met one of the party's; nil for nothing to do
	done   func(error)               // is told how it ended
}

// empty is an UPDATE without a description, which waits its turn all the same.
func empty(done func(error)) *offer {
	return &offer{
		method: "UPDATE",
		make:   func(context.Context) ([]byte, error) { return nil, nil },
		take:   func([]byte) error { return nil },
		back:   func() {},
		done:   done,
	}
}

// negotiate makes the next offer of ours, if one is due and may go out.
func (l *leg) negotiate() {
	o := &l.offers
	if o.out || o.pause != nil || l.isOver() || l.dialog == nil || !l.acked || l.late && !l.gotSDP {
		return
	}
	next := l.nextOffer()
	if next == nil {
		return
	}
	ctx, cancel := context.WithTimeout(l.live, requestTimeout)
	defer cancel()
	body, err := next.make(ctx)
	if err != nil {
		l.settle(next, err)
		return
	}
	l.follow(l.dialog)
	o.out = true
	dialog, method := l.dialog, cmp.Or(next.method, "INVITE")
	headers := slices.Concat(l.line.headers, l.expiry.terms.Request())
	content := ua.Content{Body: body}
	if len(body) > 0 {
		content.Type = sdpType
	}
	l.spawn(func() { // ended by the answer, by its time-out, or with the leg
		ctx, cancel := context.WithTimeout(l.live, requestTimeout)
		defer cancel()
		resp, err := dialog.Offer(ctx, method, content, headers...)
		l.post(func() { l.offered(next, resp, err) })
	})
}

// nextOffer is what is to be offered, nil for nothing.
func (l *leg) nextOffer() *offer {
	if len(l.offers.queue) > 0 {
		return l.offers.queue[0]
	}
	wish, video, plain := l.want, l.lookForVideo(), l.offers.plain
	if wish == l.wish && !video && !plain {
		return nil
	}
	l.offers.plain = false
	o := l.repeated(func(err error) { l.described(wish, false, err) })
	if o != nil && wish == l.wish && !video {
		o.met = func() { l.offers.plain = true }
		return o
	}
	l.CameBack()
	return &offer{
		make: func(ctx context.Context) ([]byte, error) { return l.session.Offer(ctx, wish) },
		take: l.session.SetAnswer,
		back: l.session.Rollback,
		met: func() {
			l.offers.plain = plain
			if video { // this one was none
				l.looks, l.offers.look = l.looks+1, true
			}
		},
		done: func(err error) { l.described(wish, video, err) },
	}
}

// offered takes what an offer came to. One that met another of the party's is made again
// after a while.
func (l *leg) offered(o *offer, resp *message.Response, err error) {
	l.offers.out = false
	if l.isOver() {
		return
	}
	if err == nil {
		if err = o.take(resp.Part(sdpType)); !l.timed(resp) {
			return
		}
	}
	if err != nil {
		o.back()
	}
	pause, again := l.again(resp, err)
	if again {
		if o.met != nil {
			o.met()
		}
		l.offers.pause = time.AfterFunc(pause, func() {
			l.post(func() {
				l.offers.pause = nil
				l.negotiate()
			})
		})
	} else {
		l.settle(o, err)
	}
	held := l.offers.held
	l.offers.held = nil
	for _, f := range held {
		f()
	}
	l.negotiate()
}

// again reports whether an offer that came to this is made again, and after how long.
func (l *leg) again(resp *message.Response, err error) (time.Duration, bool) {
	switch {
	case err == nil:
		return 0, false
	case resp != nil && resp.Status() == 422:
		return 0, l.expiry.terms.Refused(resp)
	}
	return l.dialog.Again(&l.offers.retry, resp, err)
}

// settle tells how an offer ended.
func (l *leg) settle(o *offer, err error) {
	l.offers.retry = glare.Retry{}
	if len(l.offers.queue) > 0 && l.offers.queue[0] == o {
		l.offers.queue = l.offers.queue[1:]
	}
	o.done(err)
}

// described takes what an offer of the usual description came to. Where it was refused, what
// was agreed before stays (RFC 3261 §14.1).
func (l *leg) described(wish media.Direction, video bool, err error) {
	switch {
	case err == nil:
		l.wish, l.offers.look = wish, true
		if video {
			l.looks = 0
		}
		l.watchHold()
		l.tell(func(e signaling.LegEvents) { e.LegMedia() })
	case wish != l.wish:
		l.log.Warn("hold or resume failed", "call_id", l.callID, "hold", wish == media.SendOnly, "err", err)
		if l.want == wish {
			l.want = l.wish
		}
	default:
		l.log.Info("offer not agreed on", "call_id", l.callID, "err", err)
	}
	l.Returned()
}

// defers keeps what the party asks for until the answer to our offer, which it gave before,
// is in effect.
func (l *leg) defers(f func()) bool {
	if l.offers.out {
		l.offers.held = append(l.offers.held, f)
	}
	return l.offers.out
}

// dropOffers is the end of them with the leg.
func (l *leg) dropOffers() {
	if l.offers.pause != nil {
		l.offers.pause.Stop()
	}
	for _, o := range l.offers.queue {
		o.done(fault.New(fault.Gone, "the call has ended"))
	}
	l.offers.queue = nil
}
