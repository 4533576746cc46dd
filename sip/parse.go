package sip

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// maxHeaderLines bounds the headers of one message.
const maxHeaderLines = 256

// malformed says what is wrong with a message and which status tells a peer so.
type malformed struct {
	status int
	why    string
}

func (e *malformed) Error() string { return e.why }

func bad(format string, args ...any) *malformed {
	return &malformed{status: 400, why: fmt.Sprintf(format, args...)}
}

var crlf2 = []byte("\r\n\r\n")

// parseMessage parses one datagram. After an error the message still holds what
// could be read: a request whose Via is sound can be answered. It is nil when
// there is not even a start line.
func parseMessage(data []byte) (*message, error) {
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
func (m *message) finish(body []byte, first *malformed) (*message, error) {
	if err := m.takeBody(body); first == nil {
		first = err
	}
	if err := m.check(); first == nil {
		first = err
	}
	if first == nil {
		return m, nil
	}
	return m, first
}

// parseHead parses the start line and the header lines. It reads on after a bad
// line, so that a Via further down is found, and returns the first error.
func parseHead(head string) (*message, *malformed) {
	line, rest, _ := strings.Cut(head, "\r\n")
	m, first := parseStartLine(line)
	if m == nil {
		return nil, first
	}
	if strings.ContainsAny(line, "\r\n\x00") && first == nil {
		first = bad("control character in the start line")
	}
	m.headers = make(headers, 0, 16)
	for rest != "" {
		line, rest, _ = strings.Cut(rest, "\r\n")
		for rest != "" && (rest[0] == ' ' || rest[0] == '\t') { // folded (RFC 3261 §7.3.1)
			var more string
			more, rest, _ = strings.Cut(rest, "\r\n")
			line = strings.TrimRight(line, " \t") + " " + trimSpace(more)
		}
		if len(m.headers) == maxHeaderLines {
			return m, bad("more than %d header lines", maxHeaderLines)
		}
		h, err := parseHeaderLine(line)
		if err != nil {
			if first == nil {
				first = err
			}
			continue
		}
		m.headers = append(m.headers, h)
	}
	return m, first
}

func parseHeaderLine(line string) (Header, *malformed) {
	name, value, ok := strings.Cut(line, ":")
	name = strings.TrimRight(name, " \t")
	if !ok || !isToken(name) {
		return Header{}, bad("header line without a sound name")
	}
	if strings.ContainsAny(value, "\r\n\x00") {
		return Header{}, bad("control character in header %s", name)
	}
	return Header{Name: longName(name), Value: trimSpace(value)}, nil
}

func parseStartLine(line string) (*message, *malformed) {
	m := &message{maxForwards: -1}
	if len(line) >= 4 && strings.EqualFold(line[:4], "SIP/") {
		return m, m.parseStatusLine(line)
	}
	parts := strings.Split(line, " ")
	if !isToken(parts[0]) || len(parts) < 2 {
		return nil, bad("neither a request line nor a status line")
	}
	m.method = parts[0]
	if len(parts) != 3 {
		m.version = version
		return m, bad("request line has not three parts")
	}
	m.version = parts[2]
	switch {
	case strings.EqualFold(m.version, version):
	case len(m.version) > 4 && strings.EqualFold(m.version[:4], "SIP/"):
		return m, &malformed{status: 505, why: "version is not SIP/2.0"}
	default:
		return m, bad("request line without a SIP version")
	}
	var err error
	if m.uri, err = ParseURI(parts[1]); err != nil {
		return m, bad("request-uri: %v", err)
	}
	if len(m.uri.Headers) > 0 {
		return m, bad("request-uri with headers")
	}
	return m, nil
}

func (m *message) parseStatusLine(line string) *malformed {
	v, rest, _ := strings.Cut(line, " ")
	code, reason, _ := strings.Cut(rest, " ")
	n, err := strconv.ParseUint(code, 10, 16)
	m.version, m.reason = v, reason
	if err != nil || n < 100 || n > 699 {
		return bad("status code out of range")
	}
	m.status = int(n)
	if !strings.EqualFold(v, version) {
		return bad("response is not SIP/2.0")
	}
	return nil
}

// contentLength is the Content-Length, or -1 for none. Two of them, equal or
// not, are refused: that is how a second message is smuggled into a body.
func (m *message) contentLength() (int, *malformed) {
	values := m.headers.all("Content-Length")
	switch len(values) {
	case 0:
		return -1, nil
	case 1:
		n, err := strconv.ParseUint(values[0], 10, 31)
		if err != nil {
			return -1, bad("bad content-length")
		}
		return int(n), nil
	}
	return -1, bad("more than one content-length")
}

// takeBody takes what Content-Length says, or all there is without one: octets
// after the body are dropped, a body cut short is refused (RFC 3261 §18.3).
func (m *message) takeBody(body []byte) *malformed {
	n, err := m.contentLength()
	switch {
	case err != nil:
		return err
	case n < 0:
		n = len(body)
	case n > len(body):
		return bad("body shorter than its content-length")
	}
	if n > 0 {
		m.body = append([]byte(nil), body[:n]...)
	}
	return nil
}

// single are the headers that a message holds at most once.
var single = []string{"From", "To", "Call-ID", "CSeq", "Max-Forwards"}

// check parses the headers that every message needs (RFC 3261 §8.1.1) and
// refuses a message in which one is missing, doubled or broken.
func (m *message) check() *malformed {
	first := m.checkVia()
	note := func(err *malformed) {
		if first == nil {
			first = err
		}
	}
	for _, name := range single {
		switch n := m.headers.count(name); {
		case n > 1:
			note(bad("more than one %s", name))
		case n == 0 && name != "Max-Forwards":
			note(bad("no %s", name))
		}
	}
	if v, ok := m.headers.get("From"); ok {
		var err error
		if m.from, err = ParseAddress(v); err != nil {
			note(bad("from: %v", err))
		}
	}
	if v, ok := m.headers.get("To"); ok {
		var err error
		if m.to, err = ParseAddress(v); err != nil {
			note(bad("to: %v", err))
		}
	}
	m.callID = m.headers.value("Call-ID")
	if m.callID == "" || strings.ContainsAny(m.callID, " \t") {
		note(bad("bad call-id"))
	}
	if v, ok := m.headers.get("CSeq"); ok {
		var err error
		if m.cseq, m.cseqMethod, err = parseCSeq(v); err != nil {
			note(bad("%v", err))
		} else if m.method != "" && m.method != m.cseqMethod {
			note(bad("method of the cseq is another than the request's"))
		}
	}
	note(m.checkNumbers())
	return first
}

func (m *message) checkVia() *malformed {
	line, ok := m.headers.get("Via")
	if !ok {
		return bad("no via")
	}
	parts, err := splitList(line)
	if err != nil {
		return bad("via: %v", err)
	}
	if m.via, err = parseVia(parts[0]); err != nil {
		return bad("via: %v", err)
	}
	return nil
}

func (m *message) checkNumbers() *malformed {
	if v, ok := m.headers.get("Max-Forwards"); ok {
		n, err := strconv.ParseUint(v, 10, 8)
		if err != nil {
			return bad("max-forwards out of range")
		}
		m.maxForwards = int(n)
	}
	if v, ok := m.headers.get("Expires"); ok && m.method == "REGISTER" {
		if _, err := strconv.ParseUint(v, 10, 32); err != nil {
			return bad("expires out of range")
		}
	}
	return nil
}

// answerable says whether a request that could not be accepted can at least be
// refused: its topmost Via tells whose it is.
func (m *message) answerable() bool {
	return m != nil && m.method != "" && m.method != "ACK" && m.via.host != ""
}
