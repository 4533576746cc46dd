package api

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
	"github.com/google/uuid"

	"github.com/skygenesisenterprise/skybridge/api/limit"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

const problemType = "application/problem+json"

// retryAfter is how many seconds a client should wait that was refused for now, where nobody knows
// better.
const retryAfter = 5

// problem is an error as clients see it (RFC 9457).
type problem struct {
	Type    string       `json:"type" default:"about:blank"`
	Title   string       `json:"title"`
	Status  int          `json:"status"`
	Detail  string       `json:"detail,omitempty"`
	Code    string       `json:"code" doc:"A stable name of what is wrong"`
	TraceID string       `json:"trace_id" doc:"What the log knows the error by"`
	State   string       `json:"state,omitempty" doc:"Of 409: the present state, in which that cannot be done"`
	SIP     *sipStatus   `json:"sip,omitempty" doc:"Why a call failed"`
	Retry   int          `json:"-"`
	Errors  []fieldError `json:"errors,omitempty" doc:"The fields of the request that are wrong"`
}

type sipStatus struct {
	Status int    `json:"status"`
	Reason string `json:"reason"`
}

type fieldError struct {
	Message  string `json:"message"`
	Location string `json:"location,omitempty" doc:"Where in the request: body.participants[0], query.limit"`
}

// Error is the problem's text.
func (p *problem) Error() string { return p.Detail }

// GetStatus is the problem's HTTP status.
func (p *problem) GetStatus() int { return p.Status }

// ContentType makes huma send a problem as one.
func (p *problem) ContentType(string) string { return problemType }

// GetHeaders are the headers that the status asks for (RFC 9110 §10.2.3, §11.6.1).
func (p *problem) GetHeaders() http.Header {
	h := make(http.Header)
	switch p.Status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="skybridge"`)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("Retry-After", strconv.Itoa(cmp.Or(p.Retry, retryAfter)))
	}
	return h
}

func newBody(status int, code, detail string) *problem {
	return &problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail,
		TraceID: uuid.NewString(),
	}
}

// codeOfStatus names what a library refused by its status alone.
func codeOfStatus(status int) string {
	for _, kind := range []fault.Kind{
		fault.Invalid, fault.Unauthorized, fault.Forbidden, fault.NotFound, fault.TooLarge, fault.TooMany,
		fault.Unavailable, fault.Internal,
	} {
		if kind.HTTPStatus() == status {
			return kind.String()
		}
	}
	return strings.ReplaceAll(strings.ToLower(http.StatusText(status)), " ", "_")
}

// newProblem makes huma's own errors (validation, bad JSON) problems of ours.
func newProblem(status int, msg string, errs ...error) huma.StatusError {
	fields := make([]fieldError, 0, len(errs))
	for _, err := range errs {
		if err == nil {
			continue
		}
		e := fieldError{Message: err.Error()}
		var d huma.ErrorDetailer
		if errors.As(err, &d) { // without its value: what was sent is not sent back
			detail := d.ErrorDetail()
			e = fieldError{Message: detail.Message, Location: detail.Location}
		}
		fields = append(fields, e.named())
	}
	if status == http.StatusUnprocessableEntity && tooLong(fields) {
		status, msg = http.StatusRequestEntityTooLarge, "something of the request is too long"
	}
	p := newBody(status, codeOfStatus(status), msg)
	p.Errors = fields
	return p
}

// named is the error at the field that it is about: the library says of a member that is missing
// where it should have been.
func (e fieldError) named() fieldError {
	before, after, _ := strings.Cut(validation.MsgExpectedRequiredProperty, "%s")
	if name, ok := strings.CutPrefix(e.Message, before); ok {
		if name, ok = strings.CutSuffix(name, after); ok {
			e.Location += "." + name
		}
	}
	return e
}

// tooLong reports whether fields are wrong for their length alone.
func tooLong(fields []fieldError) bool {
	for _, e := range fields {
		if !slices.ContainsFunc(lengths, func(message string) bool { return strings.HasPrefix(e.Message, message) }) {
			return false
		}
	}
	return len(fields) > 0
}

// lengths are how the library begins to say that something is too long; it has no other way to
// tell its errors apart.
var lengths = []string{
	beginning(validation.MsgExpectedMaxLength), beginning(validation.MsgExpectedMaxItems), beginning(validation.MsgExpectedMaxProperties),
}

func beginning(message string) string {
	text, _, _ := strings.Cut(message, "%")
	return text
}

// problemOf turns the domain's errors into problems, by their kind.
func problemOf(log *slog.Logger) func(error) error {
	return func(err error) error { return describe(log, err) }
}

func describe(log *slog.Logger, err error) *problem {
	kind := fault.Of(err)
	if kind == fault.Internal && errors.Is(err, context.DeadlineExceeded) {
		kind = fault.Timeout
		err = fault.New(kind, "the request took too long")
	}
	p := newBody(kind.HTTPStatus(), fault.CodeOf(err), err.Error())
	var state *rest.StateError
	if errors.As(err, &state) {
		p.State = state.State
	}
	var exceeded *limit.ExceededError
	if errors.As(err, &exceeded) {
		p.Retry = exceeded.RetryAfter()
	}
	var field *rest.FieldError
	if errors.As(err, &field) {
		p.Errors = []fieldError{{Message: field.Error(), Location: field.Field}}
	}
	switch kind {
	case fault.Internal:
		// What went wrong inside is for the log; the client gets the id to ask with.
		log.Error("request failed", "trace_id", p.TraceID, "err", err)
		p.Detail = "internal error"
	case fault.Unavailable:
		log.Warn("request refused", "trace_id", p.TraceID, "err", err)
	case fault.Unreachable, fault.Busy, fault.Full, fault.NoAnswer, fault.Declined:
		p.SIP = &sipStatus{Status: kind.SIPStatus(), Reason: reasonPhrase(kind.SIPStatus())}
	}
	return p
}

// reasonPhrase is what SIP says with a status (RFC 3261 §21).
func reasonPhrase(status int) string {
	switch status {
	case 480:
		return "Temporarily Unavailable"
	case 486:
		return "Busy Here"
	case 603:
		return "Decline"
	default:
		return "Server Internal Error"
	}
}
