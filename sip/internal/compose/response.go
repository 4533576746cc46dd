package compose

import (
	"math/rand/v2"
	"strconv"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

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

// Response begins a response with the headers that RFC 3261 §8.2.6 copies. An empty reason is the
// RFC's. tag is the To tag when the request has none; a 100 gets none. A broken request's
// headers are copied as far as they are there.
func Response(req *message.Request, tag string, status int, reason string) *message.Message {
	out := &message.Message{Status: status, Reason: reason}
	if out.Reason == "" {
		out.Reason = message.ReasonPhrase(status)
	}
	out.Headers = make(message.Headers, 0, 16)
	for _, v := range req.ReturnVias() {
		out.Headers.Add("Via", v)
	}
	for _, name := range [...]string{"From", "To", "Call-ID", "CSeq"} {
		v := req.Header(name)
		if v == "" && !req.HasHeader(name) {
			continue
		}
		if to := req.To(); name == "To" && status != 100 && tag != "" && to.Tag() == "" && !to.URI.IsZero() {
			v = to.WithTag(tag).String()
		}
		out.Headers.Add(name, v)
	}
	if status == 100 && req.HasHeader("Timestamp") {
		out.Headers.Add("Timestamp", req.Header("Timestamp"))
	}
	return out
}

// complete adds what follows the copied headers: the caller's own, and the body.
func (a *Agent) complete(out *message.Message, r Reply) {
	out.Body = r.Body
	if a.UserAgent != "" {
		out.Headers.Add("Server", a.UserAgent)
	}
	out.Headers = join(out.Headers, r.Headers)
	if len(r.Body) > 0 {
		out.Headers.Add("Content-Type", r.ContentType)
	}
}

// Reply encodes a response that makes no dialog.
func (a *Agent) Reply(req *message.Request, tag string, r Reply) ([]byte, error) {
	out := Response(req, tag, r.Status, r.Reason)
	for _, c := range r.Contacts {
		out.Headers.Add("Contact", c.String())
	}
	options := req.Method() == "OPTIONS" && r.Status < 300
	if r.Status == 405 || r.Status == 501 || options {
		out.Headers.Add("Allow", a.Allow)
	}
	if options {
		a.AddCapabilities(out)
	}
	return a.encode(out, r)
}

// DialogReply encodes a response that makes or refreshes a dialog: with our Contact and
// the route that the request recorded (RFC 3261 §12.1.1).
func (a *Agent) DialogReply(req *message.Request, tag string, r Reply, contact message.Address) ([]byte, error) {
	out := Response(req, tag, r.Status, r.Reason)
	for _, v := range req.Headers("Record-Route") {
		out.Headers.Add("Record-Route", v)
	}
	out.Headers.Add("Contact", contact.String())
	out.Headers.Add("Allow", a.Allow)
	if r.Status >= 200 {
		a.AddSupported(out)
	}
	return a.encode(out, r)
}

// Bare encodes a response that says nothing of us but our name.
func (a *Agent) Bare(req *message.Request, tag string, r Reply) ([]byte, error) {
	out := Response(req, tag, r.Status, r.Reason)
	a.complete(out, r)
	return out.Encode()
}

func (a *Agent) encode(out *message.Message, r Reply) ([]byte, error) {
	if err := CheckReply(r); err != nil {
		return nil, err
	}
	a.complete(out, r)
	return out.Encode()
}

// CheckReply says what could not be sent, with fault.Invalid.
func CheckReply(r Reply) error {
	if len(r.Body) > 0 && r.ContentType == "" {
		return fault.New(fault.Invalid, "sip: body without a content type")
	}
	return CheckHeaders(r.Headers)
}

// CheckRange says, with fault.Invalid, that a status is none of those.
func CheckRange(status, lo, hi int) error {
	if status < lo || status > hi {
		return fault.New(fault.Invalid, "sip: status %d is not between %d and %d", status, lo, hi)
	}
	return nil
}

// Soon is a refusal that names 0 to 10 s, at random, to come again after (RFC 3261 §14.2).
func Soon(status int) Reply {
	return Reply{Status: status, Headers: []message.Header{{Name: "Retry-After", Value: strconv.Itoa(rand.N(11))}}}
}
