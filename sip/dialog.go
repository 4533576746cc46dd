package sip

import "context"

// DialogID is a dialog as RFC 3261 §12 names it, seen from our side.
type DialogID struct {
	CallID    string `json:"call_id"`
	LocalTag  string `json:"local_tag"`
	RemoteTag string `json:"remote_tag"`
}

// DialogState is a dialog as a plain value, for a restart or another node.
type DialogState struct {
	ID DialogID `json:"id"`
	// Local and Remote are the From and To of our requests, with their tags.
	Local  Address `json:"local"`
	Remote Address `json:"remote"`
	// Contact is ours, Target the peer's.
	Contact Address `json:"contact"`
	Target  URI     `json:"target"`
	// Route is the route set, in the order of our requests.
	Route []Address `json:"route,omitempty"`
	// LocalSeq and RemoteSeq are the last CSeq numbers; 0 means none yet.
	LocalSeq  uint32 `json:"local_seq"`
	RemoteSeq uint32 `json:"remote_seq"`
	// Caller is set when we sent the first request.
	Caller bool `json:"caller"`
	// Flow is where the peer's last message came over.
	Flow           FlowID `json:"flow,omitempty"`
	Transport      string `json:"transport"`
	RewriteContact bool   `json:"rewrite_contact,omitempty"`
	Secure         bool   `json:"secure,omitempty"`
}

// Dialog is a confirmed dialog (RFC 3261 §12). Its methods may be called from
// any goroutine but the dialog's own where they wait for the peer: Bye,
// ReInvite, Request.
type Dialog struct{}

// ID is the dialog's id.
func (d *Dialog) ID() DialogID { return DialogID{} }

// State is a snapshot for storage.
func (d *Dialog) State() DialogState { return DialogState{} }

// Done is closed when the dialog has ended.
func (d *Dialog) Done() <-chan struct{} { return nil }

// SetRewriteContact sends our requests to where the peer's messages come from
// instead of to its Contact.
func (d *Dialog) SetRewriteContact(on bool) {}

// Bye ends the dialog: it waits until RFC 3261 §15 lets a BYE go out (the peer's
// ACK, or 64·T1), sends it and waits for the answer. The dialog has ended in any
// case when it returns.
func (d *Dialog) Bye(ctx context.Context, hs ...Header) error { return errNotYet }

// ReInvite sends an INVITE with that body and waits for its final response; a
// 491 is retried by the rules of RFC 3261 §14.1 until ctx ends. The 2xx is
// acknowledged, unless c is empty and the 2xx has a body: then Ack must be
// called. A response of 300 and more is returned with an error of its kind, and
// the dialog goes on unless it was 408 or 481.
func (d *Dialog) ReInvite(ctx context.Context, c Content, hs ...Header) (*Response, error) {
	return nil, errNotYet
}

// Ack acknowledges a 2xx that held the offer, with the answer.
func (d *Dialog) Ack(c Content) error { return errNotYet }

// Request sends INFO, UPDATE, REFER, NOTIFY, MESSAGE and the like and waits for
// the final response, as Server.Request does.
func (d *Dialog) Request(ctx context.Context, method string, c Content, hs ...Header) (*Response, error) {
	return nil, errNotYet
}
