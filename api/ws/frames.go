package ws

import (
	"encoding/json"

	"github.com/skygenesisenterprise/skybridge/api/voip/layout"
	"github.com/skygenesisenterprise/skybridge/api/voip/mailbox"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/api/ws/frame"
)

// The types of frames: first those of clients, then the server's.
const (
	typeAuth           = "Auth"
	typeSubscribe      = "Subscribe"
	typeUnsubscribe    = "Unsubscribe"
	typeResume         = "Resume"
	typePresenceUpdate = "PresenceUpdate" // the server's answer to it too
	// TypeSignaling is the server's too.
	TypeSignaling = "Signaling"
	typeLayout    = "Layout"

	typeWelcome      = "Welcome"
	typeRenewed      = "Renewed"
	typeSubscribed   = "Subscribed"
	typeUnsubscribed = "Unsubscribed"
	typeResumed      = "Resumed"
	typeGap          = "Gap"
	// TypeCall shows a call.
	TypeCall     = "Call"
	typeWaiting  = "MessagesWaiting"
	typePresence = "Presence"
	typeSent     = "Sent"
	typeArranged = "Arranged"
)

// clientFrame is a frame of a client's; what a type has not is left out.
type clientFrame struct {
	frame.Head
	Token   string `json:"token"`
	Channel string `json:"channel"`
	Session string `json:"session"`
	After   uint64 `json:"after"`
	// Of PresenceUpdate.
	UserID        string `json:"user_id"`
	Status        string `json:"status"`
	StatusMessage string `json:"status_message"`
	// Of Message.
	To   string `json:"to"`
	Body string `json:"body"`
	// Of Signaling.
	CallID      string          `json:"call_id"`
	ToUser      string          `json:"to_user"`
	MessageType string          `json:"message_type"`
	Payload     json.RawMessage `json:"payload"`
	// Of Layout, with CallID.
	Layout layout.Body `json:"layout"`
}

func (f *clientFrame) read(data []byte) error { return frame.Read(data, f, &f.Head) }

func inField(field string, err error) error { return rest.InField(field, err) }

// welcome begins a session.
type welcome struct {
	Session string `json:"session"`
	UserID  string `json:"user_id"`
	// ResumeSeconds is how long the session is kept after its connection broke.
	ResumeSeconds int `json:"resume_seconds"`
	// MaxFrame is the largest frame that is taken, in bytes.
	MaxFrame int `json:"max_frame_bytes"`
}

// subscribed answers Subscribe and Unsubscribe.
type subscribed struct {
	Channel   string  `json:"channel"`
	InReplyTo replyTo `json:"in_reply_to,omitempty"`
}

// arranged answers Layout.
type arranged struct {
	CallID    string  `json:"call_id"`
	InReplyTo replyTo `json:"in_reply_to,omitempty"`
}

// resumed answers Resume, after what was missed.
type resumed struct {
	Session   string  `json:"session"`
	Replayed  uint64  `json:"replayed"`
	InReplyTo replyTo `json:"in_reply_to,omitempty"`
}

// gap answers Resume where not all that was missed is there any more.
type gap struct {
	// Session is the one that goes on: the one that was asked for, with its subscriptions, or,
	// where that is gone, the connection's own.
	Session   string  `json:"session"`
	Resumed   bool    `json:"resumed"`
	InReplyTo replyTo `json:"in_reply_to,omitempty"`
}

// sent answers Signaling.
type sent struct {
	CallID    string              `json:"call_id"`
	Message   mailbox.MessageBody `json:"message"`
	InReplyTo replyTo             `json:"in_reply_to,omitempty"`
}

// CallFrame shows a call.
type CallFrame struct {
	Event  string `json:"event"`
	CallID string `json:"call_id"`
	Call   any    `json:"call"`
}
