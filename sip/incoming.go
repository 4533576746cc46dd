package sip

import (
	"context"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
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
	if err := checkRange(rep.Status, 200, 299); err != nil {
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
	tx.s.dialogs.put(d.id, d)
	if err := tx.Respond(rep.Status, raw); err != nil {
		tx.s.dialogs.drop(d.id, d)
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
	done    chan struct{}

	mu     sync.Mutex
	over   bool
	err    error
	cancel *message.Request
	last   []byte // the last provisional response
	remind *time.Timer
}

// remindEvery is how often a call that rings says so again, so that proxies do
// not give it up (RFC 3261 §13.3.1.1).
const remindEvery = time.Minute

func (s *Server) newIncomingInvite(tx *serverTx, target message.URI) (*IncomingInvite, Reply) {
	id := dialogIDOf(tx.Request())
	id.LocalTag = tx.Tag()
	in := &IncomingInvite{tx: tx, id: id, target: target, user: tx.Request().URI().User, done: make(chan struct{})}
	if !s.dialogs.putNew(id, in) {
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
	if err := checkRange(rep.Status, 101, 199); err != nil {
		return err
	}
	contact, err := i.tx.s.agent.ContactTo(i.tx.Flow(), i.user, i.tx.Request().URI().Secure())
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
	i.mu.Lock()
	defer i.mu.Unlock()
	i.last = raw
	switch {
	case i.over:
	case i.remind == nil:
		i.remind = i.tx.s.after(remindEvery, i.repeat)
	default:
		i.remind.Reset(remindEvery)
	}
	return nil
}

func (i *IncomingInvite) repeat() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.over && i.tx.Respond(180, i.last) == nil {
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
	if err := checkRange(rep.Status, 200, 299); err != nil {
		return nil, err
	}
	i.mu.Lock()
	rewrite := i.rewrite
	i.mu.Unlock()
	s, tx := i.tx.s, i.tx
	d, contact, err := s.serverDialog(tx, i.target, i.user, h)
	if err != nil {
		return nil, err
	}
	d.st.RewriteContact = rewrite
	raw, err := tx.prepareDialog(rep, contact)
	if err != nil {
		return nil, err
	}
	if err := i.take(); err != nil {
		return nil, err
	}
	defer i.settle()
	s.dialogs.put(d.id, d) // in place of i, before the 2xx can be answered
	if err := d.answerWith(tx, rep, raw); err != nil {
		s.dialogs.drop(d.id, d)
		i.fail(err)
		return nil, err
	}
	return d, nil
}

// Reject sends a final reply of 300 or more; a redirect has Contacts. Its errors
// are those of Accept.
func (i *IncomingInvite) Reject(rep Reply) error {
	if err := checkRange(rep.Status, 300, 699); err != nil {
		return err
	}
	raw, err := i.tx.prepareReply(rep)
	if err != nil {
		return err
	}
	if err := i.take(); err != nil {
		return err
	}
	defer i.settle()
	if err := i.tx.Respond(rep.Status, raw); err != nil {
		i.fail(err)
		return err
	}
	return nil
}

// Done is closed when the INVITE has been answered finally or the caller has
// gone; Err then tells.
func (i *IncomingInvite) Done() <-chan struct{} { return i.done }

// Err is nil before Done and after an answer of ours; fault.Canceled after the
// peer's CANCEL or BYE, fault.Unreachable when its connection is gone,
// fault.Unavailable when the server closed, fault.Internal after a panic of the
// handler.
func (i *IncomingInvite) Err() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.err
}

// CancelRequest is the CANCEL or BYE that ended the INVITE, or nil; its Reason
// header tells when another fork answered (RFC 3326).
func (i *IncomingInvite) CancelRequest() *message.Request {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.cancel
}

// take makes the caller the one who ends the INVITE.
func (i *IncomingInvite) take() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case i.err != nil:
		return i.err
	case i.over:
		return fault.New(fault.Conflict, "sip: INVITE is answered already")
	}
	i.over = true
	if i.remind != nil {
		i.remind.Stop()
	}
	return nil
}

func (i *IncomingInvite) fail(err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.err = err
}

// settle is the end: whoever took it calls it, once.
func (i *IncomingInvite) settle() {
	i.tx.s.dialogs.drop(i.id, i)
	close(i.done)
}

// end gives the INVITE up where its handler does not: for the peer's sake, or for
// want of a handler.
func (i *IncomingInvite) end(r Reply, err error, req *message.Request) {
	if i.take() != nil {
		return
	}
	i.mu.Lock()
	i.err, i.cancel = err, req
	i.mu.Unlock()
	i.tx.s.dialogs.drop(i.id, i) // first: who has the answer finds nothing left
	i.tx.s.answer(i.tx, r)
	i.settle()
}

// inRequest takes a request in the early dialog: BYE ends it (RFC 3261 §15);
// others come too early (RFC 3311 §5.2 for UPDATE).
func (i *IncomingInvite) inRequest(tx *serverTx) {
	if tx.Request().Method() != "BYE" {
		i.tx.s.answer(tx, Reply{Status: 500, Headers: []message.Header{retryAfter()}})
		return
	}
	i.tx.s.answer(tx, Reply{Status: 200})
	i.end(Reply{Status: 487}, fault.New(fault.Canceled, "sip: ended by the caller"), tx.Request())
}

func (i *IncomingInvite) inAck(*message.Request) {}

func (i *IncomingInvite) flowClosed(id message.FlowID) {
	if i.tx.Flow().Reliable() && i.tx.Request().Source().Flow == id {
		i.end(Reply{Status: 487}, fault.New(fault.Unreachable, "sip: the caller's connection closed"), nil)
	}
}

func (i *IncomingInvite) shutdown(context.Context) {
	i.end(Reply{Status: 503}, fault.New(fault.Unavailable, "sip: server is closing"), nil)
}

func (i *IncomingInvite) abandon() { i.shutdown(context.Background()) }
