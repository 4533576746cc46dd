package message

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// maxHeaderLines bounds the headers of one message.
const maxHeaderLines = 256

// MalformedError says what is wrong with a message and which status tells its sender
// so.
type MalformedError struct {
	Status int
	Why    string
	// Unmatched says that nothing is wrong but that CSeq has another method.
	Unmatched bool
}

// Error is the Why.
func (e *MalformedError) Error() string { return e.Why }

func bad(format string, args ...any) *MalformedError {
	return &MalformedError{Status: 400, Why: fmt.Sprintf(format, args...)}
}

var crlf2 = []byte("\r\n\r\n")

// Parse parses one message that came by itself, as a datagram does. After an error the message still holds what
// could be read: a request whose Via is sound can be answered. It is nil when
// there is not even a start line.
func Parse(data []byte) (*Parsed, error) {
	for len(data) >= 2 && data[0] == '\r' && data[1] == '\n' {
		data = data[2:]
	}
	end := bytes.Index(data, crlf2)
	if end < 0 {
		m, first := parseHead(string(data))
		if m == nil {
			return nil, first
		}
		return m.finish(nil, bad("headers without their end"))
	}
	m, first := parseHead(string(data[:end]))
	if m == nil {
		return nil, first
	}
	return m.finish(data[end+4:], first)
}

// finish takes the body and checks the headers; first is what was wrong before.
func (p *Parsed) finish(body []byte, first *MalformedError) (*Parsed, error) {
	if err := p.takeBody(body); first == nil {
		first = err
	}
	if err := p.check(); first == nil {
		first = err
	}
	if first == nil {
		return p, nil
	}
	return p, first
}

// parseHead parses the start line and the header lines. It reads on after a bad
// line, so that a Via further down is found, and returns the first error.
func parseHead(head string) (*Parsed, *MalformedError) {
	line, rest, _ := strings.Cut(head, "\r\n")
	m, first := parseStartLine(line)
	if m == nil {
		return nil, first
	}
	if first == nil && control(line) >= 0 {
		first = bad("control character in the start line")
	}
	m.raw.Headers = make(Headers, 0, 16)
	for rest != "" {
		line, rest, _ = strings.Cut(rest, "\r\n")
		for rest != "" && (rest[0] == ' ' || rest[0] == '\t') { // folded (RFC 3261 §7.3.1)
			var more string
			more, rest, _ = strings.Cut(rest, "\r\n")
			line = trimRight(line) + " " + trimSpace(more)
		}
		if len(m.raw.Headers) == maxHeaderLines {
			return m, bad("more than %d header lines", maxHeaderLines)
		}
		h, err := parseHeaderLine(line)
		if err != nil {
			if first == nil {
				first = err
			}
			continue
		}
		m.raw.Headers = append(m.raw.Headers, h)
	}
	return m, first
}

func parseHeaderLine(line string) (Header, *MalformedError) {
	name, value, ok := strings.Cut(line, ":")
	name = trimRight(name)
	if !ok || !isToken(name) {
		return Header{}, bad("header line without a sound name")
	}
	switch LongName(name) {
	case "From", "To", "Contact": // who somebody is by Call-ID or credentials is nobody else without a part
		value = withoutQuotedNUL(value)
	}
	if control(value) >= 0 {
		return Header{}, bad("control character in header %s", name)
	}
	return Header{Name: LongName(name), Value: trimSpace(value)}, nil
}

func parseStartLine(line string) (*Parsed, *MalformedError) {
	m := &Parsed{maxForwards: -1}
	if len(line) >= 4 && strings.EqualFold(line[:4], "SIP/") {
		return m, m.parseStatusLine(line)
	}
	method, rest, more := strings.Cut(line, " ")
	if !isToken(method) || !more {
		return nil, bad("neither a request line nor a status line")
	}
	m.raw.Method = method
	uri, v, more := strings.Cut(rest, " ")
	if !more || strings.IndexByte(v, ' ') >= 0 {
		return m, bad("request line has not three parts")
	}
	switch {
	case strings.EqualFold(v, version):
	case len(v) > 4 && strings.EqualFold(v[:4], "SIP/"):
		return m, &MalformedError{Status: 505, Why: "version is not SIP/2.0"}
	default:
		return m, bad("request line without a SIP version")
	}
	var err error
	if m.raw.URI, err = ParseURI(uri); err != nil {
		return m, bad("request-uri: %v", err)
	}
	if len(m.raw.URI.Headers) > 0 {
		return m, bad("request-uri with headers")
	}
	return m, nil
}

