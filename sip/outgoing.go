package sip

import (
	"context"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/internal/client"
	"github.com/skygenesisenterprise/skybridge/sip/internal/compose"
	"github.com/skygenesisenterprise/skybridge/sip/internal/route"
	"github.com/skygenesisenterprise/skybridge/sip/internal/serial"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transaction"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// OutgoingInvite is an INVITE of ours that waits for its answer.
type OutgoingInvite struct {
	s    *Server
	h    InviteHandler // asked by what run runs; nil once it was told the end
	id   DialogID      // without a remote tag
	run  *serial.Queue
	hops []route.Hop
	late bool // the 2xx brings the offer
	// patience is how long one hop may say nothing at all; 0 is as long as the
	// transaction lasts.
	patience time.Duration
	mend     func(*message.Response) ([]message.Header, bool)
	done     chan struct{}

	mu       sync.Mutex
	stop     func() bool // stops watching the context
	draft    *compose.Draft
	wallet   compose.Wallet
	hop      route.Hop           // of the last attempt
	attempt  int                 // how often the INVITE was sent
	tx       *transaction.Client // of the last attempt, or of one before it
	rewrite  bool
	canceled bool
	reason   string
	heard    bool // a provisional response came: no other hop is tried
	over     bool // OnAnswer or OnFail is decided
	dialog   *Dialog
	forks    map[string]*Dialog // the early dialogs, by remote tag
	extra    map[string]*Dialog // forks that answered too late
	used     uint32             // the highest CSeq that is known of any branch, of a call that is over
}

// maxForks bounds the early dialogs of one INVITE.
const maxForks = 16

// Invite sends an INVITE and returns once it is under way; what follows goes to
// h. When ctx ends before the final response, the call is canceled, unless o keeps it
// going. An error
// means that h is not called: fault.Invalid for what cannot be sent,
// fault.Unreachable when the target leads nowhere.
func (s *Server) Invite(ctx context.Context, o Outbound, h InviteHandler) (*OutgoingInvite, error) {
	if s.draining() {
		return nil, fault.New(fault.Unavailable, "sip: server is closing")
	}
	o.Method = "INVITE"
	w := s.client.Wallet(&o)
	d, err := s.client.Draft(&o, w)
	if err != nil {
		return nil, err
	}
	way, found := client.Patiently(ctx, o.Patience)
	hops, err := s.client.Hops(way, &o)
	found()
	if err != nil {
		return nil, err
	}
	out := &OutgoingInvite{
		s: s, h: h, draft: d, wallet: w, hops: hops, late: len(o.Body) == 0, rewrite: o.RewriteContact, patience: o.Patience, mend: o.Mend,
		id:    DialogID{CallID: d.CallID, LocalTag: d.From.Tag()},
		done:  make(chan struct{}),
		forks: make(map[string]*Dialog),
		extra: make(map[string]*Dialog),
	}
	out.run = serial.New(dialogQueue, s.errands.Spawn, out.panicked)
	if !s.dialogs.PutNew(out.id, out) {
		return nil, fault.New(fault.Conflict, "sip: call-id %s is in use", d.CallID)
	}
	if err := out.try(ctx); err != nil {
		s.dialogs.Drop(out.id, out)
		return nil, err
	}
	if !o.KeepsGoing {
		out.watch(ctx)
	}
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
		o.hop, o.draft.Fixed = next, next.Fixed()
		o.mu.Unlock()
		began := time.Now()
		way, taken := client.Patiently(ctx, o.patience)
		f, err := o.s.route.Take(way, next, nil)
		taken()
		if err == nil {
			err = o.send(f, began)
		}
		if err == nil || fault.Of(err) == fault.Invalid {
			return err
		}
		last = err
	}
}

// send begins a transaction, unless the call is over: then the end has been told. The
// call's patience began with the way to the hop.
func (o *OutgoingInvite) send(f transport.Flow, began time.Time) error {
	o.mu.Lock()
	if o.over {
		o.mu.Unlock()
		return nil
	}
	d := o.draft
	o.attempt++
	attempt := o.attempt
	o.mu.Unlock()
	l := inviteListener{o}
	tx, err := o.s.client.Begin(d, f, l)
	if err != nil {
		return err
	}
	o.mu.Lock()
	if attempt == o.attempt { // else it has failed already, and another is under way
		o.tx = tx
	}
	canceled, reason := o.canceled || o.over, o.reason
	patience := o.s.client.Silence(o.patience, began, len(o.hops) > 0)
	o.mu.Unlock()
	if canceled {
		tx.Cancel(reason)
	}
	if patience > 0 {
		o.s.errands.After(patience, func() { l.lost(tx, patience) })
	}
	return nil
}

