package sip

import (
	"context"
	"slices"
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/internal/compose"
	"github.com/skygenesisenterprise/skybridge/sip/internal/serial"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transaction"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// OutgoingInvite is an INVITE of ours that waits for its answer.
type OutgoingInvite struct {
	s    *Server
	h    InviteHandler
	id   DialogID // without a remote tag
	run  *serial.Queue
	hops []hop
	late bool // the 2xx brings the offer
	done chan struct{}

	mu       sync.Mutex
	stop     func() bool // stops watching the context
	draft    *compose.Draft
	wallet   compose.Wallet
	attempt  int                 // how often the INVITE was sent
	tx       *transaction.Client // of the last attempt, or of one before it
	rewrite  bool
	canceled bool
	reason   string
	heard    bool // a provisional response came: no other hop is tried
	over     bool // OnAnswer or OnFail is decided
	dialog   *Dialog
	forks    map[DialogID]struct{}
	extra    map[string]*Dialog // forks that answered too late, by remote tag
}

// maxForks bounds the early dialogs of one INVITE.
const maxForks = 16

// Invite sends an INVITE and returns once it is under way; what follows goes to
// h. When ctx ends before the final response, the call is canceled. An error
// means that h is not called: fault.Invalid for what cannot be sent,
// fault.Unreachable when the target leads nowhere.
func (s *Server) Invite(ctx context.Context, o Outbound, h InviteHandler) (*OutgoingInvite, error) {
	if s.draining() {
		return nil, fault.New(fault.Unavailable, "sip: server is closing")
	}
	o.Method = "INVITE"
	w := walletOf(o.Credentials)
	d, err := s.newDraft(&o, w)
	if err != nil {
		return nil, err
	}
	hops, err := s.hops(ctx, &o)
	if err != nil {
		return nil, err
	}
	out := &OutgoingInvite{
		s: s, h: h, draft: d, wallet: w, hops: hops, late: len(o.Body) == 0, rewrite: o.RewriteContact,
		id:    DialogID{CallID: d.CallID, LocalTag: d.From.Tag()},
		done:  make(chan struct{}),
		forks: make(map[DialogID]struct{}),
		extra: make(map[string]*Dialog),
	}
	out.run = serial.New(dialogQueue, s.spawn, out.panicked)
	if !s.dialogs.putNew(out.id, out) {
		return nil, fault.New(fault.Conflict, "sip: call-id %s is in use", d.CallID)
	}
	if err := out.try(ctx); err != nil {
		s.dialogs.drop(out.id, out)
		return nil, err
	}
	out.watch(ctx)
	return out, nil
}

// CallID is the Call-ID of the INVITE.
func (o *OutgoingInvite) CallID() string { return o.id.CallID }

// try sends the INVITE over the next hop that takes it.
func (o *OutgoingInvite) try(ctx context.Context) error {
	var last error
	for {
		o.mu.Lock()
		if len(o.hops) == 0 {
			o.mu.Unlock()
			return last
		}
		next := o.hops[0]
		o.hops = o.hops[1:]
		o.mu.Unlock()
		f, err := o.s.take(ctx, next)
		if err == nil {
			err = o.send(f)
		}
		if err == nil || fault.Of(err) == fault.Invalid {
			return err
		}
		last = err
	}
}

// send begins a transaction.
func (o *OutgoingInvite) send(f transport.Flow) error {
	o.mu.Lock()
	d := o.draft
	o.attempt++
	attempt := o.attempt
	o.mu.Unlock()
	tx, err := o.s.begin(d, f, inviteListener{o})
	if err != nil {
		return err
	}
	o.mu.Lock()
	if attempt == o.attempt { // else it has failed already, and another is under way
		o.tx = tx
	}
	canceled, reason := o.canceled, o.reason
	o.mu.Unlock()
	if canceled {
		tx.Cancel(reason)
	}
	return nil
}

// inviteListener follows the transactions of an INVITE.
type inviteListener struct{ o *OutgoingInvite }

// Failed implements transaction.Listener.
func (l inviteListener) Failed(err error) {
	if !l.o.retry(err) {
		l.o.fail(nil, err)
	}
}

// Response implements transaction.Listener. It runs on the reader's goroutine: the
// dialog of a 2xx is there before anything that follows it on the wire.
func (l inviteListener) Response(tx *transaction.Client, r *message.Response) {
	switch {
	case r.Status() < 200:
		l.o.provisional(r)
	case r.Status() < 300:
		l.o.answered(tx, r)
	default:
		l.o.refused(tx, r)
	}
}

func (o *OutgoingInvite) provisional(r *message.Response) {
	o.mu.Lock()
	o.heard = true
	o.mu.Unlock()
	if r.Status() == 100 || !o.waiting() {
		return
	}
	o.addFork(r)
	o.run.Post(func() { o.h.OnProvisional(r) })
}

// addFork makes an early dialog known, so that requests in it are not 481.
func (o *OutgoingInvite) addFork(r *message.Response) {
	tag := r.To().Tag()
	if tag == "" {
		return
	}
	id := o.id
	id.RemoteTag = tag
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, ok := o.forks[id]; !ok && !o.over && len(o.forks) < maxForks && o.s.dialogs.putNew(id, o) {
		o.forks[id] = struct{}{}
	}
}

func (o *OutgoingInvite) waiting() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.over
}

