package sip

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transaction"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// hop is one way for a request: a flow, or a destination to find one for.
type hop struct {
	flow transport.Flow
	dest transport.Destination
}

// newDraft checks a request of the layer above and makes its draft.
func (s *Server) newDraft(o *Outbound, w wallet) (*draft, error) {
	if o.Target.IsZero() {
		return nil, fault.New(fault.Invalid, "sip: request without a target")
	}
	if o.From.URI.IsZero() {
		return nil, fault.New(fault.Invalid, "sip: request without a From")
	}
	if err := checkExtra(o.Headers); err != nil {
		return nil, err
	}
	d := &draft{
		method: o.Method, uri: o.Target, route: o.Route,
		from: o.From.WithTag(message.NewTag()), to: o.To.WithTag(""),
		callID: o.CallID, seq: o.CSeq,
		contactUser: o.ContactUser, maxForwards: o.MaxForwards,
		extra: o.Headers, content: Content{o.ContentType, o.Body},
	}
	d.uri.Headers = nil
	d.attempts = w.begin(d.method, d.uri)
	if d.to.URI.IsZero() {
		d.to = message.Address{URI: d.uri}
	}
	if d.callID == "" {
		d.callID = message.NewCallID()
	}
	if d.seq == 0 {
		d.seq = 1
	}
	if d.maxForwards == 0 {
		d.maxForwards = 70
	}
	switch d.method {
	case "INVITE", "SUBSCRIBE", "REFER":
		d.contact = true
	default:
		d.contacts = o.Contacts
	}
	return d, nil
}

// hops finds where a request can go, best first.
func (s *Server) hops(ctx context.Context, o *Outbound) ([]hop, error) {
	if o.Flow != "" {
		f, ok := s.tr.Flow(o.Flow)
		if !ok {
			return nil, fault.New(fault.Unreachable, "sip: flow %s has ended", o.Flow)
		}
		return []hop{{flow: f}}, nil
	}
	next := o.Target
	switch {
	case !o.NextHop.IsZero():
		next = o.NextHop
	case len(o.Route) > 0:
		next = o.Route[0].URI
	}
	ds, err := s.cfg.Resolver.Resolve(ctx, next, o.Transport)
	if err != nil {
		return nil, err
	}
	if len(ds) == 0 {
		return nil, fault.New(fault.Unreachable, "sip: %s leads nowhere", next)
	}
	out := make([]hop, 0, len(ds))
	for _, d := range ds {
		out = append(out, hop{dest: d})
	}
	return out, nil
}

// take makes a flow of a hop.
func (s *Server) take(ctx context.Context, h hop) (transport.Flow, error) {
	if h.flow != nil {
		return h.flow, nil
	}
	return s.tr.FlowTo(ctx, h.dest)
}

// Request sends a request outside any dialog and waits for its final response,
// answering challenges with o.Credentials and trying the target's further
// destinations when one does not answer (RFC 3263 §4.3). A response of 300 and
// more is returned together with an error of its status's kind (see
// StatusError); without a response the error is fault.Timeout,
// fault.Unreachable, or fault.Invalid for what cannot be sent.
func (s *Server) Request(ctx context.Context, o Outbound) (*message.Response, error) {
	switch o.Method {
	case "INVITE", "ACK", "CANCEL", "BYE":
		return nil, fault.New(fault.Invalid, "sip: %s is not for Request", o.Method)
	}
	d, err := s.newDraft(&o, newWallet(o.Credentials))
	if err != nil {
		return nil, err
	}
	hops, err := s.hops(ctx, &o)
	if err != nil {
		return nil, err
	}
	for i, h := range hops {
		r, err := s.requestVia(ctx, d, h)
		if i == len(hops)-1 || ctx.Err() != nil || !worthAnother(err) {
			return r, err
		}
	}
	return nil, err
}

// worthAnother says whether another destination might do better.
func worthAnother(err error) bool {
	switch fault.Of(err) {
	case fault.Timeout, fault.Unreachable, fault.Unavailable:
		return true
	}
	return false
}

// requestVia sends over one hop until there is no challenge left to answer.
func (s *Server) requestVia(ctx context.Context, d *draft, h hop) (*message.Response, error) {
	f, err := s.take(ctx, h)
	if err != nil {
		return nil, err
	}
	for {
		r, err := s.roundTrip(ctx, d, f)
		if err != nil {
			return nil, err
		}
		if r.Status() < 300 {
			return r, nil
		}
		if !d.answerChallenge(r) {
			return r, r.Err()
		}
		d.seq++
	}
}

func (s *Server) roundTrip(ctx context.Context, d *draft, f transport.Flow) (*message.Response, error) {
	w := transaction.NewWaiter()
	tx, err := s.begin(d, f, w)
	if err != nil {
		return nil, err
	}
	r, err := w.Wait(ctx)
	if err != nil {
		tx.Terminate() // nobody waits any more
	}
	return r, err
}
