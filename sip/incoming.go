package sip

import "errors"

var errNotYet = errors.New("sip: not there yet")

// IncomingRequest is a request outside any dialog. The first final Respond
// counts; when the handler returns without one, the answer may still come
// within 64·T1, after which the peer has given up.
type IncomingRequest struct{ req *Request }

// Request is the request.
func (r *IncomingRequest) Request() *Request { return r.req }

// Respond answers. The error is fault.Invalid for what cannot be sent,
// fault.Conflict after a final answer, fault.Unreachable when the connection is
// gone.
func (r *IncomingRequest) Respond(Reply) error { return errNotYet }

// Accept answers a SUBSCRIBE or REFER with 2xx and makes its dialog (RFC 6665),
// in which NOTIFYs are sent with Dialog.Request.
func (r *IncomingRequest) Accept(Reply, DialogHandler) (*Dialog, error) { return nil, errNotYet }

// IncomingInvite is an INVITE that waits for its answer.
type IncomingInvite struct{ req *Request }

// Request is the INVITE.
func (i *IncomingInvite) Request() *Request { return i.req }

// ID is the dialog's id, which the answers will have.
func (i *IncomingInvite) ID() DialogID { return DialogID{} }

// Trying sends 100 at once; the stack does so by itself after 200 ms.
func (i *IncomingInvite) Trying() error { return errNotYet }

// Progress sends a provisional reply, 180 when r.Status is 0; the stack repeats
// the last one each minute (RFC 3261 §13.3.1.1).
func (i *IncomingInvite) Progress(r Reply) error { return errNotYet }

// Accept sends a 2xx and makes the dialog; the 2xx is repeated until its ACK.
// After Done it fails with fault.Canceled.
func (i *IncomingInvite) Accept(r Reply, h DialogHandler) (*Dialog, error) { return nil, errNotYet }

// Reject sends a final reply of 300 or more; a redirect has r.Contacts.
func (i *IncomingInvite) Reject(r Reply) error { return errNotYet }

// Done is closed when the INVITE has been answered finally or was given up by
// the peer; Err then tells.
func (i *IncomingInvite) Done() <-chan struct{} { return nil }

// Err is nil before Done and after an answer of ours; fault.Canceled after the
// peer's CANCEL or BYE, fault.Unreachable when its connection is gone.
func (i *IncomingInvite) Err() error { return nil }

// CancelRequest is the CANCEL or BYE that ended the INVITE, or nil; its Reason
// header tells when another fork answered (RFC 3326).
func (i *IncomingInvite) CancelRequest() *Request { return nil }

// ReInvite is an INVITE inside a dialog that waits for its answer.
type ReInvite struct{ req *Request }

// Request is the INVITE.
func (r *ReInvite) Request() *Request { return r.req }

// Accept sends a 2xx, repeated until its ACK (DialogHandler.OnAck).
func (r *ReInvite) Accept(Reply) error { return errNotYet }

// Reject sends a final reply of 300 or more; the dialog goes on as it was.
func (r *ReInvite) Reject(Reply) error { return errNotYet }

// Done is closed when it has been answered or the peer took it back.
func (r *ReInvite) Done() <-chan struct{} { return nil }

// InDialogRequest is a request inside a dialog other than INVITE, ACK and BYE.
type InDialogRequest struct{ req *Request }

// Request is the request.
func (r *InDialogRequest) Request() *Request { return r.req }

// Respond answers, now or later; see IncomingRequest.Respond.
func (r *InDialogRequest) Respond(Reply) error { return errNotYet }
