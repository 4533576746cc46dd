package ws

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/skygenesisenterprise/skybridge/api/voip/layout"
	"github.com/skygenesisenterprise/skybridge/api/voip/mailbox"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
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
	typeError    = "Error"
)

// clientFrame is a frame of a client's; what a type has not is left out. Members that nobody
// knows are left aside, so that newer clients can talk to older servers.
type clientFrame struct {
	Type string `json:"type"`
	// ID comes back as in_reply_to: a string or a number.
	ID      json.RawMessage `json:"id"`
	Token   string          `json:"token"`
	Channel string          `json:"channel"`
	Session string          `json:"session"`
	After   uint64          `json:"after"`
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

const maxID = 64 // bytes

// read reads a frame. What is wrong with it is fault.Malformed for what is no JSON object, else
// fault.Invalid.
func (f *clientFrame) read(data []byte) error {
	if !utf8.Valid(data) {
		return fault.New(fault.Malformed, "the frame is not UTF-8")
	}
	if err := json.Unmarshal(data, f); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) && wrong.Field != "" {
			return inField(wrong.Field, fault.New(fault.Invalid, "%s cannot be a %s", wrong.Field, wrong.Value))
		}
		return fault.New(fault.Malformed, "the frame is no JSON object")
	}
	if f.Type == "" {
		return inField("type", fault.New(fault.Invalid, "a frame has a type"))
	}
	f.ID = bytes.TrimSpace(f.ID)
	switch {
	case len(f.ID) > maxID:
		f.ID = nil
		return inField("id", fault.New(fault.Invalid, "an id of more than %d bytes", maxID))
	case len(f.ID) > 0 && f.ID[0] != '"' && f.ID[0] != '-' && (f.ID[0] < '0' || f.ID[0] > '9'):
		f.ID = nil
		return inField("id", fault.New(fault.Invalid, "an id is a string or a number"))
	}
	return nil
}

// errorFrame says what is wrong with a frame of the client's.
type errorFrame struct {
	Code      string  `json:"code"`
	Detail    string  `json:"detail"`
	Field     string  `json:"field,omitempty"`
	State     string  `json:"state,omitempty"`
	TraceID   string  `json:"trace_id,omitempty"`
	InReplyTo replyTo `json:"in_reply_to,omitempty"`
}

func errorOf(log *slog.Logger, err error, id replyTo) errorFrame {
	f := errorFrame{Code: fault.CodeOf(err), Detail: err.Error(), InReplyTo: id}
	var field *rest.FieldError
	if errors.As(err, &field) {
		f.Field = strings.TrimPrefix(field.Field, "body.") // as a POST has it
	}
	var state *rest.StateError
	if errors.As(err, &state) {
		f.State = state.State
	}
	if fault.Of(err) == fault.Internal { // what went wrong inside is for the log
		f.TraceID, f.Detail = uuid.NewString(), "internal error"
		log.Error("frame not answered", "trace_id", f.TraceID, "err", err)
	}
	return f
}

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
