package api

import (
	"log/slog"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

const problemType = "application/problem+json"

// problem is an error as clients see it (RFC 9457).
type problem struct {
	Type    string       `json:"type" default:"about:blank"`
	Title   string       `json:"title"`
	Status  int          `json:"status"`
	Detail  string       `json:"detail,omitempty"`
	Code    string       `json:"code" doc:"A stable name of what is wrong"`
	TraceID string       `json:"trace_id"`
	SIP     *sipStatus   `json:"sip,omitempty"`
	Errors  []fieldError `json:"errors,omitempty"`
}

type sipStatus struct {
	Status int    `json:"status"`
	Reason string `json:"reason"`
}

type fieldError struct {
	Message  string `json:"message"`
	Location string `json:"location,omitempty"`
	Value    any    `json:"value,omitempty"`
}

// Error is the problem's text.
func (p *problem) Error() string { return p.Detail }

// GetStatus is the problem's HTTP status.
func (p *problem) GetStatus() int { return p.Status }

// ContentType makes huma send a problem as one.
func (p *problem) ContentType(string) string { return problemType }

func newBody(status int, code, detail string) *problem {
	return &problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail,
		TraceID: uuid.NewString(),
	}
}

// newProblem makes huma's own errors (validation, bad JSON) problems of ours.
func newProblem(status int, msg string, errs ...error) huma.StatusError {
	p := newBody(status, strings.ReplaceAll(strings.ToLower(http.StatusText(status)), " ", "_"), msg)
	if status == http.StatusUnprocessableEntity {
		p.Code = fault.Invalid.String()
	}
	for _, err := range errs {
		if err == nil {
			continue
		}
		e := fieldError{Message: err.Error()}
		if d, ok := err.(huma.ErrorDetailer); ok { //nolint:errorlint // huma passes its own type unwrapped
			detail := d.ErrorDetail()
			e = fieldError{Message: detail.Message, Location: detail.Location}
		}
		p.Errors = append(p.Errors, e)
	}
	return p
}

// problemOf turns the domain's errors into problems, by their kind.
func problemOf(log *slog.Logger) func(error) error {
	return func(err error) error { return describe(log, err) }
}

func describe(log *slog.Logger, err error) *problem {
	kind := fault.Of(err)
	p := newBody(kind.HTTPStatus(), fault.CodeOf(err), err.Error())
	switch kind {
	case fault.Internal:
		// What went wrong inside is for the log; the client gets the id to ask with.
		log.Error("request failed", "trace_id", p.TraceID, "err", err)
		p.Detail = "internal error"
	case fault.Unreachable, fault.Busy, fault.NoAnswer, fault.Declined:
		p.SIP = &sipStatus{Status: kind.SIPStatus(), Reason: strings.ReplaceAll(kind.String(), "_", " ")}
	}
	return p
}
