package sip

import (
	"sync"

	"github.com/skygenesisenterprise/skybridge/sip/internal/compose"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// inRequest takes a request of the peer's, on the reader's goroutine and so in
// the order of arrival.
func (d *Dialog) inRequest(tx *serverTx) {
	req := tx.Request()
	d.mu.Lock()
	if d.ended || d.ending && req.Method() != "BYE" {
		d.mu.Unlock()
		d.s.answer(tx, Reply{Status: 481})
		return
	}
	if d.st.RemoteSeq != 0 && req.Seq() <= d.st.RemoteSeq { // RFC 3261 §12.2.2
		d.mu.Unlock()
		d.s.answer(tx, Reply{Status: 500, Reason: "CSeq Out of Order"})
		return
	}
	d.st.RemoteSeq = req.Seq()
	f := tx.Flow()
	if d.flow == nil || !d.flow.Alive() {
		d.refresh(nil, f)
	}
	switch req.Method() {
	case "INVITE":
		d.inInvite(tx)
	case "UPDATE":
		d.inUpdate(tx)
	case "PRACK":
		d.mu.Unlock()
		d.inPrack(tx)
	case "BYE":
		d.mu.Unlock()
		d.inBye(tx)
	default:
		d.mu.Unlock()
		d.deliver(&InDialogRequest{tx: tx, d: d})
	}
}

// refreshFrom is refresh with a request that has got its 2xx: one that was refused
// leaves the target as it was (RFC 3261 §14.2). A broken Contact changes nothing.
func (d *Dialog) refreshFrom(tx *serverTx) {
	contacts, err := tx.Request().Contacts()
	if err != nil {
		contacts = nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refresh(contacts, tx.Flow())
}

// deliver gives a request to the handler, in order.
func (d *Dialog) deliver(r *InDialogRequest) {
	ok := d.run.Post(func() {
		if h := d.theHandler(); h != nil {
			h.OnRequest(r)
		} else {
			_ = r.Respond(Reply{Status: 480}) // fails where the request is over already
		}
	})
	if !ok {
		d.s.count.Refused.Add(1)
		_ = r.Respond(compose.Soon(503)) // likewise
	}
}

// inInvite takes a re-INVITE by RFC 3261 §14.2. It unlocks d.mu.
func (d *Dialog) inInvite(tx *serverTx) {
	refuse := d.clash()
	if d.beginning != nil && refuse.Status == 0 { // RFC 3261 §14.2
		refuse = compose.Soon(500)
	}
	if refuse.Status != 0 {
		d.mu.Unlock()
		d.s.answer(tx, refuse)
		return
	}
	r := &ReInvite{tx: tx, d: d, done: make(chan struct{})}
	d.inviteIn = r
	d.mu.Unlock()
	tx.OnCancel(func(*message.Request) { r.giveUp() })
	ok := d.run.Post(func() {
		if h := d.theHandler(); h != nil {
			h.OnReInvite(r)
		} else {
			_ = r.Reject(Reply{Status: 480}) // gone or answered: the peer knows
		}
	})
	if !ok {
		d.s.count.Refused.Add(1)
		_ = r.Reject(compose.Soon(503)) // as above
	}
}

// clash is how an offer of the peer's is refused while another is under way (RFC 3261
// §14.2, RFC 3311 §5.2); the zero Reply lets it pass. d.mu is held.
func (d *Dialog) clash() Reply {
	switch {
	case d.inviteIn != nil || d.updateIn != nil:
		return compose.Soon(500)
	case d.offerOut != nil || d.unacked.Offers():
		return Reply{Status: 491}
	}
	return d.exchange.Refusal()
}

// inUpdate takes an UPDATE by RFC 3311 §5.2. It unlocks d.mu.
func (d *Dialog) inUpdate(tx *serverTx) {
	r := &InDialogRequest{tx: tx, d: d}
	if len(tx.Request().Body()) > 0 {
		if refuse := d.clash(); refuse.Status != 0 {
			d.mu.Unlock()
			d.s.answer(tx, refuse)
			return
		}
		d.updateIn = r
	}
	d.mu.Unlock()
	d.deliver(r)
}

func (d *Dialog) inBye(tx *serverTx) {
	if b := d.begins(); b != nil {
		b.inBye(d.s, tx)
		return
	}
	d.finish(End{Cause: EndRemote, Request: tx.Request()}) // first: who has the 200 finds nothing left
	d.s.answer(tx, Reply{Status: 200})
}

// flowClosed changes nothing: the dialog outlives its connection, and the next
// request of ours finds or makes another.
func (d *Dialog) flowClosed(id message.FlowID) {
	if b := d.begins(); b != nil && b.in != nil {
		b.in.flowClosed(id)
	}
}

// InDialogRequest is a request inside a dialog other than INVITE, ACK and BYE.
type InDialogRequest struct {
	tx *serverTx
	d  *Dialog
}

// Request is the request.
func (r *InDialogRequest) Request() *message.Request { return r.tx.Request() }

// Respond answers, now or later; see IncomingRequest.Respond.
func (r *InDialogRequest) Respond(rep Reply) error {
	if rep.Status == 0 {
		rep.Status = 200
	}
	if rep.Status >= 200 {
		r.d.mu.Lock()
		if r.d.updateIn == r {
			r.d.updateIn = nil
		}
		r.d.mu.Unlock()
	}
	switch r.tx.Request().Method() {
	case "UPDATE", "SUBSCRIBE", "NOTIFY", "REFER":
		if rep.Status >= 200 && rep.Status < 300 {
			c, err := r.d.ourContact(r.tx)
			if err != nil {
				return err
			}
			b, err := r.tx.prepareDialog(rep, c)
			if err != nil {
				return err
			}
			if err := r.tx.Respond(rep.Status, b); err != nil {
				return err
			}
			r.d.refreshFrom(r.tx)
			return nil
		}
	}
	err := r.tx.reply(rep)
	if r.tx.Request().Method() == "PRACK" {
		r.d.senderOr(nil).Proceed()
	}
	return err
}

// ourContact is our Contact in the answer to a request in the dialog.
func (d *Dialog) ourContact(tx *serverTx) (message.Address, error) {
	d.mu.Lock()
	user := d.st.ContactUser
	d.mu.Unlock()
	return d.s.agent.ContactTo(tx.Flow(), user, tx.Request().URI().Secure())
}

// ReInvite is an INVITE inside a dialog that waits for its answer.
type ReInvite struct {
	tx   *serverTx
	d    *Dialog
	once sync.Once
	done chan struct{}
}

// Request is the INVITE.
func (r *ReInvite) Request() *message.Request { return r.tx.Request() }

// Done is closed when it has been answered or the peer took it back.
func (r *ReInvite) Done() <-chan struct{} { return r.done }

// Accept sends a 2xx, repeated until its ACK (DialogHandler.OnAck).
func (r *ReInvite) Accept(rep Reply) error {
	if rep.Status == 0 {
		rep.Status = 200
	}
	if err := compose.CheckRange(rep.Status, 200, 299); err != nil {
		return err
	}
	c, err := r.d.ourContact(r.tx)
	if err != nil {
		return err
	}
	raw, err := r.tx.prepareDialog(rep, c)
	if err != nil {
		return err
	}
	r.vacate() // first: answered, the peer may offer again at once
	if err := r.d.answerWith(r.tx, rep, raw); err != nil {
		return err
	}
	r.d.refreshFrom(r.tx)
	r.settle()
	return nil
}

// Reject sends a final reply of 300 or more; the dialog goes on as it was.
func (r *ReInvite) Reject(rep Reply) error {
	if err := compose.CheckRange(rep.Status, 300, 699); err != nil {
		return err
	}
	r.vacate() // first: refused, the peer may offer again at once
	if err := r.tx.reply(rep); err != nil {
		return err
	}
	r.settle()
	return nil
}

// giveUp answers 487 after a CANCEL or with the dialog's end.
func (r *ReInvite) giveUp() {
	r.d.s.answer(r.tx, Reply{Status: 487})
	r.settle()
}

func (r *ReInvite) settle() {
	r.once.Do(func() {
		r.vacate()
		close(r.done)
	})
}

// vacate makes room for another one.
func (r *ReInvite) vacate() {
	r.d.mu.Lock()
	defer r.d.mu.Unlock()
	if r.d.inviteIn == r {
		r.d.inviteIn = nil
	}
}

// answerWith sends a 2xx to an INVITE and begins its repetition.
func (d *Dialog) answerWith(tx *serverTx, rep Reply, raw []byte) error {
	d.mu.Lock()
	a := d.track(tx.Request().Seq(), raw, tx.Flow(), len(tx.Request().Body()) == 0 && len(rep.Body) > 0)
	d.mu.Unlock()
	if err := tx.Respond(rep.Status, raw); err != nil {
		d.untrack(a)
		return err
	}
	return nil
}
