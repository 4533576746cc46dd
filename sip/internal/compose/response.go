package compose

import "github.com/skygenesisenterprise/skybridge/sip/message"

// Response begins a response with the headers that RFC 3261 §8.2.6 copies; Complete ends
// it. An empty reason is the RFC's. tag is
// the To tag when the request has none; a 100 gets none. A broken request's
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
		if !req.HasHeader(name) {
			continue
		}
		v := req.Header(name)
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

// Complete adds what follows the copied headers: the caller's own, and the body.
func (a *Agent) Complete(out *message.Message, headers []message.Header, contentType string, body []byte) {
	out.Body = body
	if a.UserAgent != "" {
		out.Headers.Add("Server", a.UserAgent)
	}
	out.Headers = append(out.Headers, headers...)
	if len(body) > 0 {
		out.Headers.Add("Content-Type", contentType)
	}
}
