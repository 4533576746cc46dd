package sip

import (
	"context"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/internal/compose"
	"github.com/skygenesisenterprise/skybridge/sip/internal/early"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// IncomingRequest is a request outside any dialog. The first final Respond
// counts; when the handler returns without one, the answer may still come
// within 64·T1, after which the peer has given up.
type IncomingRequest struct{ tx *serverTx }

// Request is the request.
func (r *IncomingRequest) Request() *message.Request { return r.tx.Request() }

// Respond answers; Status 0 is 200. The error is fault.Invalid for what cannot
// be sent, fault.Conflict after a final answer, fault.Unreachable when the
// connection is gone.
func (r *IncomingRequest) Respond(rep Reply) error {
	if rep.Status == 0 {
		rep.Status = 200
	}
	return r.tx.reply(rep)
}

// Accept answers a SUBSCRIBE or REFER with a 2xx and makes its dialog (RFC 6665,
// RFC 3515), in which NOTIFYs are sent with Dialog.Request. h may be called
// before Accept returns.
func (r *IncomingRequest) Accept(rep Reply, h DialogHandler) (*Dialog, error) {
	if rep.Status == 0 {
		rep.Status = 200
	}
	if err := compose.CheckRange(rep.Status, 200, 299); err != nil {
		return nil, err
	}
	tx := r.tx
	contacts, err := tx.Request().Contacts()
	if err != nil || len(contacts) != 1 {
		return nil, fault.New(fault.Invalid, "sip: %s without one Contact makes no dialog", tx.Request().Method())
	}
	d, contact, err := tx.s.serverDialog(tx, contacts[0].URI, tx.Request().URI().User, h)
	if err != nil {
		return nil, err
	}
	raw, err := tx.prepareDialog(rep, contact)
	if err != nil {
		return nil, err
	}
	tx.s.dialogs.Put(d.id, d)
	if err := tx.Respond(rep.Status, raw); err != nil {
		tx.s.dialogs.Drop(d.id, d)
		return nil, err
	}
	return d, nil
}

// serverDialog makes the dialog of a request of the peer's (RFC 3261 §12.1.1),
// and our Contact in it.
func (s *Server) serverDialog(tx *serverTx, target message.URI, user string, h DialogHandler) (*Dialog, message.Address, error) {
	req := tx.Request()
	route, err := req.Addresses("Record-Route")
	if err != nil {
		return nil, message.Address{}, err
	}
	contact, err := s.agent.ContactTo(tx.Flow(), user, req.URI().Secure())
	if err != nil {
		return nil, message.Address{}, err
	}
	id := dialogIDOf(req)
	id.LocalTag = tx.Tag()
	return s.newDialog(DialogState{
		ID:     id,
		Local:  req.To().WithTag(tx.Tag()),
		Remote: req.From(),
		Target: target, Route: route,
		ContactUser: user,
		RemoteSeq:   req.Seq(),
		Invite:      req.Method() == "INVITE",
	}, tx.Flow(), h), contact, nil
}

// IncomingInvite is an INVITE that waits for its answer.
type IncomingInvite struct {
	tx      *serverTx
	id      DialogID
	target  message.URI
	user    string // of our Contact
	rewrite bool
	ending  *early.Ending

	mu            sync.Mutex
	dialog        *Dialog // the early one, if there is one
	wantsReliable bool
	status        int // of the last provisional response, and itself
	last          []byte
	remind        *time.Timer
}

// remindEvery is how often a call that rings says so again, so that proxies do
// not give it up (RFC 3261 §13.3.1.1).
const remindEvery = time.Minute

func (s *Server) newIncomingInvite(tx *serverTx, target message.URI) (*IncomingInvite, Reply) {
	id := dialogIDOf(tx.Request())
	id.LocalTag = tx.Tag()
	in := &IncomingInvite{tx: tx, id: id, target: target, user: tx.Request().URI().User, ending: early.NewEnding()}
	if !s.dialogs.PutNew(id, in) {
		return nil, Reply{Status: 500}
	}
	tx.OnCancel(func(req *message.Request) {
		in.end(Reply{Status: 487}, fault.New(fault.Canceled, "sip: canceled by the caller"), req)
	})
	return in, Reply{}
}

// Request is the INVITE.
func (i *IncomingInvite) Request() *message.Request { return i.tx.Request() }

// ID is the id that the dialog will have.
func (i *IncomingInvite) ID() DialogID { return i.id }

// SetRewriteContact is Dialog.SetRewriteContact for the dialog to come.
func (i *IncomingInvite) SetRewriteContact(on bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.rewrite = on
}

// Progress sends a provisional reply, 180 when its Status is 0. The last one is
// repeated each minute.
func (i *IncomingInvite) Progress(rep Reply) error {
	if rep.Status == 0 {
		rep.Status = 180
	}
	if err := compose.CheckRange(rep.Status, 101, 199); err != nil {
		return err
	}
	if i.Reliable() {
		err := i.progressReliably(rep)
		if why := i.Err(); err != nil && why != nil {
			return why
		}
		if err == nil {
			i.remindLater(rep.Status, nil)
		}
		return err
	}
	contact, err := i.contact()
	if err != nil {
		return err
	}
	raw, err := i.tx.prepareDialog(rep, contact)
	if err != nil {
		return err
	}
	if err := i.tx.Respond(rep.Status, raw); err != nil {
		if why := i.Err(); why != nil {
			return why
		}
		return err
	}
	i.remindLater(rep.Status, raw)
	return nil
}

// remindLater says so again in a while; raw is nil for what is sent reliably.
func (i *IncomingInvite) remindLater(status int, raw []byte) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.status, i.last = status, raw
	switch {
	case i.ending.Open() != nil:
	case i.remind == nil:
		i.remind = i.tx.s.errands.After(remindEvery, i.repeat)
	default:
		i.remind.Reset(remindEvery)
	}
}

