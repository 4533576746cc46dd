package sip

import (
	"hash/maphash"
	"net/netip"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// methods are what the stack can carry; Allow says so.
var methods = []string{
	"INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "REGISTER", "INFO", "UPDATE",
	"REFER", "NOTIFY", "SUBSCRIBE", "MESSAGE", "PUBLISH",
}

var allowValue = strings.Join(methods, ", ")

// known are methods of other RFCs: they get 405, anything else 501.
var known = []string{"PRACK"}

// replyTo begins a response with the headers that RFC 3261 §8.2.6 copies. tag is
// the To tag when the request has none; a 100 gets none. A broken request's
// headers are copied as far as they are there.
func (s *Server) replyTo(m *message, src Source, tag string, r Reply) *message {
	out := &message{status: r.Status, reason: r.Reason, body: r.Body}
	if out.reason == "" {
		out.reason = ReasonPhrase(r.Status)
	}
	out.headers = make(headers, 0, len(r.Headers)+12)
	for i, v := range m.headers.all("Via") {
		if i == 0 {
			v = receivedVia(v, m.via, src)
		}
		out.headers.add("Via", v)
	}
	for _, name := range [...]string{"From", "To", "Call-ID", "CSeq"} {
		v, ok := m.headers.get(name)
		if !ok {
			continue
		}
		if name == "To" && r.Status != 100 && tag != "" && m.to.Tag() == "" && !m.to.URI.IsZero() {
			v = m.to.WithTag(tag).String()
		}
		out.headers.add(name, v)
	}
	if ts, ok := m.headers.get("Timestamp"); ok && r.Status == 100 {
		out.headers.add("Timestamp", ts)
	}
	return out
}

// completeReply adds what follows the copied headers.
func (s *Server) completeReply(out *message, r Reply) {
	if s.cfg.UserAgent != "" {
		out.headers.add("Server", s.cfg.UserAgent)
	}
	out.headers = append(out.headers, r.Headers...)
	if len(r.Body) > 0 {
		out.headers.add("Content-Type", r.ContentType)
	}
}

// receivedVia is the top Via of a response: it says where the request really
// came from (RFC 3261 §18.2.1, RFC 3581 §4).
func receivedVia(line string, v via, src Source) string {
	if v.host == "" {
		return line
	}
	rest := ""
	if parts, err := splitList(line); err == nil && len(parts) > 1 {
		rest = ", " + trimSpace(strings.Join(parts[1:], ","))
	}
	ip := src.Remote.Addr().String()
	if v.host != ip || v.params.Has("rport") {
		v.params = v.params.With("received", ip)
	}
	if v.params.Has("rport") {
		v.params = v.params.With("rport", strconv.Itoa(int(src.Remote.Port())))
	}
	return v.String() + rest
}

// answerFlow is where the response to a request goes: back over its connection;
// over UDP to the port it came from if the Via or the configuration says so,
// else to the Via's port (RFC 3261 §18.2.2, RFC 3581 §4).
func (s *Server) answerFlow(f flow, m *message) flow {
	u, ok := f.(udpFlow)
	if !ok || s.cfg.ForceRport || m.via.params.Has("rport") {
		return f
	}
	port := uint16(5060)
	if m.via.port != 0 {
		port = uint16(m.via.port)
	}
	return udpFlow{u.sock, netip.AddrPortFrom(u.remote.Addr(), port)}
}

// statelessTag is the same for every repetition of a request (RFC 3261 §8.2.7).
func (s *Server) statelessTag(m *message) string {
	return strconv.FormatUint(maphash.String(s.seed, serverKey(m, m.method)), 16)
}

// refuse answers without a transaction.
func (s *Server) refuse(f flow, m *message, r Reply) {
	if m.method == "ACK" {
		return
	}
	out := s.replyTo(m, f.source(), s.statelessTag(m), r)
	s.completeReply(out, r)
	b, err := out.encode()
	if err != nil {
		return // what came in could not be sent back either: silence
	}
	if s.answerFlow(f, m).send(b) == nil {
		s.count.responsesOut.Add(1)
	}
}

// reply answers a transaction with a response that makes no dialog.
func (tx *serverTx) reply(r Reply) error {
	b, err := tx.prepareReply(r)
	if err != nil {
		return err
	}
	return tx.respond(r.Status, b)
}

func (tx *serverTx) prepareReply(r Reply) ([]byte, error) {
	out := tx.s.replyTo(&tx.req.message, tx.req.source, tx.tag, r)
	for _, c := range r.Contacts {
		out.headers.add("Contact", c.String())
	}
	options := tx.req.method == "OPTIONS" && r.Status < 300
	if r.Status == 405 || r.Status == 501 || options {
		out.headers.add("Allow", allowValue)
	}
	if options {
		tx.s.addCapabilities(out)
	}
	return tx.prepare(out, r)
}

// prepareDialog encodes a response that makes or refreshes a dialog: with our
// Contact and the route that the request recorded (RFC 3261 §12.1.1).
func (tx *serverTx) prepareDialog(r Reply, contact Address) ([]byte, error) {
	out := tx.s.replyTo(&tx.req.message, tx.req.source, tx.tag, r)
	for _, v := range tx.req.headers.all("Record-Route") {
		out.headers.add("Record-Route", v)
	}
	out.headers.add("Contact", contact.String())
	out.headers.add("Allow", allowValue)
	if r.Status >= 200 {
		tx.s.addSupported(out)
	}
	return tx.prepare(out, r)
}

func (tx *serverTx) prepare(out *message, r Reply) ([]byte, error) {
	if err := checkReply(r); err != nil {
		return nil, err
	}
	tx.s.completeReply(out, r)
	return out.encode()
}

func checkRange(status, lo, hi int) error {
	if status < lo || status > hi {
		return fault.New(fault.Invalid, "sip: status %d is not between %d and %d", status, lo, hi)
	}
	return nil
}

func checkReply(r Reply) error {
	if len(r.Body) > 0 && r.ContentType == "" {
		return fault.New(fault.Invalid, "sip: body without a content type")
	}
	return checkExtra(r.Headers)
}

// addCapabilities is what an answer to OPTIONS tells (RFC 3261 §11.2).
func (s *Server) addCapabilities(out *message) {
	out.headers.add("Accept", strings.Join(s.cfg.Accept, ", "))
	s.addSupported(out)
}

func (s *Server) addSupported(out *message) {
	if len(s.cfg.Extensions) > 0 {
		out.headers.add("Supported", strings.Join(s.cfg.Extensions, ", "))
	}
}
