package sip

import (
	"errors"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/internal/compose"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transaction"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// receive takes every message off every transport, on the reader's goroutine and
// so in the order of arrival. m may be nil or unsound, err says why. A panic
// anywhere below costs the message, not the process.
func (s *Server) receive(f transport.Flow, m *message.Parsed, err error) {
	s.guard("receive", func() {
		switch {
		case err != nil:
			s.receiveMalformed(f, m, err)
		case m.IsResponse():
			s.receiveResponse(message.NewResponse(m, f.Source()))
		default:
			s.count.requestsIn.Add(1)
			s.receiveRequest(f, message.NewRequest(m, f.Source()))
		}
	})
}

// receiveMalformed answers what can be answered, and is silent else.
func (s *Server) receiveMalformed(f transport.Flow, m *message.Parsed, err error) {
	s.count.malformed.Add(1)
	s.quirks.Note("malformed message", f.Source().Remote, err)
	if !m.Answerable() {
		return
	}
	status := 400
	var bad *message.MalformedError
	if errors.As(err, &bad) {
		status = bad.Status
	}
	s.refuse(f, message.NewRequest(m, f.Source()), Reply{Status: status})
}

func (s *Server) receiveResponse(r *message.Response) {
	s.count.responsesIn.Add(1)
	if len(r.Headers("Via")) > 1 { // not ours to pass on (RFC 3261 §8.1.3.3)
		return
	}
	s.txs.Response(r)
}

func (s *Server) receiveRequest(f transport.Flow, req *message.Request) {
	switch req.Method() {
	case "ACK":
		s.receiveAck(req)
		return
	case "CANCEL":
		s.receiveCancel(f, req)
		return
	}
	back := s.answerFlow(f, req)
	called := req.To().Tag() != "" && s.dialogs.find(dialogIDOf(req)) != nil
	one, arrival := s.txs.Arrive(req, back, message.NewTag(), called)
	tx := &serverTx{one, s}
	switch {
	case arrival == transaction.Again:
		s.count.retransmitted.Add(1)
	case arrival == transaction.Full && forgettable(req):
		s.dispatch(&serverTx{s.txs.Loose(req, back, s.statelessTag(req)), s})
	case arrival == transaction.Full:
		s.count.refused.Add(1)
		s.refuse(f, req, Reply{Status: 503, Headers: []message.Header{{Name: "Retry-After", Value: "5"}}})
	case arrival == transaction.Merged:
		s.answer(tx, Reply{Status: 482})
	default:
		s.dispatch(tx)
	}
}

// forgettable tells whether a request may be answered without being remembered: one
// that changes nothing, or that most likely gets a challenge. Whoever sends many of
// them does not keep others from calling.
func forgettable(req *message.Request) bool {
	return req.Method() == "OPTIONS" || req.Method() == "REGISTER" && !req.HasHeader("Authorization")
}

// trying answers 100 when the handler takes its time.
func (s *Server) trying(tx *transaction.Server) {
	// A flow that has gone: whoever answers the call finds out.
	_ = (&serverTx{tx, s}).reply(Reply{Status: 100})
}

// answer replies where a failure has nobody to be told: the peer asks again, or
// has gone.
func (s *Server) answer(tx *serverTx, r Reply) { _ = tx.reply(r) }

func (s *Server) receiveAck(req *message.Request) {
	if tx := s.txs.Invite(req); tx != nil && tx.Acked() {
		return
	}
	if d := s.dialogs.find(dialogIDOf(req)); d != nil {
		d.inAck(req)
	}
}

// receiveCancel answers a CANCEL by RFC 3261 §9.2; the INVITE's own answer is
// whoever holds the INVITE's to give.
func (s *Server) receiveCancel(f transport.Flow, req *message.Request) {
	tx := s.txs.Invite(req)
	if tx == nil {
		s.refuse(f, req, Reply{Status: 481})
		return
	}
	out := compose.Response(req, tx.Tag(), 200, "")
	s.agent.Complete(out, nil, "", nil)
	if b, err := out.Encode(); err == nil && s.answerFlow(f, req).Send(b) == nil {
		s.count.responsesOut.Add(1)
	}
	tx.Canceled(req)
}

// dialogIDOf is the dialog that a request from the peer belongs to.
func dialogIDOf(req *message.Request) DialogID {
	return DialogID{CallID: req.CallID(), LocalTag: req.To().Tag(), RemoteTag: req.From().Tag()}
}

// dispatch inspects a new request in the order of RFC 3261 §8.2 and gives it to
// its dialog or to the handler.
func (s *Server) dispatch(tx *serverTx) {
	req := tx.Request()
	if r := s.inspect(req); r.Status != 0 {
		s.answer(tx, r)
		return
	}
	if req.To().Tag() != "" {
		if d := s.dialogs.find(dialogIDOf(req)); d != nil {
			d.inRequest(tx)
			return
		}
		s.answer(tx, Reply{Status: 481})
		return
	}
	switch req.Method() {
	case "BYE", "UPDATE": // these live in dialogs only
		s.answer(tx, Reply{Status: 481})
		return
	}
	if s.draining() {
		s.count.refused.Add(1)
		s.answer(tx, Reply{Status: 503, Headers: []message.Header{{Name: "Retry-After", Value: "30"}}})
		return
	}
	if req.Method() == "INVITE" {
		s.dispatchInvite(tx)
		return
	}
	in := &IncomingRequest{tx: tx}
	s.handle(req.Method(), func() { s.handler.OnRequest(in) }, func(r Reply, _ error) { s.answer(tx, r) })
}

// handle runs a handler on a goroutine of its own, if the limit allows; else, and
// when it panics, refuse answers in its place.
func (s *Server) handle(method string, f func(), refuse func(Reply, error)) {
	started := s.handlers.Add(1) <= int64(s.cfg.MaxHandlers) && s.spawn(func() {
		defer s.handlers.Add(-1)
		if !s.guard("handler of "+method, f) {
			refuse(Reply{Status: 500}, fault.New(fault.Internal, "sip: handler of %s panicked", method))
		}
	})
	if !started {
		s.handlers.Add(-1)
		s.count.refused.Add(1)
		refuse(Reply{Status: 503, Headers: []message.Header{{Name: "Retry-After", Value: "5"}}},
			fault.New(fault.Unavailable, "sip: %s refused for a limit", method))
	}
}

// inspect checks what holds for every request, in a dialog or not. A zero Reply
// lets the request pass.
func (s *Server) inspect(req *message.Request) Reply {
	switch {
	case slices.Contains(known, req.Method()):
		return Reply{Status: 405}
	case !slices.Contains(methods, req.Method()):
		return Reply{Status: 501}
	}
	switch req.URI().Scheme {
	case "sip", "sips", "tel":
	default:
		return Reply{Status: 416}
	}
	if req.MaxForwards() == 0 && (req.Method() == "INVITE" || req.Method() == "MESSAGE") {
		return Reply{Status: 483} // these go on to someone else
	}
	if unknown := s.unsupported(req); len(unknown) > 0 {
		return Reply{Status: 420, Headers: []message.Header{{Name: "Unsupported", Value: strings.Join(unknown, ", ")}}}
	}
	if len(req.Body()) > 0 && (req.Method() == "INVITE" || req.Method() == "UPDATE") {
		return s.inspectBody(req)
	}
	return Reply{}
}

func (s *Server) unsupported(req *message.Request) []string {
	var out []string
	for _, tag := range req.Tokens("Require") {
		if !containsFold(s.cfg.Extensions, tag) {
			out = append(out, tag)
		}
	}
	return out
}

// inspectBody refuses a body that nobody could read (RFC 3261 §8.2.3). One that
// its sender calls optional is let through, to be ignored.
func (s *Server) inspectBody(req *message.Request) Reply {
	if enc := req.Tokens("Content-Encoding"); len(enc) > 0 && !containsFold(enc, "identity") {
		return Reply{Status: 415, Headers: []message.Header{{Name: "Accept-Encoding", Value: "identity"}}}
	}
	if !containsFold(s.cfg.Accept, req.ContentType()) &&
		!strings.Contains(strings.ToLower(req.Header("Content-Disposition")), "handling=optional") {
		return Reply{Status: 415, Headers: []message.Header{{Name: "Accept", Value: strings.Join(s.cfg.Accept, ", ")}}}
	}
	return Reply{}
}

// acceptsOurs says whether the peer would read a body of ours (RFC 3261 §20.1).
func (s *Server) acceptsOurs(req *message.Request) bool {
	if !req.HasHeader("Accept") {
		return true
	}
	for _, t := range req.Tokens("Accept") {
		t, _, _ = strings.Cut(strings.ToLower(t), ";")
		t = strings.TrimSpace(t)
		if t == "*/*" || t == "application/*" || containsFold(s.cfg.Accept, t) {
			return true
		}
	}
	return false
}

// dispatchInvite makes the early dialog of an INVITE and gives it to the handler.
func (s *Server) dispatchInvite(tx *serverTx) {
	contacts, err := tx.Request().Contacts()
	if err == nil && len(contacts) == 0 && !tx.Request().Via().Modern() {
		contacts = []message.Address{tx.Request().From()} // RFC 2543 lets the Contact out
	}
	if err != nil || len(contacts) != 1 || contacts[0].Wildcard {
		s.answer(tx, Reply{Status: 400, Reason: "Bad Contact"})
		return
	}
	if !s.acceptsOurs(tx.Request()) {
		s.answer(tx, Reply{Status: 406})
		return
	}
	in, r := s.newIncomingInvite(tx, contacts[0].URI)
	if r.Status != 0 {
		s.answer(tx, r)
		return
	}
	s.handle("INVITE", func() { s.handler.OnInvite(in) }, func(r Reply, err error) { in.end(r, err, nil) })
}

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(e string) bool { return strings.EqualFold(e, s) })
}