// answered takes a 2xx: the first makes the dialog, those of other forks are
// acknowledged and ended (RFC 3261 §13.2.2.4).
func (o *OutgoingInvite) answered(tx *transaction.Client, r *message.Response) {
	// Over UDP a peer may answer from another address than the one we sent to.
	f, seq := tx.Flow().To(r.Source().Remote), r.Seq()
	o.mu.Lock()
	d, auth := o.dialog, compose.CredentialsOf(tx.Request())
	if d != nil && d.id.RemoteTag != r.To().Tag() {
		d = o.extra[r.To().Tag()]
	}
	known, first := d != nil, o.dialog == nil
	if !known && len(o.extra) >= maxForks {
		o.mu.Unlock()
		return
	}
	if !known {
		d = o.newDialog(r, f)
		if first {
			o.dialog = d
		} else {
			o.extra[r.To().Tag()] = d
		}
	}
	late := o.late && first
	wanted := first && !o.over && !o.canceled
	o.mu.Unlock()
	if known {
		d.in2xx(seq, r, o.late, auth)
		return
	}
	o.s.dialogs.put(d.id, d)
	if wanted {
		d.in2xx(seq, r, late, auth)
		o.settle(func() { d.setHandler(o.h.OnAnswer(d, r)) })
		return
	}
	d.in2xx(seq, r, false, auth)
	d.run.Must(func() { d.giveUp(End{Cause: EndLocal}) }) // after its ACK
	if first {
		o.fail(r, fault.New(fault.Canceled, "sip: canceled"))
	}
}

// newDialog is the dialog of a 2xx (RFC 3261 §12.1.2); o.mu is held.
func (o *OutgoingInvite) newDialog(r *message.Response, f transport.Flow) *Dialog {
	id := o.id
	id.RemoteTag = r.To().Tag()
	target := o.draft.URI
	if contacts, err := r.Contacts(); err == nil && len(contacts) > 0 && !contacts[0].Wildcard {
		target = contacts[0].URI
	}
	route, err := r.Addresses("Record-Route")
	if err != nil {
		route = nil // without it the peer's Contact is all there is
	}
	slices.Reverse(route)
	d := o.s.newDialog(DialogState{
		ID: id, Local: o.draft.From, Remote: r.To(), Target: target, Route: route,
		ContactUser: o.draft.ContactUser, LocalSeq: r.Seq(), Caller: true, Invite: true,
		RewriteContact: o.rewrite,
	}, f, nil)
	d.wallet = o.wallet
	if o.dialog == nil {
		d.run = o.run // the call's goroutine becomes the dialog's
	}
	return d
}

