package siptest

import (
	"fmt"
	"strings"

	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Line is one header line of a Call's request that differs from the usual one:
// "Name: value" replaces every line of that name or is added, "-Name" takes them
// away.
type Line = string

// Call is a dialog, or what is to become one, from a Peer's side: it writes
// requests as a caller does. The zero values are filled by NewCall; a test may
// change any of them.
type Call struct {
	Peer     *Peer
	URI      string // Request-URI
	From, To string // without tags
	FromTag  string
	ToTag    string
	ID       string // Call-ID
	Seq      int
	Branch   string // of the last request
	Route    []string
}

// NewCall makes a call from the peer to a URI.
func (p *Peer) NewCall(uri string) *Call {
	return &Call{
		Peer: p, URI: uri, From: "<" + message.URI{Scheme: "sip", User: "peer", Host: p.local.Addr().String()}.String() + ">", To: "<" + uri + ">",
		FromTag: ID("f"), ID: ID("call") + "@siptest",
	}
}

// Request is the next request of the call, with a new CSeq and branch.
func (c *Call) Request(method, body string, lines ...Line) string {
	c.Seq++
	c.Branch = ID("z9hG4bKpeer")
	return c.Again(method, body, lines...)
}

// Again is a request with the CSeq and branch of the one before: an ACK for a
// refusal, a CANCEL.
func (c *Call) Again(method, body string, lines ...Line) string {
	to := c.To
	if c.ToTag != "" {
		to += ";tag=" + c.ToTag
	}
	all := []string{
		fmt.Sprintf("Via: SIP/2.0/%s %s;branch=%s;rport", strings.ToUpper(c.Peer.network), c.Peer.local, c.Branch),
		"Max-Forwards: 70",
		"From: " + c.From + ";tag=" + c.FromTag,
		"To: " + to,
		"Call-ID: " + c.ID,
		fmt.Sprintf("CSeq: %d %s", c.Seq, method),
	}
	for _, r := range c.Route {
		all = append(all, "Route: "+r)
	}
	if method != "CANCEL" && method != "BYE" && method != "ACK" {
		all = append(all, c.Peer.Contact())
	}
	if body != "" {
		all = append(all, "Content-Type: application/sdp")
	}
	all = append(all, fmt.Sprintf("Content-Length: %d", len(body)))
	for _, l := range lines {
		all = replace(all, l)
	}
	return method + " " + c.URI + " SIP/2.0\r\n" + strings.Join(all, "\r\n") + "\r\n\r\n" + body
}

func replace(all []string, line Line) []string {
	name, _, _ := strings.Cut(strings.TrimPrefix(line, "-"), ":")
	var out []string
	done := strings.HasPrefix(line, "-")
	for _, l := range all {
		n, _, _ := strings.Cut(l, ":")
		if !strings.EqualFold(n, name) {
			out = append(out, l)
			continue
		}
		if !done {
			out, done = append(out, line), true
		}
	}
	if !done {
		out = append(out, line)
	}
	return out
}

// Send sends the next request.
func (c *Call) Send(method, body string, lines ...Line) {
	c.Peer.t.Helper()
	c.Peer.Send(c.Request(method, body, lines...))
}

// Take takes the tag, Contact and route of a response that makes the dialog.
func (c *Call) Take(m *Message) {
	c.ToTag = m.Tag("To")
	if uri := m.URI("Contact"); uri != "" {
		c.URI = uri
	}
}

// Ack acknowledges a 2xx to the last INVITE.
func (c *Call) Ack(body string) {
	c.Peer.t.Helper()
	c.Branch = ID("z9hG4bKpeer")
	c.Peer.Send(c.Again("ACK", body))
}

// Answered sends an INVITE, waits for its 2xx and acknowledges it.
func (c *Call) Answered(body string, lines ...Line) *Message {
	c.Peer.t.Helper()
	c.Send("INVITE", body, lines...)
	m := c.Peer.Skip("SIP/2.0 200")
	c.Take(m)
	c.Ack("")
	return m
}
