package sip

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/netip"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

const version = "SIP/2.0"

// message is a request (method set) or a response (status set). A message that
// came in is never changed after its check.
type message struct {
	method  string
	uri     URI
	status  int
	reason  string
	version string
	headers headers
	body    []byte

	// Filled by check, from the headers.
	via         via
	from, to    Address
	callID      string
	cseq        uint32
	cseqMethod  string
	maxForwards int // -1 when absent
}

// encode prints the message. It is the one place where text becomes a message:
// nothing with a CR, LF or NUL in a header passes (fault.Invalid).
func (m *message) encode() ([]byte, error) {
	b := make([]byte, 0, 512+len(m.body))
	if m.method != "" {
		if !isToken(m.method) {
			return nil, fault.New(fault.Invalid, "method %q is not a token", m.method)
		}
		b = append(b, m.method...)
		b = append(b, ' ')
		start := len(b)
		b = m.uri.append(b)
		if err := checkURIText(b[start:]); err != nil {
			return nil, err
		}
		b = append(b, " SIP/2.0\r\n"...)
	} else {
		if err := CheckHeader("Reason-Phrase", m.reason); err != nil {
			return nil, err
		}
		if m.status < 100 || m.status > 699 {
			return nil, fault.New(fault.Invalid, "status %d is no SIP status", m.status)
		}
		b = append(b, "SIP/2.0 "...)
		b = strconv.AppendInt(b, int64(m.status), 10)
		b = append(b, ' ')
		b = append(b, m.reason...)
		b = append(b, "\r\n"...)
	}
	for _, h := range m.headers {
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
	b = strconv.AppendInt(b, int64(len(m.body)), 10)
	b = append(b, "\r\n\r\n"...)
	return append(b, m.body...), nil
}

func checkURIText(b []byte) error {
	for _, c := range b {
		if c <= ' ' || c == 0x7f || c == '<' || c == '>' {
			return fault.New(fault.Invalid, "request-uri with character %#02x", c)
		}
	}
	return nil
}

// The views below are promoted into Request and Response.

// Header is the value of the first header of that name, or "".
func (m *message) Header(name string) string { return m.headers.value(longName(name)) }

// HasHeader reports whether a header of that name is there.
func (m *message) HasHeader(name string) bool { return m.headers.has(longName(name)) }

// Headers is every value of that name, one for each header line, unsplit.
func (m *message) Headers(name string) []string { return m.headers.all(longName(name)) }

// Tokens is every element of a comma-separated header such as Supported or
// Allow, across its lines, without white space.
func (m *message) Tokens(name string) []string { return m.headers.tokens(longName(name)) }

// AllHeaders is a copy of all headers in the order of the wire, long names.
func (m *message) AllHeaders() []Header { return append([]Header(nil), m.headers...) }

// From is the From header.
func (m *message) From() Address { return m.from }

// To is the To header.
func (m *message) To() Address { return m.to }

// CallID is the Call-ID.
func (m *message) CallID() string { return m.callID }

// CSeq is the number and the method of the CSeq header.
func (m *message) CSeq() (uint32, string) { return m.cseq, m.cseqMethod }

// Contacts is every Contact, in order; an error when one cannot be parsed.
func (m *message) Contacts() ([]Address, error) { return m.addresses("Contact") }

// addresses parses every value of an address header.
func (m *message) addresses(name string) ([]Address, error) {
	var out []Address
	for _, v := range m.headers.all(name) {
		as, err := ParseAddressList(v)
		if err != nil {
			return nil, fault.New(fault.Invalid, "header %s: %w", name, err)
		}
		out = append(out, as...)
	}
	return out, nil
}

// Expires is the Expires header in seconds, and whether there is a sound one.
func (m *message) Expires() (int, bool) {
	n, err := strconv.ParseUint(trimSpace(m.headers.value("Expires")), 10, 32)
	return int(n), err == nil
}

// Body is the whole body; do not change it.
func (m *message) Body() []byte { return m.body }

// ContentType is the media type of the body in lower case, without parameters.
func (m *message) ContentType() string {
	t, _, _ := strings.Cut(m.headers.value("Content-Type"), ";")
	return strings.ToLower(trimSpace(t))
}

// maxParts bounds what Part looks through in one multipart body.
const maxParts = 16

// Part is the body of that media type: the whole body, or that part of a
// multipart body (RFC 5621), or nil.
func (m *message) Part(mediaType string) []byte {
	if strings.EqualFold(m.ContentType(), mediaType) {
		return m.body
	}
	if !strings.HasPrefix(m.ContentType(), "multipart/") {
		return nil
	}
	_, params, err := mime.ParseMediaType(m.headers.value("Content-Type"))
	if err != nil || params["boundary"] == "" {
		return nil
	}
	return partOf(m.body, params["boundary"], mediaType)
}

func partOf(body []byte, boundary, mediaType string) []byte {
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	for range maxParts {
		p, err := r.NextRawPart()
		if err != nil {
			return nil
		}
		t, _, _ := strings.Cut(p.Header.Get("Content-Type"), ";")
		if !strings.EqualFold(trimSpace(t), mediaType) {
			continue
		}
		part, err := io.ReadAll(p) // no longer than the message was
		if err != nil {
			return nil
		}
		return part
	}
	return nil
}

// Source says how a message came: over which kind of transport, between which
// addresses, and over which flow an answer of any later time may go back.
type Source struct {
	// Network is "udp", "tcp", "tls", "ws" or "wss".
	Network string
	// Local and Remote are the socket's own addresses, not what the message claims.
	Local  netip.AddrPort
	Remote netip.AddrPort
	Flow   FlowID
}

// Secure reports whether the hop was encrypted.
func (s Source) Secure() bool { return s.Network == "tls" || s.Network == "wss" }

// Request is a received request, read only.
type Request struct {
	message
	source Source
}

// Method is the request's method, as written.
func (r *Request) Method() string { return r.method }

// URI is the Request-URI.
func (r *Request) URI() URI { return r.uri }

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
func (r *Request) Routes() ([]Address, error) { return r.addresses("Route") }

// Response is a received response, read only.
type Response struct {
	message
	source Source
}

// Status is the status code, 100 to 699.
func (r *Response) Status() int { return r.status }

// Reason is the reason phrase as the peer wrote it.
func (r *Response) Reason() string { return r.reason }

// Source is where the response came from.
func (r *Response) Source() Source { return r.source }
