package sip

import (
	"context"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/glare"
	"github.com/skygenesisenterprise/skybridge/sip/internal/compose"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transaction"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// ReInvite sends an INVITE with that body and waits for its final response; a
// 491, or an offer of the peer's that is under way, is waited out by the rules
// of RFC 3261 §14.1. The 2xx is acknowledged, unless c is empty and the 2xx has a
// body: then Ack must be called with the answer. A response of 300 and more is
// returned with an error of its kind, and the dialog goes on unless it was 408
// or 481.
func (d *Dialog) ReInvite(ctx context.Context, c Content, hs ...message.Header) (*message.Response, error) {
	for retry := (glare.Retry{}); ; {
		r, err := d.Offer(ctx, "INVITE", c, hs...)
		if err == nil {
			return r, nil
		}
		pause, again := d.Again(&retry, r, err)
		if !again {
			return r, err
		}
		if err := glare.Wait(ctx, d.done, pause); err != nil {
			return r, err
		}
	}
}

// Offer is one try of ReInvite, or of an UPDATE: fault.Conflict says that it met an offer of
// the peer's.
func (d *Dialog) Offer(ctx context.Context, method string, c Content, hs ...message.Header) (*message.Response, error) {
	if method != "INVITE" {
		return d.Request(ctx, method, c, hs...)
	}
	dr, err := d.draft(method, c, hs)
	if err != nil {
		return nil, err
	}
	return d.reInvite(ctx, dr)
}

// Again reports whether an offer that came to this is to be made again, and after how
// long.
func (d *Dialog) Again(retry *glare.Retry, r *message.Response, err error) (time.Duration, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return retry.After(r, err, d.st.Caller, d.s.cfg.T1)
}

// reInvite is one INVITE, with the answers to its challenges.
func (d *Dialog) reInvite(ctx context.Context, dr *compose.Draft) (*message.Response, error) {
	if err := d.beginOffer(dr); err != nil {
		return nil, err
	}
	for {
		r, err := d.reInviteOnce(ctx, dr)
		if err != nil {
			d.judge(ctx, "INVITE", nil, err)
			return nil, err
		}
		if r.Status() < 300 {
			d.refreshResponse(r)
			return r, nil
		}
		if !dr.AnswerChallenge(r) {
			d.endOffer(dr)
			d.judge(ctx, "INVITE", r, nil)
			return r, r.Err()
		}
	}
}

func (d *Dialog) reInviteOnce(ctx context.Context, dr *compose.Draft) (*message.Response, error) {
	w := d.follow(dr)
	var tx *transaction.Client
	d.acknowledged()
	d.sending.Lock()
	f, err := d.way(ctx, dr)
	if err == nil {
		dr.Seq = d.nextSeq()
		tx, err = d.s.client.Begin(dr, f, w)
	}
	d.sending.Unlock()
	if err != nil {
		d.endOffer(dr)
		return nil, err
	}
	r, err := w.Wait(ctx)
	if err != nil && ctx.Err() != nil {
		tx.Cancel("")
		w.dropped.Store(true)
		d.ackAnyway(dr.Seq) // of a 2xx that was here before
	}
	return r, err
}

// ackAnyway acknowledges a 2xx whose offer nobody answers, and hangs up: the answer was due in
// that ACK (RFC 3261 §13.2.2.4), and none can be given any more.
func (d *Dialog) ackAnyway(seq uint32) {
	d.mu.Lock()
	due := d.ackDue == seq
	d.mu.Unlock()
	if due && d.Ack(Content{}) == nil { // else it has been sent meanwhile
		d.run.Must(func() { d.giveUp(End{Cause: EndLocal}) })
	}
}

// in2xx takes a 2xx to an INVITE of ours, first or repeated, on the reader's
// goroutine: it is acknowledged on the dialog's.
func (d *Dialog) in2xx(seq uint32, r *message.Response, late bool, auth []message.Header) {
	d.mu.Lock()
	a := d.acks[seq]
	first := a == nil
	if first {
		a = &ackOut{auth: auth}
		if d.acks == nil {
			d.acks = make(map[uint32]*ackOut, 1)
		}
		d.acks[seq] = a
		for old := range d.acks {
			if old+2 < seq {
				delete(d.acks, old)
			}
		}
	}
	d.mu.Unlock()
	switch {
	case !first:
		d.run.Post(func() { d.repeatAck(a) })
	case late && len(r.Body()) > 0:
		d.mu.Lock()
		d.ackDue = seq
		d.mu.Unlock()
	default:
		d.acknowledge(seq, a, Content{})
	}
}

// acknowledge has the ACK for a 2xx sent; acknowledged waits for that.
func (d *Dialog) acknowledge(seq uint32, a *ackOut, c Content) {
	sent := make(chan struct{})
	d.mu.Lock()
	d.acking = sent
	d.mu.Unlock()
	d.run.Must(func() {
		defer close(sent)
		d.sendAck(seq, a, c)
	})
}

// acknowledged waits until our ACK is on the wire, which no request that follows may
// overtake, for as long as one may take.
func (d *Dialog) acknowledged() {
	d.mu.Lock()
	sent := d.acking
	d.mu.Unlock()
	if sent == nil {
		return
	}
	late := time.NewTimer(64 * d.s.cfg.T1)
	defer late.Stop()
	select {
	case <-sent:
	case <-d.done: // nothing follows
	case <-late.C:
	}
}

// sendAck sends the ACK for a 2xx (RFC 3261 §13.2.2.4). One that is lost is sent
// again when the 2xx is.
func (d *Dialog) sendAck(seq uint32, a *ackOut, c Content) {
	ctx, cancel := context.WithTimeout(context.Background(), 64*d.s.cfg.T1)
	defer cancel()
	raw, f, err := d.buildAck(ctx, seq, a, c)
	if err == nil {
		err = f.Send(raw)
	}
	if err != nil {
		d.s.quirks.Note("send ACK", d.peer(), err)
		return
	}
	d.s.count.RequestsOut.Add(1)
	d.mu.Lock()
	a.raw, a.flow = raw, f
	d.mu.Unlock()
}

func (d *Dialog) buildAck(ctx context.Context, seq uint32, a *ackOut, c Content) ([]byte, transport.Flow, error) {
	d.mu.Lock()
	dr := &compose.Draft{
		Method: "ACK", URI: d.st.Target, Route: d.st.Route, From: d.st.Local, To: d.st.Remote,
		CallID: d.id.CallID, Seq: seq, MaxForwards: 70, ContentType: c.Type, Body: c.Body, Auth: a.auth,
	}
	d.mu.Unlock()
	f, err := d.way(ctx, dr)
	if err != nil {
		return nil, nil, err
	}
	out, f, err := d.s.client.Compose(dr, f)
	return out.Raw, f, err
}

func (d *Dialog) repeatAck(a *ackOut) {
	d.mu.Lock()
	raw, f := a.raw, a.flow
	d.mu.Unlock()
	if raw != nil && f.Send(raw) == nil {
		d.s.count.RequestsOut.Add(1)
	}
}

// Ack acknowledges a 2xx that held the offer, with the answer. fault.Conflict
// says that no such 2xx waits.
func (d *Dialog) Ack(c Content) error {
	if len(c.Body) > 0 {
		if err := message.CheckHeader("Content-Type", c.Type); err != nil {
			return err
		}
	}
	d.mu.Lock()
	seq := d.ackDue
	a := d.acks[seq]
	d.ackDue = 0
	d.mu.Unlock()
	if seq == 0 || a == nil {
		return fault.New(fault.Conflict, "sip: no 2xx waits for its answer")
	}
	d.acknowledge(seq, a, c)
	return nil
}
