package message

import (
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

const version = "SIP/2.0"

// Message is what stands on the wire: a start line, header fields, a body. A
// request has a Method and a URI, a response a Status and a Reason.
type Message struct {
	Method  string
	URI     URI
	Status  int
	Reason  string
	Headers Headers
	Body    []byte
}

// Credentials are the headers with credentials, as the ACK for the 2xx to an INVITE repeats
// them (RFC 3261 §22.1).
func (m *Message) Credentials() []Header {
	var out []Header
	for _, h := range m.Headers {
		if h.Name == "Authorization" || h.Name == "Proxy-Authorization" {
			out = append(out, h)
		}
	}
	return out
}

// Encode prints the message, with a Content-Length of its own. It is the one place where text becomes a message:
// nothing with a CR, LF or NUL in a header passes (fault.Invalid).
func (m *Message) Encode() ([]byte, error) {
	b := make([]byte, 0, m.size())
	if m.Method != "" {
		if !isToken(m.Method) {
			return nil, fault.New(fault.Invalid, "method %q is not a token", m.Method)
		}
		b = append(b, m.Method...)
		b = append(b, ' ')
		start := len(b)
		b = m.URI.append(b)
		if err := checkURIText(b[start:]); err != nil {
			return nil, err
		}
		b = append(b, " SIP/2.0\r\n"...)
	} else {
		if err := CheckHeader("Reason-Phrase", m.Reason); err != nil {
			return nil, err
		}
		if m.Status < 100 || m.Status > 699 {
			return nil, fault.New(fault.Invalid, "status %d is no SIP status", m.Status)
		}
		b = append(b, "SIP/2.0 "...)
		b = strconv.AppendInt(b, int64(m.Status), 10)
		b = append(b, ' ')
		b = append(b, m.Reason...)
		b = append(b, "\r\n"...)
	}
	for _, h := range m.Headers {
		if err := CheckHeader(h.Name, h.Value); err != nil {
			return nil, err
		}
		if strings.EqualFold(h.Name, "Content-Length") {
			continue
		}
		b = append(b, h.Name...)
		b = append(b, ": "...)
		b = append(b, h.Value...)
		b = append(b, "\r\n"...)
	}
	b = append(b, "Content-Length: "...)
	b = strconv.AppendInt(b, int64(len(m.Body)), 10)
	b = append(b, "\r\n\r\n"...)
	return append(b, m.Body...), nil
}

// size is what a message needs at the most, but for what a long Request-URI does: to grow
// would cost more than to add up, and what is kept of a response is not to hold more.
func (m *Message) size() int {
	const start, colons, end = 96, len(": \r\n"), len("Content-Length: 65535\r\n\r\n")
	n := start + end + len(m.Body)
	for i := range m.Headers {
		n += len(m.Headers[i].Name) + len(m.Headers[i].Value) + colons
	}
	return n
}

func checkURIText(b []byte) error {
	for _, c := range b {
		if c <= ' ' || c == 0x7f || c == '<' || c == '>' {
			return fault.New(fault.Invalid, "request-uri with character %#02x", c)
		}
	}
	return nil
}
