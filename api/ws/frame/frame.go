// Package frame has what the frames of clients have in common, by the WebSocket and by data
// channels: how they are read, and how the server says what is wrong with one.
//
// It starts no goroutine.
package frame

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// ReplyTo is a frame's id as its client gave it, which comes back as in_reply_to: a string or a
// number.
type ReplyTo = json.RawMessage

// Head is what every frame of a client's has. Members that nobody knows are left aside, so that
// newer clients can talk to older servers.
type Head struct {
	Type string  `json:"type"`
	ID   ReplyTo `json:"id"`
}

const maxID = 64 // bytes

// Read reads a frame into v, of which head is a part. What is wrong with it is fault.Malformed for
// what is no JSON object, else fault.Invalid.
func Read(data []byte, v any, head *Head) error {
	if !utf8.Valid(data) {
		return fault.New(fault.Malformed, "the frame is not UTF-8")
	}
	if err := json.Unmarshal(data, v); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) && wrong.Field != "" {
			field := strings.TrimPrefix(wrong.Field, "Head.") // which is embedded
			return rest.InField(field, fault.New(fault.Invalid, "%s cannot be a %s", field, wrong.Value))
		}
		return fault.New(fault.Malformed, "the frame is no JSON object")
	}
	if head.Type == "" {
		return rest.InField("type", fault.New(fault.Invalid, "a frame has a type"))
	}
	head.ID = bytes.TrimSpace(head.ID)
	switch {
	case len(head.ID) > maxID:
		head.ID = nil
		return rest.InField("id", fault.New(fault.Invalid, "an id of more than %d bytes", maxID))
	case len(head.ID) > 0 && head.ID[0] != '"' && head.ID[0] != '-' && (head.ID[0] < '0' || head.ID[0] > '9'):
		head.ID = nil
		return rest.InField("id", fault.New(fault.Invalid, "an id is a string or a number"))
	}
	return nil
}

// TypeError is the type of a frame that says what is wrong with one of the client's.
const TypeError = "Error"

// Error says what is wrong with a frame of the client's.
type Error struct {
	Code      string  `json:"code"`
	Detail    string  `json:"detail"`
	Field     string  `json:"field,omitempty"`
	State     string  `json:"state,omitempty"`
	TraceID   string  `json:"trace_id,omitempty"`
	InReplyTo ReplyTo `json:"in_reply_to,omitempty"`
}

// ErrorOf says what is wrong, as far as the client may know; the rest is logged.
func ErrorOf(log *slog.Logger, err error, id ReplyTo) Error {
	f := Error{Code: fault.CodeOf(err), Detail: err.Error(), InReplyTo: id}
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