// refused takes a final response of 300 and more.
func (o *OutgoingInvite) refused(tx *transaction.Client, r *message.Response) {
	o.mu.Lock()
	again := !o.over && !o.canceled && o.draft.AnswerChallenge(r)
	if again {
		o.draft.Seq++
	}
	o.mu.Unlock()
	err := r.Err()
	switch {
	case again:
		f := tx.Flow()
		o.run.Must(func() {
			if err := o.send(f); err != nil {
				o.fail(nil, err)
			}
		})
	case r.Status() == 503 && o.retry(err):
	default:
		o.fail(r, err)
	}
}

// retry tries the next hop after one that did not take the call (RFC 3263 §4.3),
// and reports whether there is one to try.
func (o *OutgoingInvite) retry(err error) bool {
	kind := fault.Of(err)
	o.mu.Lock()
	more := len(o.hops) > 0 && !o.over && !o.canceled &&
		(kind == fault.Unavailable || !o.heard && (kind == fault.Timeout || kind == fault.Unreachable))
	o.mu.Unlock()
	return more && o.s.spawn(func() {
		err := fault.New(fault.Internal, "sip: next hop: panicked")
		defer func() {
			if err != nil {
				o.fail(nil, err)
			}
		}()
		err = o.try(context.Background())
	})
}

// fail ends the call without an answer.
func (o *OutgoingInvite) fail(r *message.Response, err error) {
	o.settle(func() { o.h.OnFail(r, err) })
}

// settle decides how the call ends, once, and posts the handler's call.
func (o *OutgoingInvite) settle(f func()) {
	o.mu.Lock()
	if o.over {
		o.mu.Unlock()
		return
	}
	o.over = true
	forks := o.forks
	if o.stop != nil {
		o.stop()
	}
	o.mu.Unlock()
	o.s.dialogs.drop(o.id, o)
	for id := range forks {
		o.s.dialogs.drop(id, o)
	}
	o.run.Must(f)
	close(o.done)
}

// watch cancels the call when its context ends first.
func (o *OutgoingInvite) watch(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() {
		o.s.guard("cancel", func() { _ = o.Cancel("") }) // no reason, no error
	})
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over {
		stop()
	}
	o.stop = stop
}

// Cancel takes the INVITE back: a CANCEL is sent as soon as RFC 3261 §9.1 lets
// it, with that Reason header ("" for none, e.g. `SIP;cause=200;text="Call
// completed elsewhere"`). A 2xx that crosses it is acknowledged and ended.
// OnFail follows. After the final response it does nothing. The error is
// fault.Invalid for a reason that cannot be sent.
func (o *OutgoingInvite) Cancel(reason string) error {
	if err := message.CheckHeader("Reason", reason); err != nil {
		return err
	}
	o.mu.Lock()
	if o.over {
		o.mu.Unlock()
		return nil
	}
	o.canceled, o.reason = true, reason
	tx := o.tx
	o.mu.Unlock()
	if tx != nil {
		tx.Cancel(reason)
	}
	return nil
}

// panicked ends a call whose handler panicked.
func (o *OutgoingInvite) panicked(r any) {
	o.mu.Lock()
	d := o.dialog
	o.mu.Unlock()
	if d != nil {
		d.panicked(r)
		return
	}
	err := o.s.panicked("invite handler", r)
	o.mu.Lock()
	tx, over := o.tx, o.over
	o.mu.Unlock()
	o.fail(nil, err) // first: what answers the CANCEL is not how the call ended
	if tx != nil && !over {
		tx.Cancel("")
	}
}

// inRequest takes a request in an early dialog: it comes too early.
func (o *OutgoingInvite) inRequest(tx *serverTx) {
	o.s.answer(tx, Reply{Status: 500, Headers: []message.Header{retryAfter()}})
}

func (o *OutgoingInvite) inAck(*message.Request)    {}
func (o *OutgoingInvite) flowClosed(message.FlowID) {}

func (o *OutgoingInvite) shutdown(ctx context.Context) {
	_ = o.Cancel("") // no reason, no error
	select {
	case <-o.done:
	case <-ctx.Done():
	}
}

func (o *OutgoingInvite) abandon() {
	o.fail(nil, fault.New(fault.Unavailable, "sip: server closed"))
}