func (i *IncomingInvite) repeat() {
	i.mu.Lock()
	if status := i.status; i.last == nil && i.ending.Open() == nil {
		i.mu.Unlock()
		_ = i.Progress(Reply{Status: status}) // one that cannot be sent is of a call that is over
		return
	}
	defer i.mu.Unlock()
	if i.ending.Open() == nil && i.tx.Respond(i.status, i.last) == nil {
		i.remind.Reset(remindEvery)
	}
}

// Accept sends a 2xx and makes the dialog; the 2xx is repeated until its ACK.
// The error is fault.Canceled or fault.Unreachable when the caller has gone,
// fault.Conflict when the INVITE was answered, fault.Invalid for what cannot be
// sent: then another answer may follow. h may be called before Accept returns.
func (i *IncomingInvite) Accept(rep Reply, h DialogHandler) (*Dialog, error) {
	if rep.Status == 0 {
		rep.Status = 200
	}
	if err := compose.CheckRange(rep.Status, 200, 299); err != nil {
		return nil, err
	}
	d, err := i.Early(h)
	if err != nil {
		return nil, err
	}
	contact, err := i.contact()
	if err != nil {
		return nil, err
	}
	raw, err := i.tx.prepareDialog(rep, contact)
	if err != nil {
		return nil, err
	}
	if err := i.ending.Claim(); err != nil {
		return nil, err
	}
	if sender := d.senderOr(nil); sender != nil && !sender.Final(func() { _ = i.confirm(d, rep, raw) }) {
		return i.acceptedLater(d)
	}
	if err := i.confirm(d, rep, raw); err != nil {
		return nil, err
	}
	return d, nil
}

// contact is ours in responses.
func (i *IncomingInvite) contact() (message.Address, error) {
	return i.tx.s.agent.ContactTo(i.tx.Flow(), i.user, i.tx.Request().URI().Secure())
}

