package sip

import (
	"hash/maphash"
	"net/netip"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transaction"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// methods are what the stack can carry.
var methods = []string{
	"INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "REGISTER", "INFO", "UPDATE",
	"REFER", "NOTIFY", "SUBSCRIBE", "MESSAGE", "PUBLISH",
}

// known are methods of other RFCs: they get 405, anything else 501.
var known = []string{"PRACK"}

// replyTo begins a response with the headers that RFC 3261 §8.2.6 copies. tag is
// the To tag when the request has none; a 100 gets none. A broken request's
// headers are copied as far as they are there.
func (s *Server) replyTo(req *message.Request, tag string, r Reply) *message.Message {
	out := &message.Message{Status: r.Status, Reason: r.Reason, Body: r.Body}
	if out.Reason == "" {
		out.Reason = message.ReasonPhrase(r.Status)
	}
	out.Headers = make(message.Headers, 0, len(r.Headers)+12)
	for _, v := range req.ReturnVias() {
		out.Headers.Add("Via", v)
	}
	for _, name := range [...]string{"From", "To", "Call-ID", "CSeq"} {
		if !req.HasHeader(name) {
			continue
		}
		v := req.Header(name)
		if to := req.To(); name == "To" && r.Status != 100 && tag != "" && to.Tag() == "" && !to.URI.IsZero() {
			v = to.WithTag(tag).String()
		}
		out.Headers.Add(name, v)
	}
	if r.Status == 100 && req.HasHeader("Timestamp") {
		out.Headers.Add("Timestamp", req.Header("Timestamp"))
	}
	return out
}

// completeReply adds what follows the copied headers.
func (s *Server) completeReply(out *message.Message, r Reply) {
	if s.cfg.UserAgent != "" {
		out.Headers.Add("Server", s.cfg.UserAgent)
	}
	out.Headers = append(out.Headers, r.Headers...)
	if len(r.Body) > 0 {
		out.Headers.Add("Content-Type", r.ContentType)
	}
}

// answerFlow is where the response to a request goes: back over its connection;
// over UDP to the port it came from if the Via or the configuration says so,
// else to the Via's port (RFC 3261 §18.2.2, RFC 3581 §4).
func (s *Server) answerFlow(f transport.Flow, req *message.Request) transport.Flow {
	via := req.Via()
	if f.Reliable() || s.cfg.ForceRport || via.Params.Has("rport") {
		return f
	}
	port := uint16(5060)
	if via.Port != 0 {
		port = uint16(via.Port)
	}
	return f.To(netip.AddrPortFrom(f.Source().Remote.Addr(), port))
}

// statelessTag is the same for every repetition of a request (RFC 3261 §8.2.7).
func (s *Server) statelessTag(req *message.Request) string {
	return strconv.FormatUint(maphash.String(s.seed, transaction.Key(req)), 16)
}

// refuse answers without a transaction.
func (s *Server) refuse(f transport.Flow, req *message.Request, r Reply) {
	if req.Method() == "ACK" {
		return
	}
	out := s.replyTo(req, s.statelessTag(req), r)
	s.completeReply(out, r)
	b, err := out.Encode()
	if err != nil {
		return // what came in could not be sent back either: silence
	}
	if s.answerFlow(f, req).Send(b) == nil {
		s.count.responsesOut.Add(1)
	}
}

// serverTx is a transaction of the peer's with what answers it.
type serverTx struct {
	*transaction.Server
	s *Server
}

// reply answers a transaction with a response that makes no dialog.
func (tx *serverTx) reply(r Reply) error {
	b, err := tx.prepareReply(r)
	if err != nil {
		return err
	}
	return tx.Respond(r.Status, b)
}

func (tx *serverTx) prepareReply(r Reply) ([]byte, error) {
	out := tx.s.replyTo(tx.Request(), tx.Tag(), r)
	for _, c := range r.Contacts {
		out.Headers.Add("Contact", c.String())
	}
	options := tx.Request().Method() == "OPTIONS" && r.Status < 300
	if r.Status == 405 || r.Status == 501 || options {
		out.Headers.Add("Allow", tx.s.allow)
	}
	if options {
		tx.s.addCapabilities(out)
	}
	return tx.prepare(out, r)
}

// prepareDialog encodes a response that makes or refreshes a dialog: with our
// Contact and the route that the request recorded (RFC 3261 §12.1.1).
func (tx *serverTx) prepareDialog(r Reply, contact message.Address) ([]byte, error) {
	out := tx.s.replyTo(tx.Request(), tx.Tag(), r)
	for _, v := range tx.Request().Headers("Record-Route") {
		out.Headers.Add("Record-Route", v)
	}
	out.Headers.Add("Contact", contact.String())
	out.Headers.Add("Allow", tx.s.allow)
	if r.Status >= 200 {
		tx.s.addSupported(out)
	}
	return tx.prepare(out, r)
}

func (tx *serverTx) prepare(out *message.Message, r Reply) ([]byte, error) {
	if err := checkReply(r); err != nil {
		return nil, err
	}
	tx.s.completeReply(out, r)
	return out.Encode()
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
func (s *Server) addCapabilities(out *message.Message) {
	out.Headers.Add("Accept", strings.Join(s.cfg.Accept, ", "))
	s.addSupported(out)
}

func (s *Server) addSupported(out *message.Message) {
	if len(s.cfg.Extensions) > 0 {
		out.Headers.Add("Supported", strings.Join(s.cfg.Extensions, ", "))
	}
}
