package sip

import (
	"context"
	"slices"
	"strconv"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/internal/compose"
	"github.com/skygenesisenterprise/skybridge/sip/internal/early"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// reliably is the option tag of reliable provisional responses (RFC 3262 §7.3).
const reliably = "100rel"

// beginning is what a dialog has until its INVITE is answered.
type beginning struct {
	in  *IncomingInvite // or
	out *OutgoingInvite
	// accepted says that its handler was told of it, and so is of its end.
	accepted bool
}

// Early makes the dialog of the call before it is answered (RFC 3261 §12.1.1): h takes what
// the caller sends in it, an UPDATE or a PRACK with a description first of all, and requests
// of ours may be sent. Accept confirms that dialog, Reject ends it without a word to h.
// Called again it only changes the handler. The errors are those of Accept.
func (i *IncomingInvite) Early(h DialogHandler) (*Dialog, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := i.ending.Open(); err != nil {
		return nil, err
	}
	if i.dialog != nil {
		if h != nil {
			i.dialog.setHandler(h)
		}
		return i.dialog, nil
	}
	d, _, err := i.tx.s.serverDialog(i.tx, i.target, i.user, h)
	if err != nil {
		return nil, err
	}
	d.st.RewriteContact = i.rewrite
	d.beginning = &beginning{in: i}
	d.exchange = early.ByPeer(len(i.Request().Body()) > 0)
	i.dialog = d
	i.tx.s.dialogs.Put(d.id, d) // in place of i
	return d, nil
}

// SetReliable has provisional responses repeated until the caller has acknowledged them
// (RFC 3262), if it supports that. Where the INVITE requires it they always are.
func (i *IncomingInvite) SetReliable(on bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.wantsReliable = on
}

// Reliable reports whether provisional responses are sent reliably: what is described in
// one is agreed on then, and the 2xx holds it no more.
func (i *IncomingInvite) Reliable() bool {
	i.mu.Lock()
	on := i.wantsReliable
	i.mu.Unlock()
	req := i.tx.Request()
	return req.HasToken("Require", reliably) || on && req.HasToken("Supported", reliably)
}

// progressReliably sends a provisional response as RFC 3262 §3 has it.
func (i *IncomingInvite) progressReliably(rep Reply) error {
	d, err := i.Early(nil)
	if err != nil {
		return err
	}
	if err := compose.CheckReply(rep); err != nil {
		return err
	}
	described := len(rep.Body) > 0
	sender := d.senderOr(i.newSender)
	headers := rep.Headers
	return sender.Progress(early.Response{Status: rep.Status, Described: described, Compose: func(rseq uint32) ([]byte, error) {
		contact, err := i.contact()
		if err != nil {
			return nil, err
		}
		if described {
			d.describe(true)
		}
		rep.Headers = append(slices.Clip(headers), message.Header{Name: "Require", Value: reliably},
			message.Header{Name: "RSeq", Value: strconv.FormatUint(uint64(rseq), 10)})
		return i.tx.prepareDialog(rep, contact)
	}})
}

// describe is a description in a reliable response, ours or the peer's.
func (d *Dialog) describe(ours bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.exchange = d.exchange.Described(ours)
}

func (i *IncomingInvite) newSender() *early.Sender {
	s, f := i.tx.s, i.tx.Flow()
	return early.NewSender(early.Config{
		CSeq: i.tx.Request().Seq(), T1: s.cfg.T1, After: s.errands.After,
		Send:  i.tx.Respond,
		Again: func(raw []byte) { s.sendAgain(f, raw) },
		Lost: func() {
			i.end(Reply{Status: 504, Reason: "Provisional Response Not Acknowledged"},
				fault.New(fault.Timeout, "sip: no PRACK for our provisional response"), nil)
		},
	})
}

// senderOr is the sender of our provisional responses, made where there is none. It is not
// called with d.mu held, nor is anything of it: a response that goes out locks that.
func (d *Dialog) senderOr(made func() *early.Sender) *early.Sender {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sender == nil && made != nil {
		d.sender = made()
	}
	return d.sender
}

// inPrack takes a PRACK (RFC 3262 §3).
func (d *Dialog) inPrack(tx *serverTx) {
	sender := d.senderOr(nil)
	described := len(tx.Request().Body()) > 0
	a, err := early.ParseRAck(tx.Request().Header("RAck"))
	refuse := Reply{}
	switch {
	case err != nil:
		refuse = Reply{Status: 400, Reason: "Bad RAck"}
	case sender == nil || !sender.Acknowledge(a):
		refuse = Reply{Status: 481}
	}
	if refuse.Status != 0 {
		d.s.answer(tx, refuse)
		return
	}
	r := &InDialogRequest{tx: tx, d: d}
	d.mu.Lock()
	switch {
	case d.exchange == early.Ours: // this is to be the answer
		d.exchange = early.Closed
	case described: // another offer
		if refuse = d.clash(); refuse.Status == 0 {
			d.updateIn = r
		}
	default:
		refuse.Status = 200
	}
	d.mu.Unlock()
	if refuse.Status != 0 {
		d.s.answer(tx, refuse)
		sender.Proceed()
		return
	}
	d.deliver(r)
}

// acceptedLater is a 2xx that waits for a PRACK: from here on the handler is told of the
// dialog's end.
func (i *IncomingInvite) acceptedLater(d *Dialog) (*Dialog, error) {
	d.mu.Lock()
	ended := d.ended
	if d.beginning != nil {
		d.beginning.accepted = true
	}
	d.mu.Unlock()
	if ended {
		return nil, i.Err()
	}
	return d, nil
}

// endOf is the end of an early dialog whose INVITE ended so.
func endOf(err error, req *message.Request) End {
	e := End{Cause: EndTimeout, Request: req, Err: err}
	switch fault.Of(err) {
	case fault.Canceled:
		e.Cause = EndRemote
	case fault.Timeout:
		e.Cause = EndNoAck
	case fault.Gone:
		e.Cause = EndLocal
	case fault.Unavailable:
		e.Cause = EndClosed
	case fault.Internal:
		e.Cause = EndPanic
	}
	return e
}

// confirm makes it a confirmed dialog, in which nothing of the beginning is open; d.mu is
// held.
func (d *Dialog) confirm() { d.beginning, d.exchange = nil, early.Closed }

// begins is what the dialog has as long as it is early, or nil.
func (d *Dialog) begins() *beginning {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.beginning
}

// inBye takes a BYE before the answer: it ends the caller's call (RFC 3261 §15.1.1);
// from who is called it comes too early.
func (b *beginning) inBye(s *Server, tx *serverTx) {
	if b.in == nil {
		s.answer(tx, compose.Soon(500))
		return
	}
	s.answer(tx, Reply{Status: 200})
	b.in.end(Reply{Status: 487}, fault.New(fault.Canceled, "sip: ended by the caller"), tx.Request())
}

// abort ends the call whose beginning it is: for want of a handler, or because its owner
// hangs up after all.
func (b *beginning) abort(e End, hs ...message.Header) {
	err := e.Err
	if err == nil {
		err = fault.New(fault.Gone, "sip: ended before its answer was sent")
	}
	switch {
	case b.in == nil:
		b.out.abort(err)
	case e.Cause == EndLocal:
		b.in.end(Reply{Status: 480, Headers: hs}, err, nil)
	case e.Cause == EndClosed:
		b.in.shutdown(context.Background())
	default:
		b.in.end(Reply{Status: 500}, err, nil)
	}
}

// discard ends a dialog that nobody was told of, without a word.
func (d *Dialog) discard() {
	d.mu.Lock()
	d.beginning = &beginning{}
	d.mu.Unlock()
	d.finish(End{})
}
