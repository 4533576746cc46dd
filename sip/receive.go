package sip

import (
	"errors"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/internal/curt"
	"github.com/skygenesisenterprise/skybridge/sip/internal/inspect"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transaction"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// receive takes every message off every transport, on the reader's goroutine and
// so in the order of arrival. m may be nil or unsound, err says why. A panic
// anywhere below costs the message, not the process.
func (s *Server) receive(f transport.Flow, m *message.Parsed, err error) {
	s.taking.RLock()
	defer s.taking.RUnlock()
	s.errands.Guard("receive", func() {
		switch {
		case err != nil:
			s.receiveMalformed(f, m, err)
		case m.IsResponse():
			s.receiveResponse(message.NewResponse(m, f.Source()))
		default:
			s.count.RequestsIn.Add(1)
			s.receiveRequest(f, message.NewRequest(m, f.Source()))
		}
	})
}

// receiveMalformed answers what can be answered, and is silent else.
func (s *Server) receiveMalformed(f transport.Flow, m *message.Parsed, err error) {
	s.count.Malformed.Add(1)
	s.quirks.Note("malformed message", f.Source().Remote, err)
	if !m.Answerable() {
		return
	}
	req, status := message.NewRequest(m, f.Source()), 400
	var bad *message.MalformedError
	if errors.As(err, &bad) {
		status = bad.Status
		if bad.Unmatched && !inspect.Known(req.Method()) { // RFC 4475 §3.1.2.18
			status = 501
		}
	}
	s.curt.Refuse(f, req, Reply{Status: status})
}

func (s *Server) receiveResponse(r *message.Response) {
	s.count.ResponsesIn.Add(1)
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
	if !s.curt.Admits(f, req) {
		return
	}
	back := s.curt.Back(f, req)
	called := req.To().Tag() != "" && s.dialogs.Find(dialogIDOf(req)) != nil
	one, arrival := s.txs.Arrive(req, back, message.NewTag(), called)
	tx := &serverTx{one, s}
	switch {
	case arrival == transaction.Again:
		s.count.Retransmitted.Add(1)
	case arrival == transaction.Full && inspect.Forgettable(req):
		s.dispatch(&serverTx{s.txs.Loose(req, back, s.curt.Tag(req)), s})
	case arrival == transaction.Full:
		s.count.Refused.Add(1)
		s.curt.Refuse(f, req, curt.Later(5))
	case arrival == transaction.Merged:
		s.answer(tx, Reply{Status: 482})
	default:
		s.dispatch(tx)
	}
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
	if d := s.dialogs.Find(dialogIDOf(req)); d != nil {
		d.inAck(req)
	}
}

// receiveCancel answers a CANCEL by RFC 3261 §9.2; the INVITE's own answer is
// whoever holds the INVITE's to give.
func (s *Server) receiveCancel(f transport.Flow, req *message.Request) {
	tx := s.txs.Invite(req)
	if tx == nil {
		s.curt.Refuse(f, req, Reply{Status: 481})
		return
	}
	if b, err := s.agent.Bare(req, tx.Tag(), Reply{Status: 200}); err == nil && s.curt.Back(f, req).Send(b) == nil {
		s.count.ResponsesOut.Add(1)
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
	if r := s.rules.Request(req); r.Status != 0 {
		s.answer(tx, Reply{Status: r.Status, Headers: r.Headers})
		return
	}
	if req.To().Tag() != "" {
		if d := s.dialogs.Find(dialogIDOf(req)); d != nil {
			d.inRequest(tx)
			return
		}
		s.answer(tx, Reply{Status: 481})
		return
	}
	switch req.Method() {
	case "BYE", "UPDATE", "PRACK": // these live in dialogs only
		s.answer(tx, Reply{Status: 481})
		return
	}
	if s.draining() {
		s.count.Refused.Add(1)
		s.answer(tx, curt.Later(30))
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
	came := time.Now()
	s.handling.Add(1)
	started := s.handlers.Add(1) <= int64(s.cfg.MaxHandlers) && s.errands.Spawn(func() {
		defer s.handling.Done()
		defer s.handlers.Add(-1)
		s.cfg.Admission.Queued(time.Since(came))
		if !s.errands.Guard("handler of "+method, f) {
			refuse(Reply{Status: 500}, fault.New(fault.Internal, "sip: handler of %s panicked", method))
		}
	})
	if !started {
		s.handling.Done()
		s.handlers.Add(-1)
		s.count.Refused.Add(1)
		refuse(curt.Later(5),
			fault.New(fault.Unavailable, "sip: %s refused for a limit", method))
	}
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
	if !s.rules.AcceptsOurs(tx.Request()) {
		s.answer(tx, Reply{Status: 406})
		return
	}
	if s.looped(tx.Request()) {
		s.answer(tx, Reply{Status: 482})
		return
	}
	in, r := s.newIncomingInvite(tx, contacts[0].URI)
	if r.Status != 0 {
		s.answer(tx, r)
		return
	}
	s.handle("INVITE", func() { s.handler.OnInvite(in) }, func(r Reply, err error) { in.end(r, err, nil) })
}
