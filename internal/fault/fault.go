// Package fault gives errors a kind, and holds the one table that says what a
// kind means at each edge: HTTP status, SIP status, Q.850 cause. Code that
// branches on an error asks for its kind and never reads its text.
package fault

import (
	"errors"
	"fmt"
)

// Kind is what an error means to whoever asked.
type Kind uint8

// The kinds. Internal is the zero value: an error nobody classified is ours. Invalid is
// a value that cannot be, Malformed a text that cannot be read as what it should be, Looped
// what has been passed on too often.
const (
	Internal Kind = iota
	Invalid
	Unauthorized
	Forbidden
	NotFound
	Conflict
	Full
	Unreachable
	Busy
	NoAnswer
	Declined
	Canceled
	Gone
	TooLarge
	TooMany
	Timeout
	NotAcceptable
	Unsupported
	Unavailable
	Malformed
	Looped
	kinds
)

type edge struct {
	name  string
	http  int
	sip   int
	cause int
}

var table = [kinds]edge{
	Internal:      {"internal", 500, 500, 41},
	Invalid:       {"invalid", 422, 400, 96},
	Unauthorized:  {"unauthorized", 401, 401, 21},
	Forbidden:     {"forbidden", 403, 403, 21},
	NotFound:      {"not_found", 404, 404, 1},
	Conflict:      {"conflict", 409, 491, 41},
	Full:          {"full", 409, 486, 17},
	Unreachable:   {"endpoint_unreachable", 409, 480, 20},
	Busy:          {"busy", 409, 486, 17},
	NoAnswer:      {"no_answer", 409, 480, 19},
	Declined:      {"declined", 409, 603, 21},
	Canceled:      {"canceled", 409, 487, 16},
	Gone:          {"gone", 410, 481, 16},
	TooLarge:      {"too_large", 413, 513, 41},
	TooMany:       {"too_many", 429, 503, 42},
	Timeout:       {"timeout", 504, 408, 102},
	NotAcceptable: {"not_acceptable", 406, 488, 58},
	Unsupported:   {"unsupported", 501, 501, 29},
	Unavailable:   {"unavailable", 503, 503, 34},
	Malformed:     {"malformed", 400, 400, 96},
	Looped:        {"loop", 508, 483, 25},
}

// String is the kind's stable name, the `code` of an API error.
func (k Kind) String() string { return table[k].name }

// HTTPStatus is the kind's HTTP status (RFC 9110).
func (k Kind) HTTPStatus() int { return table[k].http }

// SIPStatus is the kind's SIP response status (RFC 3261 §21).
func (k Kind) SIPStatus() int { return table[k].sip }

// Cause is the kind's Q.850 cause value.
func (k Kind) Cause() int { return table[k].cause }

// Error is an error with a kind. Code, where set, replaces the kind's name in
// API answers ("room_full").
type Error struct {
	Kind Kind
	Code string
	Err  error
}

// Error gives the wrapped text.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap gives the wrapped error.
func (e *Error) Unwrap() error { return e.Err }

// New makes an error of a kind.
func New(k Kind, format string, args ...any) error {
	return &Error{Kind: k, Err: fmt.Errorf(format, args...)}
}

// WithCode makes an error of a kind with a code of its own.
func WithCode(k Kind, code, format string, args ...any) error {
	return &Error{Kind: k, Code: code, Err: fmt.Errorf(format, args...)}
}

// Of is the kind of the outermost Error in err's chain, or Internal.
func Of(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// CodeOf is the code to show for err: its own, or its kind's name.
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) && e.Code != "" {
		return e.Code
	}
	return Of(err).String()
}
