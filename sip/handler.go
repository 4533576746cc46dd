package sip

import "github.com/skygenesisenterprise/skybridge/sip/message"

// Handler is what the layer above does with what comes in. Each call runs on a
// goroutine of its own; a panic ends that request with 500 and a log line.
type Handler interface {
	// OnInvite takes an INVITE that would make a new dialog. It may return
	// before the call is answered.
	OnInvite(*IncomingInvite)
	// OnRequest takes every other request outside a dialog: REGISTER, OPTIONS,
	// MESSAGE, SUBSCRIBE, PUBLISH, NOTIFY, REFER, INFO.
	OnRequest(*IncomingRequest)
}

// FlowHandler may be implemented by a Handler that wants to know when a
// connection has ended, to forget the bindings that were made over it.
// OnFlowClosed runs on the connection's own goroutine and must not block.
type FlowHandler interface {
	OnFlowClosed(message.FlowID)
}

// DialogHandler is what the layer above does with what happens in a dialog. The
// calls of one dialog come one after the other, in the order of their CSeq, on
// the dialog's own goroutine; they must not block, and in particular must not
// wait for a request of ours in the same dialog. Answers may be given later and
// from anywhere. A panic ends the dialog with BYE and a log line.
type DialogHandler interface {
	// OnAck takes the first ACK for a 2xx of ours. Its body is the answer when
	// our 2xx held the offer.
	OnAck(*message.Request)
	// OnReInvite takes an INVITE inside the dialog.
	OnReInvite(*ReInvite)
	// OnRequest takes every other request inside the dialog but BYE: INFO,
	// UPDATE, REFER, NOTIFY, SUBSCRIBE, MESSAGE, OPTIONS.
	OnRequest(*InDialogRequest)
	// OnEnd comes once and last.
	OnEnd(End)
}

// EndCause says why a dialog ended.
type EndCause uint8

// The causes of an end.
const (
	EndLocal   EndCause = iota // we said BYE
	EndRemote                  // the peer said BYE
	EndNoAck                   // our 2xx was never acknowledged; we said BYE
	EndTimeout                 // the peer does not answer requests any more (408 or nothing)
	EndUnknown                 // the peer does not know the dialog any more (481)
	EndPanic                   // a handler panicked; we said BYE
	EndClosed                  // the server closed
)

var endNames = [...]string{"local", "remote", "no ack", "timeout", "unknown to peer", "panic", "closed"}

// String is the cause in a word or two, for logs.
func (c EndCause) String() string { return endNames[c] }

// End is how a dialog ended.
type End struct {
	Cause EndCause
	// Request is the peer's BYE with EndRemote, else nil; its Reason header may
	// hold a Q.850 cause (RFC 3326).
	Request *message.Request
	// Err tells more with EndNoAck, EndTimeout, EndUnknown and EndPanic.
	Err error
}

// InviteHandler follows an INVITE of ours. The calls come one after the other on
// the call's own goroutine and must not block.
type InviteHandler interface {
	// OnProvisional takes a 101 to 199. To().Tag() tells forks apart.
	OnProvisional(*message.Response)
	// OnAnswer takes the first 2xx and gives the handler for the dialog. The
	// ACK is already sent, unless the INVITE had no body and the 2xx has one:
	// then Dialog.Ack must be called with the answer. The 2xx of further forks
	// are acknowledged and ended without a word.
	OnAnswer(*Dialog, *message.Response) DialogHandler
	// OnFail takes the final response that is no 2xx, or nil with what else
	// went wrong. The error's kind is that of the status. After Cancel it is
	// fault.Canceled, but fault.Timeout when nothing ever came back: a CANCEL
	// waits for a provisional response (RFC 3261 §9.1). It is the last call.
	OnFail(*message.Response, error)
}

// Reply is a response of ours. The stack adds every header of its own: Via, To
// tag, Contact, Record-Route, Allow, Content-Length.
type Reply struct {
	// Status is the code; 0 means 200, or 180 for a provisional reply.
	Status int
	// Reason is the phrase; "" takes the RFC's.
	Reason string
	// Headers are added as they are; the stack's own names are refused.
	Headers []message.Header
	// Contacts are the Contact of a 3xx or of a 200 to REGISTER. Replies that
	// make or refresh a dialog have the stack's Contact instead.
	Contacts    []message.Address
	ContentType string
	Body        []byte
}

// Content is a body and its media type.
type Content struct {
	Type string
	Body []byte
}

// Credential answers digest challenges of one realm (RFC 3261 §22, RFC 8760).
type Credential struct {
	// Realm must be that of the challenge. "*" answers any realm: only for a
	// peer that is trusted with a digest of the password.
	Realm    string
	Username string
	Password string
}

// Outbound is a request of ours that begins a dialog or stands alone.
type Outbound struct {
	// Method is the method of Server.Request; Server.Invite ignores it.
	Method string
	// Target is the Request-URI.
	Target message.URI
	// NextHop is where to send it without a Route header (an outbound proxy);
	// zero goes by Route, then by Target.
	NextHop message.URI
	// Route is a preloaded route set (RFC 3261 §12.2.1.1).
	Route []message.Address
	// From is our own address and To the peer's; tags are the stack's own. A
	// zero To takes Target.
	From, To message.Address
	// Contacts replace the stack's Contact; a REGISTER without any asks for the
	// bindings. INVITE and SUBSCRIBE ignore them.
	Contacts []message.Address
	// ContactUser is the user part of the stack's own Contact.
	ContactUser string
	// Flow sends over that flow and nowhere else.
	Flow message.FlowID
	// Transport overrides the URI's: "udp", "tcp" or "tls".
	Transport string
	// Credentials answer 401 and 407; without a matching one the challenge is
	// the final response.
	Credentials []Credential
	// Headers are added as they are; the stack's own names are refused.
	Headers     []message.Header
	ContentType string
	Body        []byte
	// MaxForwards is one less than that of the call that is passed on; 0 means 70.
	MaxForwards int
	// CallID and CSeq continue a series, as re-registrations do (RFC 3261
	// §10.2.4); zero makes new ones.
	CallID string
	CSeq   uint32
	// RewriteContact sends requests inside the dialog to where the peer's
	// messages come from instead of to its Contact, as NATed phones need.
	RewriteContact bool
}
