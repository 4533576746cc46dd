package sip

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/internal/compose"
	"github.com/skygenesisenterprise/skybridge/sip/internal/early"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transaction"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// Request sends INFO, UPDATE, REFER, NOTIFY, MESSAGE and the like and waits for
// the final response, as Server.Request does. A 481, and to all but OPTIONS a 408 or no
// answer at all, ends the dialog (RFC 3261 §12.2.1.2).
func (d *Dialog) Request(ctx context.Context, method string, c Content, hs ...message.Header) (*message.Response, error) {
	switch method {
	case "INVITE", "BYE", "ACK", "CANCEL":
		return nil, fault.New(fault.Invalid, "sip: %s has a method of its own", method)
	}
	r, err := d.transact(ctx, method, c, hs)
	if err == nil && r.Status() < 300 && (method == "UPDATE" || method == "SUBSCRIBE" || method == "NOTIFY") {
		d.refreshResponse(r)
	}
	return r, err
}

// beginOffer makes ours the only offer under way (RFC 3261 §14.1, RFC 3311 §5.1).
func (d *Dialog) beginOffer(dr *compose.Draft) error {
	sender := d.senderOr(nil)
	open := sender != nil && sender.Open() // our answer is not acknowledged (RFC 3311 §5.1)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.offerOut != nil || d.inviteIn != nil || d.updateIn != nil || d.unacked.Offers() || open || d.exchange != early.Closed {
		return fault.New(fault.Conflict, "sip: another offer is under way")
	}
	d.offerOut = dr
	return nil
}

func (d *Dialog) endOffer(dr *compose.Draft) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.offerOut == dr {
		d.offerOut = nil
	}
}

// follower follows one request inside a dialog.
type follower struct {
	*transaction.Waiter
	d    *Dialog
	dr   *compose.Draft
	late bool // the 2xx to an INVITE brings the offer
	// dropped says that nobody waits any more, and so nobody answers that offer.
	dropped atomic.Bool
}

// Response implements transaction.Listener. It runs on the reader's goroutine: what comes
// next on the wire finds the offer answered.
func (w *follower) Response(tx *transaction.Client, r *message.Response) {
	ok := r.Status() >= 200 && r.Status() < 300
	if ok && w.dr.Method == "INVITE" {
		w.d.in2xx(r.Seq(), r, w.late, tx.Request().Credentials())
		if w.dropped.Load() {
			w.d.ackAnyway(r.Seq())
		}
	}
	if ok || r.Status() >= 300 && r.Status() != 401 && r.Status() != 407 {
		w.d.endOffer(w.dr)
	}
	w.Waiter.Response(tx, r)
}

// Failed implements transaction.Listener.
func (w *follower) Failed(err error) {
	w.d.endOffer(w.dr)
	w.Waiter.Failed(err)
}

func (d *Dialog) follow(dr *compose.Draft) *follower {
	return &follower{Waiter: transaction.NewWaiter(), d: d, dr: dr, late: len(dr.Body) == 0}
}

func (d *Dialog) refreshResponse(r *message.Response) {
	contacts, err := r.Contacts()
	if err != nil {
		return // the target stays as it was
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refresh(contacts, nil)
}

// draft is the next request of ours; d.sending is held until it is on the wire.
func (d *Dialog) draft(method string, c Content, hs []message.Header) (*compose.Draft, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended || d.ending && method != "BYE" {
		return nil, fault.New(fault.Gone, "sip: dialog has ended")
	}
	return &compose.Draft{
		Method: method, URI: d.st.Target, Route: d.st.Route,
		From: d.st.Local, To: d.st.Remote, CallID: d.id.CallID,
		Contact: true, ContactUser: d.st.ContactUser,
		MaxForwards: 70, Extra: hs, ContentType: c.Type, Body: c.Body, Attempts: d.wallet.Begin(method, d.st.Target),
	}, compose.CheckHeaders(hs)
}

// nextSeq takes the next CSeq.
func (d *Dialog) nextSeq() uint32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.st.LocalSeq++
	return d.st.LocalSeq
}

// way finds the flow for a request: the connection that the peer used, if it
// lives; over UDP the route set or the peer's Contact, or where its messages
// come from, which is then the only one.
func (d *Dialog) way(ctx context.Context, dr *compose.Draft) (transport.Flow, error) {
	d.mu.Lock()
	f, st := d.flow, d.st
	d.mu.Unlock()
	if dr.Fixed = f != nil && f.Alive() && (f.Reliable() || st.RewriteContact); dr.Fixed {
		return f, nil
	}
	next := st.Target
	if len(st.Route) > 0 {
		next = st.Route[0].URI
	}
	return d.s.route.First(ctx, next, f)
}