// confirm sends the 2xx. Should that fail, the dialog ends; its handler is told where
// Accept could not tell.
func (i *IncomingInvite) confirm(d *Dialog, rep Reply, raw []byte) error {
	if err := i.take(nil, nil); err != nil {
		return err
	}
	defer i.settle()
	d.mu.Lock()
	b := d.beginning
	d.confirm() // before the 2xx can be answered
	d.mu.Unlock()
	err := d.answerWith(i.tx, rep, raw)
	if err != nil {
		i.ending.Fail(err)
		d.mu.Lock()
		d.beginning = b
		d.mu.Unlock()
		d.finish(endOf(err, nil))
	}
	return err
}

// Reject sends a final reply of 300 or more; a redirect has Contacts. Its errors
// are those of Accept.
func (i *IncomingInvite) Reject(rep Reply) error {
	if err := compose.CheckRange(rep.Status, 300, 699); err != nil {
		return err
	}
	raw, err := i.tx.prepareReply(rep)
	if err != nil {
		return err
	}
	if err := i.ending.Claim(); err != nil {
		return err
	}
	if err := i.take(nil, nil); err != nil {
		return err
	}
	defer i.settle()
	if err := i.tx.Respond(rep.Status, raw); err != nil {
		i.ending.Fail(err)
		return err
	}
	return nil
}

// Done is closed when the INVITE has been answered finally or the caller has
// gone; Err then tells.
func (i *IncomingInvite) Done() <-chan struct{} { return i.ending.Done() }

// Err is nil before Done and after an answer of ours; fault.Canceled after the
// peer's CANCEL or BYE, fault.Unreachable when its connection is gone for good,
// fault.Unavailable when the server closed, fault.Internal after a panic of the
// handler.
func (i *IncomingInvite) Err() error {
	err, _ := i.ending.Because()
	return err
}

// CancelRequest is the CANCEL or BYE that ended the INVITE, or nil; its Reason
// header tells when another fork answered (RFC 3326).
func (i *IncomingInvite) CancelRequest() *message.Request {
	_, req := i.ending.Because()
	return req
}

// take is ending.Take.
func (i *IncomingInvite) take(because error, by *message.Request) error {
	err := i.ending.Take(because, by)
	i.mu.Lock()
	defer i.mu.Unlock()
	if err == nil && i.remind != nil {
		i.remind.Stop()
	}
	return err
}

// settle is the end: whoever took it calls it, once.
func (i *IncomingInvite) settle() {
	i.tx.s.dialogs.Drop(i.id, i)
	i.mu.Lock()
	d := i.dialog
	i.mu.Unlock()
	if d != nil && d.begins() != nil {
		d.discard()
	}
	i.ending.Close()
}

// end gives the INVITE up where its handler does not: for the peer's sake, or for
// want of a handler.
func (i *IncomingInvite) end(r Reply, err error, req *message.Request) {
	if i.take(err, req) != nil {
		return
	}
	i.mu.Lock()
	d := i.dialog
	i.mu.Unlock()
	i.tx.s.dialogs.Drop(i.id, i) // first: who has the answer finds nothing left
	if d != nil {
		d.finish(endOf(err, req))
	}
	i.tx.s.answer(i.tx, r)
	i.settle()
}

// inRequest takes a request in the early dialog: BYE ends it (RFC 3261 §15);
// others come too early (RFC 3311 §5.2 for UPDATE).
func (i *IncomingInvite) inRequest(tx *serverTx) {
	if tx.Request().Method() != "BYE" {
		i.tx.s.answer(tx, compose.Soon(500))
		return
	}
	i.tx.s.answer(tx, Reply{Status: 200})
	i.end(Reply{Status: 487}, fault.New(fault.Canceled, "sip: ended by the caller"), tx.Request())
}

func (i *IncomingInvite) inAck(*message.Request) {}

func (i *IncomingInvite) flowClosed(id message.FlowID) {
	if f := i.tx.Flow(); f.Reliable() && f.Source().Flow == id {
		i.tx.Recall(func(err error) { i.end(Reply{Status: 487}, err, nil) })
	}
}

func (i *IncomingInvite) shutdown(context.Context) {
	i.end(Reply{Status: 503}, fault.New(fault.Unavailable, "sip: server is closing"), nil)
}

func (i *IncomingInvite) abandon() { i.shutdown(context.Background()) }
