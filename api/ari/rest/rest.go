// Package rest is what every operation of ARI is made of: a request with its parameters, wherever
// they came from, and a response or an error as Asterisk words it. HTTP and requests over a
// WebSocket share it.
//
// It starts no goroutine.
package rest

import (
	"context"
	"fmt"
	"net/http"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Base is what every path begins with, and what stands before the paths of Location.
const Base = "/ari"

// Handler answers one operation. The error is an *Error, or one of a kind of package fault.
type Handler func(ctx context.Context, r *Request) (Response, error)

// Response is what is answered when nothing is wrong.
type Response struct {
	// Status is of HTTP; 0 is 200, or 204 without a body.
	Status int
	// Body is written as JSON; nil is none.
	Body any
	// Location is a path below Base, "/playbacks/7"; empty is none.
	Location string
	// File is sent as it is in place of Body; nil is none.
	File *File
	// Headers are further ones.
	Headers map[string]string
}

// File is a file of the server that is sent.
type File struct {
	Path        string
	ContentType string
}

// OK is 200 with a body.
func OK(body any) (Response, error) { return Response{Status: http.StatusOK, Body: body}, nil }

// NoContent is 204.
func NoContent() (Response, error) { return Response{Status: http.StatusNoContent}, nil }

// Created is 201 with a body, and where to find it below Base.
func Created(location string, body any) (Response, error) {
	return Response{Status: http.StatusCreated, Location: location, Body: body}, nil
}

// Accepted is 202 without a body.
func Accepted() (Response, error) { return Response{Status: http.StatusAccepted}, nil }

// Error is what is answered in the place of a result.
type Error struct {
	Status int
	// Reason stands in the status line, where it is not that of the status.
	Reason  string
	Message string
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

// Fail makes an Error.
func Fail(status int, message string) *Error { return &Error{Status: status, Message: message} }

// Failf is Fail with a format.
func Failf(status int, format string, args ...any) *Error {
	return Fail(status, fmt.Sprintf(format, args...))
}

// FailAs is Fail with a reason phrase of its own.
func FailAs(status int, reason, message string) *Error {
	return &Error{Status: status, Reason: reason, Message: message}
}

// The errors that many operations have.
var (
	ErrChannelNotFound = Fail(http.StatusNotFound, "Channel not found")
	ErrNotInStasis     = Fail(http.StatusConflict, "Channel not in Stasis application")
	ErrInvalidState    = Fail(http.StatusPreconditionFailed, "Channel in invalid state")
	ErrBridgeNotFound  = Fail(http.StatusNotFound, "Bridge not found")
)

// FailureOf is an error as it is answered: an *Error as it stands, any other by its kind.
func FailureOf(err error) *Error {
	switch e := err.(type) { //nolint:errorlint // operations return it as it is
	case nil:
		return nil
	case *Error:
		return e
	}
	kind := fault.Of(err)
	if kind == fault.Internal {
		return Fail(http.StatusInternalServerError, "Internal Server Error")
	}
	return Fail(kind.HTTPStatus(), err.Error())
}

// Phrase is the reason phrase of the status line.
func (e *Error) Phrase() string {
	if e.Reason != "" {
		return e.Reason
	}
	return http.StatusText(e.Status)
}
