package sip

import (
	"errors"
	"slices"
	"strings"
)

// receive takes every message off every transport, on the reader's goroutine and
// so in the order of arrival. m may be nil or unsound, err says why. A panic
// anywhere below costs the message, not the process.
func (s *Server) receive(f flow, m *message, err error) {
	s.guard("receive", func() {
		switch {
		case err != nil:
			s.receiveMalformed(f, m, err)
		case m.status != 0:
			s.receiveResponse(&Response{message: *m, source: f.source()})
		default:
			s.count.requestsIn.Add(1)
			s.receiveRequest(f, &Request{message: *m, source: f.source()})
		}
	})
}

// receiveMalformed answers what can be answered, and is silent else.
func (s *Server) receiveMalformed(f flow, m *message, err error) {
	s.count.malformed.Add(1)
	s.quirks.note("malformed message", f.source().Remote, err)
	if !m.answerable() {
		return
	}
	status := 400
	var bad *malformed
	if errors.As(err, &bad) {
		status = bad.status
	}
	s.refuse(f, m, Reply{Status: status})
}

func (s *Server) receiveResponse(r *Response) {
	s.count.responsesIn.Add(1)
	if r.headers.count("Via") > 1 { // not ours to pass on (RFC 3261 §8.1.3.3)
		return
	}
	if tx := s.txs.findClient(clientKey(r.via.branch(), r.cseqMethod)); tx != nil {
		tx.received(r)
	}
}

func (s *Server) receiveRequest(f flow, req *Request) {
	switch req.method {
	case "ACK":
		s.receiveAck(req)
		return
	case "CANCEL":
		s.receiveCancel(f, req)
		return
	}
	tx := &serverTx{s: s, key: serverKey(&req.message, req.method), merge: mergeKey(&req.message),
		req: req, flow: s.answerFlow(f, &req.message), tag: newTag()}
	old, merged, full := s.txs.addServer(tx)
	switch {
	case old != nil:
		s.count.retransmitted.Add(1)
		old.retransmitted()
		return
	case full:
		s.count.refused.Add(1)
		s.refuse(f, &req.message, Reply{Status: 503, Headers: []Header{{"Retry-After", "5"}}})
		return
	}
	tx.start()
	if merged {
		s.answer(tx, Reply{Status: 482})
		return
	}
	s.dispatch(tx)
}

// answer replies where a failure has nobody to be told: the peer asks again, or
// has gone.
func (s *Server) answer(tx *serverTx, r Reply) { _ = tx.reply(r) }

func (s *Server) receiveAck(req *Request) {
	if tx := s.txs.findServer(serverKey(&req.message, "INVITE")); tx != nil && tx.acked() {
		return
	}
	if d := s.dialogs.find(dialogIDOf(req)); d != nil {
		d.inAck(req)
	}
}

// receiveCancel answers a CANCEL by RFC 3261 §9.2; the INVITE's own answer is
// whoever holds the INVITE's to give.
func (s *Server) receiveCancel(f flow, req *Request) {
	tx := s.txs.findServer(serverKey(&req.message, "INVITE"))
	if tx == nil {
		s.refuse(f, &req.message, Reply{Status: 481})
		return
	}
	out := s.replyTo(&req.message, req.source, tx.tag, Reply{Status: 200})
	s.completeReply(out, Reply{})
	if b, err := out.encode(); err == nil && s.answerFlow(f, &req.message).send(b) == nil {
		s.count.responsesOut.Add(1)
	}
	tx.canceled(req)
}

// dialogIDOf is the dialog that a request from the peer belongs to.
func dialogIDOf(req *Request) DialogID {
	return DialogID{CallID: req.callID, LocalTag: req.to.Tag(), RemoteTag: req.from.Tag()}
}

// dispatch inspects a new request in the order of RFC 3261 §8.2 and gives it to
// its dialog or to the handler.
func (s *Server) dispatch(tx *serverTx) {
	req := tx.req
	if r := s.inspect(req); r.Status != 0 {
		s.answer(tx, r)
		return
	}
	if req.to.Tag() != "" {
		if d := s.dialogs.find(dialogIDOf(req)); d != nil {
			d.inRequest(tx)
			return
		}
		s.answer(tx, Reply{Status: 481})
		return
	}
	switch req.method {
	case "BYE", "UPDATE": // these live in dialogs only
		s.answer(tx, Reply{Status: 481})
		return
	}
	if s.draining() {
		s.count.refused.Add(1)
		s.answer(tx, Reply{Status: 503, Headers: []Header{{"Retry-After", "30"}}})
		return
	}
	if req.method == "INVITE" {
		s.dispatchInvite(tx)
		return
	}
	in := &IncomingRequest{tx: tx}
	s.handle(tx, func() { s.handler.OnRequest(in) })
}