func (o *OutgoingInvite) waiting() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.over
}

// answered takes a 2xx: the first makes the dialog, those of other forks are
// acknowledged and ended (RFC 3261 §13.2.2.4), and so is one of a hop that was given up.
func (o *OutgoingInvite) answered(tx *transaction.Client, r *message.Response, stray bool) {
	// Over UDP a peer may answer from another address than the one we sent to.
	f, seq := tx.Flow().To(r.Source().Remote), r.Seq()
	o.mu.Lock()
	d, auth := o.dialog, tx.Request().Credentials()
	if d == nil || d.id.RemoteTag != r.To().Tag() {
		d = o.extra[r.To().Tag()]
	}
	known, first := d != nil, o.dialog == nil && !stray
	if !known && len(o.extra) >= maxForks {
		o.mu.Unlock()
		return
	}
	if !known {
		if d = o.confirmed(r, f, first); first {
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
	o.s.dialogs.Put(d.id, d)
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

// refused takes a final response of 300 and more.
func (o *OutgoingInvite) refused(tx *transaction.Client, r *message.Response) {
	o.mu.Lock()
	again := !o.over && !o.canceled && (o.draft.AnswerChallenge(r) || o.mended(r))
	if again {
		o.draft.Seq++
	}
	o.mu.Unlock()
	err := r.Err()
	switch {
	case again:
		f := tx.Flow()
		o.run.Must(func() {
			if err := o.send(f, time.Now()); err != nil {
				o.fail(nil, err)
			}
		})
	case r.Status() == 503 && o.retry(err):
	default:
		o.fail(r, err)
	}
}

// mended changes the headers so that they are not refused again; o.mu is held.
func (o *OutgoingInvite) mended(r *message.Response) bool {
	if o.mend == nil {
		return false
	}
	hs, ok := o.mend(r)
	if ok = ok && compose.CheckHeaders(hs) == nil; ok {
		o.draft.Extra = hs
	}
	return ok
}

// retry tries the next hop after one that did not take the call (RFC 3263 §4.3),
// and reports whether there is one to try.
func (o *OutgoingInvite) retry(err error) bool {
	kind := fault.Of(err)
	o.mu.Lock()
	more := len(o.hops) > 0 && !o.over && !o.canceled &&
		(kind == fault.Unavailable || !o.heard && (kind == fault.Timeout || kind == fault.Unreachable))
	h := o.hop
	o.mu.Unlock()
	if kind != fault.Unavailable {
		o.s.route.Judge(h, nil, err)
	}
	return more && o.s.errands.Spawn(func() {
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
	if o.stop != nil {
		o.stop()
	}
	o.mu.Unlock()
	o.s.dialogs.Drop(o.id, o)
	o.endForks()
	o.run.Must(func() {
		f()
		o.release()
	})
	close(o.done)
}

// release lets go of what nobody asks for once the end was told: the transaction, which
// holds the call, stays for half a minute.
func (o *OutgoingInvite) release() {
	o.h = nil
	o.mu.Lock()
	defer o.mu.Unlock()
	o.mend, o.stop, o.hops = nil, nil, nil
	d := o.draft // which is being sent, perhaps: the rest of it is not ours to read
	o.draft = &compose.Draft{URI: d.URI, From: d.From, ContactUser: d.ContactUser}
	for _, d := range o.forks { // they end without a word to their handlers
		if d != o.dialog {
			d.setHandler(nil)
		}
	}
}

// watch cancels the call when its context ends first.
func (o *OutgoingInvite) watch(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() {
		o.s.errands.Guard("cancel", func() { _ = o.Cancel("") }) // no reason, no error
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
	o.abort(o.s.errands.Panicked("invite handler", r))
}

// abort ends the call from within one of its early dialogs.
func (o *OutgoingInvite) abort(err error) {
	o.mu.Lock()
	tx, over := o.tx, o.over
	o.mu.Unlock()
	o.fail(nil, err) // first: what answers the CANCEL is not how the call ended
	if tx != nil && !over {
		tx.Cancel("")
	}
}

// inRequest takes a request before there is an early dialog: it comes too early.
func (o *OutgoingInvite) inRequest(tx *serverTx) {
	o.s.answer(tx, compose.Soon(500))
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
