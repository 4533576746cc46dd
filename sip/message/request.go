package message

import "github.com/skygenesisenterprise/skybridge/internal/fault"

// Request is a received request, read only.
type Request struct {
	*Parsed
	source Source
}

// NewRequest is a parsed request and where it came from.
func NewRequest(p *Parsed, from Source) *Request { return &Request{p, from} }

// Method is the request's method, as written.
func (r *Request) Method() string { return r.raw.Method }

// URI is the Request-URI.
func (r *Request) URI() URI { return r.raw.URI }

// Source is where the request came from.
func (r *Request) Source() Source { return r.source }

// MaxForwards is the Max-Forwards header, or 70 when there is none. Who passes
// a call on sends one less.
func (r *Request) MaxForwards() int {
	if r.maxForwards < 0 {
		return 70
	}
	return r.maxForwards
}

// Routes is the Route header's addresses.
func (r *Request) Routes() ([]Address, error) { return r.Addresses("Route") }

// ReturnVias are the Via lines of a response to the request: its own, the first
// with where it really came from (RFC 3261 §8.2.6.2, §18.2.1, RFC 3581 §4).
func (r *Request) ReturnVias() []string {
	lines := r.raw.Headers.All("Via")
	if len(lines) > 0 {
		lines[0] = receivedVia(lines[0], r.via, r.source.Remote)
	}
	return lines
}

// Response is a received response, read only.
type Response struct {
	*Parsed
	source Source
}

// NewResponse is a parsed response and where it came from.
func NewResponse(p *Parsed, from Source) *Response { return &Response{p, from} }

// Status is the status code, 100 to 699.
func (r *Response) Status() int { return r.raw.Status }

// Reason is the reason phrase as the peer wrote it.
func (r *Response) Reason() string { return r.raw.Reason }

// Source is where the response came from.
func (r *Response) Source() Source { return r.source }

// Err is nil for a status under 300, else a StatusError inside a fault.Error of
// KindOf(Status).
func (r *Response) Err() error {
	if r.raw.Status < 300 {
		return nil
	}
	return &fault.Error{Kind: KindOf(r.raw.Status), Err: &StatusError{r.raw.Status, r.raw.Reason}}
}
