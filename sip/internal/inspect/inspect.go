// Package inspect checks what holds for every request before it goes anywhere, in a dialog
// or not (RFC 3261 §8.2): a method, a scheme, an extension or a body that this end cannot
// take, and hops that have run out.
//
// It starts no goroutine and sends nothing.
package inspect

import (
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Methods are what the stack can carry; anything else gets 501.
var Methods = []string{
	"INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "REGISTER", "INFO", "UPDATE", "PRACK",
	"REFER", "NOTIFY", "SUBSCRIBE", "MESSAGE", "PUBLISH",
}

// Known reports whether a method is one of Methods.
func Known(method string) bool { return slices.Contains(Methods, method) }

// Rules are what this end takes.
type Rules struct {
	// Extensions are option tags that a request may require, Accept the media types of a
	// call's body.
	Extensions, Accept []string
}

// Refusal is how a request is refused; the zero Refusal lets it pass.
type Refusal struct {
	Status  int
	Headers []message.Header
}

func refuse(status int, name, value string) Refusal {
	return Refusal{Status: status, Headers: []message.Header{{Name: name, Value: value}}}
}

// Request checks one request.
func (r *Rules) Request(req *message.Request) Refusal {
	if !Known(req.Method()) {
		return Refusal{Status: 501}
	}
	switch req.URI().Scheme {
	case "sip", "sips", "tel":
	default:
		return Refusal{Status: 416}
	}
	if req.MaxForwards() == 0 && (req.Method() == "INVITE" || req.Method() == "MESSAGE") {
		return Refusal{Status: 483} // these go on to someone else
	}
	if unknown := r.unsupported(req); len(unknown) > 0 {
		return refuse(420, "Unsupported", strings.Join(unknown, ", "))
	}
	if len(req.Body()) > 0 {
		switch req.Method() {
		case "INVITE", "UPDATE", "PRACK":
			return r.body(req)
		}
	}
	return Refusal{}
}

// registering are what REGISTER may require beside that: the registrar knows.
var registering = []string{"path", "outbound", "gruu"}

func (r *Rules) unsupported(req *message.Request) []string {
	var out []string
	for _, tag := range req.Tokens("Require") {
		if !containsFold(r.Extensions, tag) && !(req.Method() == "REGISTER" && containsFold(registering, tag)) {
			out = append(out, tag)
		}
	}
	return out
}

// body refuses a body that nobody could read (RFC 3261 §8.2.3). One that its sender
// calls optional is let through, to be ignored.
func (r *Rules) body(req *message.Request) Refusal {
	if enc := req.Tokens("Content-Encoding"); len(enc) > 0 && !containsFold(enc, "identity") {
		return refuse(415, "Accept-Encoding", "identity")
	}
	if !containsFold(r.Accept, req.ContentType()) &&
		!strings.Contains(strings.ToLower(req.Header("Content-Disposition")), "handling=optional") {
		return refuse(415, "Accept", strings.Join(r.Accept, ", "))
	}
	return Refusal{}
}

// AcceptsOurs says whether the peer would read a body of ours (RFC 3261 §20.1).
func (r *Rules) AcceptsOurs(req *message.Request) bool {
	if !req.HasHeader("Accept") {
		return true
	}
	for _, t := range req.Tokens("Accept") {
		t, _, _ = strings.Cut(strings.ToLower(t), ";")
		t = strings.TrimSpace(t)
		if t == "*/*" || t == "application/*" || containsFold(r.Accept, t) {
			return true
		}
	}
	return false
}

// Forgettable tells whether a request may be answered without being remembered: one
// that changes nothing, or that most likely gets a challenge. Whoever sends many of
// them does not keep others from calling.
func Forgettable(req *message.Request) bool {
	return req.Method() == "OPTIONS" || req.Method() == "REGISTER" && !req.HasHeader("Authorization")
}

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(e string) bool { return strings.EqualFold(e, s) })
}
