package sip

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/sip/internal/compose"
	"github.com/skygenesisenterprise/skybridge/sip/internal/dialogs"
	"github.com/skygenesisenterprise/skybridge/sip/internal/early"
	"github.com/skygenesisenterprise/skybridge/sip/internal/stray"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transaction"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// EarlyHandler may be implemented by an InviteHandler that takes part in the early
// dialogs of its call, of which a proxy that forks makes several (RFC 3261 §13.2.2.4).
type EarlyHandler interface {
	// OnEarly takes a dialog that a provisional response has made, before OnProvisional
	// takes that, and gives the handler for what the peer sends in it (an UPDATE). It ends
	// without OnEnd when another one answers or nobody does; OnAnswer gets the same
	// Dialog when it is the one that answers.
	OnEarly(*Dialog, *message.Response) DialogHandler
}

// provisional takes a provisional response. One that is sent reliably is acknowledged,
// and taken once and in its order (RFC 3262 §4).
func (o *OutgoingInvite) provisional(tx *transaction.Client, r *message.Response) {
	o.mu.Lock()
	o.heard = true
	o.mu.Unlock()
	if r.Status() == 100 || !o.waiting() {
		return
	}
	d, made := o.fork(tx, r)
	if d != nil && !o.s.reliable(d, r) {
		return
	}
	o.run.Post(func() {
		if h, takes := o.h.(EarlyHandler); made && takes {
			d.setHandler(h.OnEarly(d, r))
		}
		if o.h != nil { // else it has been told the end meanwhile
			o.h.OnProvisional(r)
		}
	})
	if d != nil && r.Status() == 199 { // RFC 6228 §5: this fork has ended
		o.run.Must(d.discard)
	}
}

// reliable reports whether a provisional response is to be taken, and acknowledges one
// that is sent reliably.
func (s *Server) reliable(d *Dialog, r *message.Response) bool {
	if !r.HasToken("Require", reliably) {
		return true
	}
	rseq, err := early.ParseRSeq(r.Header("RSeq"))
	if err != nil {
		s.quirks.Note("reliable response", r.Source().Remote, err)
		return true // as if it were not
	}
	d.mu.Lock()
	verdict := d.receiver.Take(r.Seq(), rseq)
	d.mu.Unlock()
	if verdict != early.Fresh {
		return false
	}
	if len(r.Body()) > 0 {
		d.describe(false)
	}
	ack := early.RAck{RSeq: rseq, CSeq: r.Seq(), Method: "INVITE"}
	s.errands.Spawn(func() { // ended by the answer to the PRACK or the timers of its transaction
		_, err := d.transact(context.Background(), "PRACK", Content{}, []message.Header{{Name: "RAck", Value: ack.String()}})
		if err != nil {
			s.quirks.Note("PRACK", r.Source().Remote, err)
		}
	})
	return true
}

// fork is the early dialog of a provisional response, and whether that has made it; nil
// when there is none.
func (o *OutgoingInvite) fork(tx *transaction.Client, r *message.Response) (d *Dialog, made bool) {
	tag := r.To().Tag()
	o.mu.Lock()
	defer o.mu.Unlock()
	if d := o.forks[tag]; d != nil || tag == "" || o.over || len(o.forks) >= maxForks {
		return d, false
	}
	// Over UDP a peer may answer from another address than the one we sent to.
	d = o.newDialog(r, tx.Flow().To(r.Source().Remote))
	d.run, d.beginning = o.run, &beginning{out: o}
	d.exchange = early.ByUs(!o.late)
	if !o.s.dialogs.PutNew(d.id, d) {
		return nil, false
	}
	o.forks[tag] = d
	return d, true
}

// confirmed is the dialog of a 2xx (RFC 3261 §12.1.2): the early one of its fork with the
// 2xx's target and route (§13.2.2.4) if it is the first, or a new one; o.mu is held.
func (o *OutgoingInvite) confirmed(r *message.Response, f transport.Flow, first bool) *Dialog {
	d := o.newDialog(r, f)
	d.st.LocalSeq = max(d.st.LocalSeq, o.used)
	if first {
		d.run, d.caller = o.run, o // the call's goroutine becomes the dialog's, as it is an early one's
	}
	was := o.forks[r.To().Tag()]
	if was == nil {
		return d
	}
	was.mu.Lock()
	defer was.mu.Unlock()
	d.st.LocalSeq = max(d.st.LocalSeq, was.st.LocalSeq) // PRACKs have numbers too
	if !first || o.over || was.ended {
		return d
	}
	was.st.Target, was.st.Route, was.st.Remote = d.st.Target, d.st.Route, d.st.Remote
	was.refresh(nil, f)
	was.caller = o
	was.confirm()
	return was
}

// looped reports whether an INVITE is one of ours that has come back as it went out: what
// it asks for will not be found here (RFC 3261 §16.3). One that was retargeted on its way is
// taken; how often that can be is bounded by its Max-Forwards.
func (s *Server) looped(req *message.Request) bool {
	o, ours := s.dialogs.Find(DialogID{CallID: req.CallID(), LocalTag: req.From().Tag()}).(*OutgoingInvite)
	if !ours {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.draft.URI.Equal(req.URI())
}

// endForks ends the early dialogs when the call has an answer, or gets none.
func (o *OutgoingInvite) endForks() {
	o.mu.Lock()
	forks, answered := o.forks, o.dialog
	o.mu.Unlock()
	for _, d := range forks { // which takes no more: the call is over
		if d != answered {
			d.discard()
		}
	}
}

// newDialog is the dialog of a response (RFC 3261 §12.1.2); o.mu is held.
func (o *OutgoingInvite) newDialog(r *message.Response, f transport.Flow) *Dialog {
	st := dialogs.OfCaller(o.id, o.draft.From, o.draft.URI, r)
	st.ContactUser, st.RewriteContact = o.draft.ContactUser, o.rewrite
	d := o.s.newDialog(st, f, nil)
	d.wallet = o.wallet
	return d
}

// retire has the transaction keep next to nothing of a call that is over, unless more than
// one branch answered: those may have a way to go yet.
func (o *OutgoingInvite) retire() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.tx == nil || len(o.extra) > 0 {
		return
	}
	c := stray.New(o.draft.From, o.draft.URI, o.dialog.id.RemoteTag, strays{o.s})
	c.CallID, c.LocalTag, c.ContactUser, c.RewriteContact, c.Wallet = o.id.CallID, o.id.LocalTag, o.draft.ContactUser, o.rewrite, o.wallet
	for _, d := range o.forks { // PRACKs have numbers too, and a BYE is to have a higher one
		d.mu.Lock()
		c.Used = max(c.Used, d.st.LocalSeq)
		d.mu.Unlock()
	}
	o.tx.Hand(c)
}

// strays takes answers to INVITEs whose calls are over.
type strays struct{ s *Server }

// Take implements stray.Owner: a branch is ended as one is that answers beside another.
func (x strays) Take(c *stray.Call, from message.Address, target message.URI) func(*transaction.Client, *message.Response) {
	o := &OutgoingInvite{
		s: x.s, id: DialogID{CallID: c.CallID, LocalTag: c.LocalTag}, wallet: c.Wallet, rewrite: c.RewriteContact,
		draft: &compose.Draft{From: from, URI: target, ContactUser: c.ContactUser}, over: true, used: c.Used, extra: make(map[string]*Dialog),
	}
	return func(tx *transaction.Client, r *message.Response) { o.answered(tx, r, true) }
}
