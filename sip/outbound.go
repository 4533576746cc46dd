package sip

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/internal/compose"
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
func (s *Server) newDraft(o *Outbound, w compose.Wallet) (*compose.Draft, error) {
	if o.Target.IsZero() {
		return nil, fault.New(fault.Invalid, "sip: request without a target")
	}
	if o.From.URI.IsZero() {
		return nil, fault.New(fault.Invalid, "sip: request without a From")
	}
	if err := compose.CheckHeaders(o.Headers); err != nil {
		return nil, err
	}
	d := &compose.Draft{
		Method: o.Method, URI: o.Target, Route: o.Route,
		From: o.From.WithTag(message.NewTag()), To: o.To.WithTag(""),
		CallID: o.CallID, Seq: o.CSeq,
		ContactUser: o.ContactUser, MaxForwards: o.MaxForwards,
		Extra: o.Headers, ContentType: o.ContentType, Body: o.Body,
	}
	d.URI.Headers = nil
	d.Attempts = w.Begin(d.Method, d.URI)
	if d.To.URI.IsZero() {
		d.To = message.Address{URI: d.URI}
	}
	if d.CallID == "" {
		d.CallID = message.NewCallID()
	}
	if d.Seq == 0 {
		d.Seq = 1
	}
	if d.MaxForwards == 0 {
		d.MaxForwards = 70
	}
	switch d.Method {
	case "INVITE", "SUBSCRIBE", "REFER":
		d.Contact = true
	default:
		d.Contacts = o.Contacts
	}
	return d, nil
}

func walletOf(creds []Credential) compose.Wallet {
	accounts := make([]digest.Account, 0, len(creds))
	for _, c := range creds {
		accounts = append(accounts, digest.Account{
			Credentials: digest.Credentials{Username: c.Username, Password: c.Password}, Realm: c.Realm,
		})
	}
	return compose.NewWallet(accounts)
}

// begin sends a draft over a flow in a new transaction.
func (s *Server) begin(d *compose.Draft, f transport.Flow, l transaction.Listener) (*transaction.Client, error) {
	out, err := s.agent.Request(d, f)
	if err != nil {
		return nil, err
	}
	return s.txs.Send(out, f, l)
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
	d, err := s.newDraft(&o, walletOf(o.Credentials))
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
func (s *Server) requestVia(ctx context.Context, d *compose.Draft, h hop) (*message.Response, error) {
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
		if !d.AnswerChallenge(r) {
			return r, r.Err()
		}
		d.Seq++
	}
}

func (s *Server) roundTrip(ctx context.Context, d *compose.Draft, f transport.Flow) (*message.Response, error) {
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
