package siptest

import (
	"fmt"
	"strconv"
	"strings"
)

// Message is a message as it came, cut into lines.
type Message struct {
	Text  string
	Start string // the first line
	Lines []string
	Body  string
}

// Parse cuts a message into its lines. It never fails: a test looks itself.
func Parse(text string) *Message {
	m := &Message{Text: text}
	head, body, _ := strings.Cut(text, "\r\n\r\n")
	m.Body = body
	lines := strings.Split(head, "\r\n")
	m.Start, m.Lines = lines[0], lines[1:]
	return m
}

// Status is the code of a response, or 0.
func (m *Message) Status() int {
	fields := strings.Fields(m.Start)
	if len(fields) < 2 || !strings.HasPrefix(m.Start, "SIP/") {
		return 0
	}
	n, err := strconv.Atoi(fields[1])
	if err != nil {
		return 0
	}
	return n
}

// Header is the value of the first header of that name, or "".
func (m *Message) Header(name string) string {
	if all := m.Headers(name); len(all) > 0 {
		return all[0]
	}
	return ""
}

// Headers is every value of that name, a line each.
func (m *Message) Headers(name string) []string {
	var out []string
	for _, l := range m.Lines {
		n, v, ok := strings.Cut(l, ":")
		if ok && strings.EqualFold(strings.TrimSpace(n), name) {
			out = append(out, strings.TrimSpace(v))
		}
	}
	return out
}

// Tag is the tag of a From or To.
func (m *Message) Tag(name string) string {
	_, rest, ok := strings.Cut(m.Header(name), ";tag=")
	if !ok {
		return ""
	}
	tag, _, _ := strings.Cut(rest, ";")
	return tag
}

// URI is what stands in the angle brackets of an address header.
func (m *Message) URI(name string) string {
	_, rest, _ := strings.Cut(m.Header(name), "<")
	uri, _, _ := strings.Cut(rest, ">")
	return uri
}

// Response is an answer to a request that came in: the copied headers, a To tag,
// then the lines, then the body.
func (p *Peer) Response(req *Message, status int, tag string, lines []string, body string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %d Whatever\r\n", status)
	for _, name := range []string{"Via", "Record-Route", "From", "To", "Call-ID", "CSeq"} {
		for _, v := range req.Headers(name) {
			if name == "To" && tag != "" && !strings.Contains(v, ";tag=") {
				v += ";tag=" + tag
			}
			fmt.Fprintf(&b, "%s: %s\r\n", name, v)
		}
	}
	for _, l := range lines {
		b.WriteString(l + "\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return b.String()
}

// Contact is a Contact line of the peer's own address.
func (p *Peer) Contact() string {
	transport := ""
	if p.network != "udp" {
		transport = ";transport=" + p.network
	}
	return fmt.Sprintf("Contact: <sip:peer@%s%s>", p.local, transport)
}
