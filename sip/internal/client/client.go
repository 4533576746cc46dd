package client

import (
	"context"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/internal/compose"
	"github.com/skygenesisenterprise/skybridge/sip/internal/route"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transaction"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// Client sends requests of ours.
type Client struct {
	Agent        *compose.Agent
	Transport    *transport.Layer
	Transactions *transaction.Table
	Route        *route.Finder
	T1           time.Duration
	Realms       *digest.Realms // of credentials without one
}

// Draft checks a request of the layer above and makes its draft.
func (c *Client) Draft(o *Outbound, w compose.Wallet) (*compose.Draft, error) {
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

// Wallet is what answers the challenges that a request meets.
func (c *Client) Wallet(o *Outbound) compose.Wallet {
	accounts := make([]digest.Account, 0, len(o.Credentials))
	for _, cred := range o.Credentials {
		accounts = append(accounts, digest.Account{
			Credentials: digest.Credentials{Username: cred.Username, Password: cred.Password, HA1: cred.HA1}, Realm: cred.Realm,
			Name: cred.Name, Server: o.Server, Realms: c.Realms,
		})
	}
	return compose.NewWallet(accounts)
}

// Begin sends a draft over a flow in a new transaction.
func (c *Client) Begin(d *compose.Draft, f transport.Flow, l transaction.Listener) (*transaction.Client, error) {
	out, f, err := c.Compose(d, f)
	if err != nil {
		return nil, err
	}
	return c.Transactions.Send(out, f, l)
}

// Compose makes the message of a draft, and the flow that it goes over: one that is too
// large for UDP takes a connection where there is one to be had (RFC 3261 §18.1.1).
func (c *Client) Compose(d *compose.Draft, f transport.Flow) (transaction.Outgoing, transport.Flow, error) {
	out, err := c.Agent.Request(d, f)
	if err != nil || d.Fixed {
		return out, f, err
	}
	if wide := c.Route.Wider(f, len(out.Raw)); wide != nil {
		f = wide
		out, err = c.Agent.Request(d, f)
	}
	return out, f, err
}

// Hops finds where a request can go, best first.
func (c *Client) Hops(ctx context.Context, o *Outbound) ([]route.Hop, error) {
	if o.Flow != "" {
		f, ok := c.Transport.Flow(o.Flow)
		if !ok {
			return nil, fault.New(fault.Unreachable, "sip: flow %s has ended", o.Flow)
		}
		return []route.Hop{route.Over(f)}, nil
	}
	var beside transport.Flow
	if o.Beside != "" {
		beside, _ = c.Transport.Flow(o.Beside) // else its socket is no more, and any does
	}
	return c.Route.Hops(ctx, o.FirstHop(), o.Transport, o.Listener, beside)
}

// Patience is how long a destination may say nothing while there is another one: Timer
// B would be far too long for who waits for a call (RFC 3263 §4.3).
func (c *Client) Patience() time.Duration { return 6 * c.T1 }

// Request sends a request and waits for its final response; see sip.Server.Request.
func (c *Client) Request(ctx context.Context, o *Outbound) (*message.Response, error) {
	d, err := c.Draft(o, c.Wallet(o))
	if err != nil {
		return nil, err
	}
	if o.Placed != nil {
		defer func() { *o.Placed = d.Placed }()
	}
	hops, err := c.Hops(ctx, o)
	if err != nil {
		return nil, err
	}
	for i, h := range hops {
		last := i == len(hops)-1
		r, err := c.requestVia(ctx, d, h, last)
		if ctx.Err() == nil || r != nil {
			c.Route.Judge(h, r, err)
		}
		if last || ctx.Err() != nil || !worthAnother(err) {
			return r, err
		}
		d.Seq++ // the one before may have got it
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
func (c *Client) requestVia(ctx context.Context, d *compose.Draft, h route.Hop, last bool) (*message.Response, error) {
	if !last {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Patience())
		defer cancel()
	}
	f, err := c.Route.Take(ctx, h, nil)
	if err != nil {
		return nil, err
	}
	for {
		r, err := c.roundTrip(ctx, d, f)
		if err != nil {
			return nil, err
		}
		if r.Status() < 300 {
			return r, nil
		}
		if !d.AnswerChallenge(r) {
			return r, d.Unanswered(r.Err())
		}
		d.Seq++
	}
}

func (c *Client) roundTrip(ctx context.Context, d *compose.Draft, f transport.Flow) (*message.Response, error) {
	w := transaction.NewWaiter()
	tx, err := c.Begin(d, f, w)
	if err != nil {
		return nil, err
	}
	r, err := w.Wait(ctx)
	if err != nil {
		tx.Terminate() // nobody waits any more
	}
	return r, err
}
