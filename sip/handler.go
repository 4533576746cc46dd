package sip

import (
	"github.com/skygenesisenterprise/skybridge/sip/internal/client"
	"github.com/skygenesisenterprise/skybridge/sip/internal/compose"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

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

// Reply is a response of ours.
type Reply = compose.Reply

// Content is a body and its media type.
type Content struct {
	Type string
	Body []byte
}

// Credential answers digest challenges of one realm (RFC 3261 §22, RFC 8760).
type Credential = client.Credential

// Outbound is a request of ours that begins a dialog or stands alone.
type Outbound = client.Outbound