// handle runs a handler on a goroutine of its own, if the limit allows.
func (s *Server) handle(tx *serverTx, f func()) {
	if s.handlers.Add(1) > int64(s.cfg.Limits.Handlers) {
		s.handlers.Add(-1)
		s.count.refused.Add(1)
		s.answer(tx, Reply{Status: 503, Headers: []Header{{"Retry-After", "5"}}})
		return
	}
	ok := s.spawn(func() {
		defer s.handlers.Add(-1)
		if !s.guard("handler of "+tx.req.method, f) {
			s.answer(tx, Reply{Status: 500})
		}
	})
	if !ok {
		s.handlers.Add(-1)
	}
}

// inspect checks what holds for every request, in a dialog or not. A zero Reply
// lets the request pass.
func (s *Server) inspect(req *Request) Reply {
	switch {
	case slices.Contains(known, req.method):
		return Reply{Status: 405}
	case !slices.Contains(methods, req.method):
		return Reply{Status: 501}
	}
	switch req.uri.Scheme {
	case "sip", "sips", "tel":
	default:
		return Reply{Status: 416}
	}
	if req.maxForwards == 0 && (req.method == "INVITE" || req.method == "MESSAGE") {
		return Reply{Status: 483} // these go on to someone else
	}
	if unknown := s.unsupported(req); len(unknown) > 0 {
		return Reply{Status: 420, Headers: []Header{{"Unsupported", strings.Join(unknown, ", ")}}}
	}
	if len(req.body) > 0 && (req.method == "INVITE" || req.method == "UPDATE") {
		return s.inspectBody(req)
	}
	return Reply{}
}

func (s *Server) unsupported(req *Request) []string {
	var out []string
	for _, tag := range req.headers.tokens("Require") {
		if !containsFold(s.cfg.Extensions, tag) {
			out = append(out, tag)
		}
	}
	return out
}

// inspectBody refuses a body that nobody could read (RFC 3261 §8.2.3). One that
// its sender calls optional is let through, to be ignored.
func (s *Server) inspectBody(req *Request) Reply {
	if enc := req.headers.tokens("Content-Encoding"); len(enc) > 0 && !containsFold(enc, "identity") {
		return Reply{Status: 415, Headers: []Header{{"Accept-Encoding", "identity"}}}
	}
	if !containsFold(s.cfg.Accept, req.ContentType()) &&
		!strings.Contains(strings.ToLower(req.headers.value("Content-Disposition")), "handling=optional") {
		return Reply{Status: 415, Headers: []Header{{"Accept", strings.Join(s.cfg.Accept, ", ")}}}
	}
	return Reply{}
}

// acceptsOurs says whether the peer would read a body of ours (RFC 3261 §20.1).
func (s *Server) acceptsOurs(req *Request) bool {
	if !req.headers.has("Accept") {
		return true
	}
	for _, t := range req.headers.tokens("Accept") {
		t, _, _ = strings.Cut(strings.ToLower(t), ";")
		t = trimSpace(t)
		if t == "*/*" || t == "application/*" || containsFold(s.cfg.Accept, t) {
			return true
		}
	}
	return false
}

// dispatchInvite makes the early dialog of an INVITE and gives it to the handler.
func (s *Server) dispatchInvite(tx *serverTx) {
	contacts, err := tx.req.Contacts()
	if err == nil && len(contacts) == 0 && !tx.req.via.modern() {
		contacts = []Address{tx.req.from} // RFC 2543 lets the Contact out
	}
	if err != nil || len(contacts) != 1 || contacts[0].Wildcard {
		s.answer(tx, Reply{Status: 400, Reason: "Bad Contact"})
		return
	}
	if !s.acceptsOurs(tx.req) {
		s.answer(tx, Reply{Status: 406})
		return
	}
	in, r := s.newIncomingInvite(tx, contacts[0].URI)
	if r.Status != 0 {
		s.answer(tx, r)
		return
	}
	s.handle(tx, func() { s.handler.OnInvite(in) })
}