func (p *Parsed) parseStatusLine(line string) *MalformedError {
	v, rest, _ := strings.Cut(line, " ")
	code, reason, _ := strings.Cut(rest, " ")
	n, err := strconv.ParseUint(code, 10, 16)
	p.raw.Reason = reason
	if err != nil || n < 100 || n > 699 {
		return bad("status code out of range")
	}
	p.raw.Status = int(n)
	if !strings.EqualFold(v, version) {
		return bad("response is not SIP/2.0")
	}
	return nil
}

// contentLength is the Content-Length, or -1 for none. Two of them, equal or
// not, are refused: that is how a second message is smuggled into a body.
func (p *Parsed) contentLength() (int, *MalformedError) {
	switch p.raw.Headers.Count("Content-Length") {
	case 0:
		return -1, nil
	case 1:
		n, err := strconv.ParseUint(p.raw.Headers.Value("Content-Length"), 10, 31)
		if err != nil {
			return -1, bad("bad content-length")
		}
		return int(n), nil
	}
	return -1, bad("more than one content-length")
}

// takeBody takes what Content-Length says, or all there is without one: octets
// after the body are dropped, a body cut short is refused (RFC 3261 §18.3).
func (p *Parsed) takeBody(body []byte) *MalformedError {
	n, err := p.contentLength()
	switch {
	case err != nil:
		return err
	case n < 0:
		n = len(body)
	case n > len(body):
		return bad("body shorter than its content-length")
	}
	if n > 0 {
		p.raw.Body = append([]byte(nil), body[:n]...)
	}
	return nil
}

// single are the headers that a message holds at most once.
var single = []string{"From", "To", "Call-ID", "CSeq", "Max-Forwards"}

// check parses the headers that every message needs (RFC 3261 §8.1.1) and
// refuses a message in which one is missing, doubled or broken.
func (p *Parsed) check() *MalformedError {
	first := p.checkVia()
	note := func(err *MalformedError) {
		if first == nil {
			first = err
		}
	}
	for _, name := range single {
		switch n := p.raw.Headers.Count(name); {
		case n > 1:
			note(bad("more than one %s", name))
		case n == 0 && name != "Max-Forwards":
			note(bad("no %s", name))
		}
	}
	if v, ok := p.raw.Headers.Get("From"); ok {
		var err error
		if p.from, err = ParseAddress(v); err != nil {
			note(bad("from: %v", err))
		}
	}
	if v, ok := p.raw.Headers.Get("To"); ok {
		var err error
		if p.to, err = ParseAddress(v); err != nil {
			note(bad("to: %v", err))
		}
	}
	p.callID = p.raw.Headers.Value("Call-ID")
	if p.callID == "" || strings.IndexByte(p.callID, ' ') >= 0 || strings.IndexByte(p.callID, '\t') >= 0 {
		note(bad("bad call-id"))
	}
	if v, ok := p.raw.Headers.Get("CSeq"); ok {
		var err error
		if p.cseq, p.cseqMethod, err = parseCSeq(v); err != nil {
			note(bad("%v", err))
		} else if p.raw.Method != "" && p.raw.Method != p.cseqMethod {
			note(&MalformedError{Status: 400, Why: "method of the cseq is another than the request's", Unmatched: true})
		}
	}
	note(p.checkNumbers())
	return first
}

func (p *Parsed) checkVia() *MalformedError {
	line, ok := p.raw.Headers.Get("Via")
	if !ok {
		return bad("no via")
	}
	var err error
	if line, err = firstOf(line); err != nil {
		return bad("via: %v", err)
	}
	if p.via, err = ParseVia(line); err != nil {
		return bad("via: %v", err)
	}
	return nil
}

func (p *Parsed) checkNumbers() *MalformedError {
	if v, ok := p.raw.Headers.Get("Max-Forwards"); ok {
		n, err := strconv.ParseUint(v, 10, 8)
		if err != nil {
			return bad("max-forwards out of range")
		}
		p.maxForwards = int(n)
	}
	if v, ok := p.raw.Headers.Get("Expires"); ok && p.raw.Method == "REGISTER" {
		if _, err := strconv.ParseUint(v, 10, 32); err != nil {
			return bad("expires out of range")
		}
	}
	return nil
}
