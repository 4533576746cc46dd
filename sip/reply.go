package sip

import (
	"hash/maphash"
	"net/netip"
	"strconv"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/internal/compose"
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
	out := compose.Response(req, s.statelessTag(req), r.Status, r.Reason)
	s.agent.Complete(out, r.Headers, r.ContentType, r.Body)
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
	out := compose.Response(tx.Request(), tx.Tag(), r.Status, r.Reason)
	for _, c := range r.Contacts {
		out.Headers.Add("Contact", c.String())
	}
	options := tx.Request().Method() == "OPTIONS" && r.Status < 300
	if r.Status == 405 || r.Status == 501 || options {
		out.Headers.Add("Allow", tx.s.agent.Allow)
	}
	if options {
		tx.s.agent.AddCapabilities(out)
	}
	return tx.prepare(out, r)
}

// prepareDialog encodes a response that makes or refreshes a dialog: with our
// Contact and the route that the request recorded (RFC 3261 §12.1.1).
func (tx *serverTx) prepareDialog(r Reply, contact message.Address) ([]byte, error) {
	out := compose.Response(tx.Request(), tx.Tag(), r.Status, r.Reason)
	for _, v := range tx.Request().Headers("Record-Route") {
		out.Headers.Add("Record-Route", v)
	}
	out.Headers.Add("Contact", contact.String())
	out.Headers.Add("Allow", tx.s.agent.Allow)
	if r.Status >= 200 {
		tx.s.agent.AddSupported(out)
	}
	return tx.prepare(out, r)
}

func (tx *serverTx) prepare(out *message.Message, r Reply) ([]byte, error) {
	if err := checkReply(r); err != nil {
		return nil, err
	}
	tx.s.agent.Complete(out, r.Headers, r.ContentType, r.Body)
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
	return compose.CheckHeaders(r.Headers)
}