// transact sends a request, answers challenges, and ends the dialog if the
// response says that the peer has.
func (d *Dialog) transact(ctx context.Context, method string, c Content, hs []message.Header) (*message.Response, error) {
	dr, err := d.draft(method, c, hs)
	if err != nil {
		return nil, err
	}
	if method == "UPDATE" && len(c.Body) > 0 {
		if err := d.beginOffer(dr); err != nil {
			return nil, err
		}
		defer d.endOffer(dr)
	}
	for {
		r, err := d.once(ctx, dr)
		if err != nil {
			d.judge(ctx, method, nil, err)
			return nil, err
		}
		if r.Status() < 300 {
			return r, nil
		}
		if !dr.AnswerChallenge(r) {
			d.judge(ctx, method, r, nil)
			return r, r.Err()
		}
	}
}

// once is one transaction.
func (d *Dialog) once(ctx context.Context, dr *compose.Draft) (*message.Response, error) {
	w := d.follow(dr)
	d.acknowledged()
	d.sending.Lock()
	f, err := d.way(ctx, dr)
	if err == nil {
		dr.Seq = d.nextSeq()
		_, err = d.s.client.Begin(dr, f, w)
	}
	d.sending.Unlock()
	if err != nil {
		return nil, err
	}
	return w.Wait(ctx)
}

// judge ends the dialog after a 481, a 408 or silence, but for BYE, which ends it anyway, and
// for OPTIONS: some never answer them in dialogs, so who asks judges the silence.
func (d *Dialog) judge(ctx context.Context, method string, r *message.Response, err error) {
	if method == "BYE" || method == "NOTIFY" && d.st.Invite || d.begins() != nil { // of a NOTIFY only the subscription ends (RFC 5057); the INVITE's answer ends what is early
		return
	}
	switch {
	case r != nil && r.Status() == 481:
		d.finish(End{Cause: EndUnknown, Err: r.Err()})
	case method == "OPTIONS":
	case r != nil && r.Status() == 408:
		d.giveUp(End{Cause: EndTimeout, Err: r.Err()})
	case fault.Of(err) == fault.Timeout && ctx.Err() == nil:
		d.giveUp(End{Cause: EndTimeout, Err: err})
	}
}

// Bye ends the dialog: it waits until RFC 3261 §15 lets a BYE go out (the peer's
// ACK, or 64·T1), sends it and waits for the answer or for ctx; what is left then
// goes on by itself. OnEnd comes when it is over. fault.Gone says that the
// dialog has ended already.
func (d *Dialog) Bye(ctx context.Context, hs ...message.Header) error {
	if err := compose.CheckHeaders(hs); err != nil {
		return err
	}
	d.mu.Lock()
	gone := d.ended || d.ending
	d.mu.Unlock()
	if gone {
		return fault.New(fault.Gone, "sip: dialog has ended")
	}
	result := make(chan error, 1)
	hangUp := func() {
		err := fault.New(fault.Internal, "sip: BYE: panicked")
		defer func() { result <- err }()
		err = d.hangUp(hs, End{Cause: EndLocal})
	}
	if !d.s.errands.Spawn(hangUp) {
		return fault.New(fault.Unavailable, "sip: server is closed")
	}
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return fault.New(fault.Timeout, "sip: BYE: %w", ctx.Err())
	}
}

// giveUp hangs up where nobody waits for the result.
func (d *Dialog) giveUp(end End) {
	d.s.errands.Spawn(func() { _ = d.hangUp(nil, end) }) // OnEnd tells
}

// hangUp says BYE and finishes; it waits for the peer, within 64·T1 for the ACK
// and as much for the answer.
func (d *Dialog) hangUp(hs []message.Header, end End) error {
	d.mu.Lock()
	if d.ended || d.ending {
		d.mu.Unlock()
		return nil
	}
	if b := d.beginning; b != nil {
		d.mu.Unlock()
		b.abort(end, hs...)
		return nil
	}
	d.ending = true
	first := d.unacked.Any()
	invite := d.st.Invite
	d.mu.Unlock()
	defer func() { d.finish(end) }()
	if !invite {
		return nil // a subscription's dialog ends with its usage
	}
	if first != nil {
		select {
		case <-first.Over:
		case <-d.done: // the peer was faster
			return nil
		}
	}
	_, err := d.transact(context.Background(), "BYE", Content{}, hs)
	var refused *message.StatusError
	if errors.As(err, &refused) {
		return nil // whatever it says, the peer knows
	}
	return err
}

// shutdown ends the dialog for Server.Close.
func (d *Dialog) shutdown(ctx context.Context) {
	d.mu.Lock()
	busy := d.ended || d.ending || d.beginning != nil && d.beginning.in == nil // a fork: the INVITE is ended
	d.mu.Unlock()
	if !busy {
		d.giveUp(End{Cause: EndClosed})
	}
	select {
	case <-d.done:
	case <-ctx.Done():
	}
}

func (d *Dialog) abandon() {
	if b := d.begins(); b != nil && b.in != nil {
		b.in.abandon()
	}
	d.finish(End{Cause: EndClosed})
}
