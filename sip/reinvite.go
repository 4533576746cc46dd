package sip

import (
	"context"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/internal/compose"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transaction"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// glareRetries bounds how often a re-INVITE is tried again after a 491.
const glareRetries = 8

// ReInvite sends an INVITE with that body and waits for its final response; a
// 491, or an offer of the peer's that is under way, is waited out by the rules
// of RFC 3261 §14.1. The 2xx is acknowledged, unless c is empty and the 2xx has a
// body: then Ack must be called with the answer. A response of 300 and more is
// returned with an error of its kind, and the dialog goes on unless it was 408
// or 481.
func (d *Dialog) ReInvite(ctx context.Context, c Content, hs ...message.Header) (*message.Response, error) {
	dr, err := d.draft("INVITE", c, hs)
	if err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		r, err := d.reInvite(ctx, dr)
		if err == nil || fault.Of(err) != fault.Conflict || try == glareRetries {
			return r, err
		}
		if err := d.glarePause(ctx); err != nil {
			return r, err
		}
	}
}

// glarePause waits as RFC 3261 §14.1 says, with T1 for the RFC's 500 ms: 2.1 to
// 4 s for the one who made the Call-ID, up to 2 s for the other.
func (d *Dialog) glarePause(ctx context.Context) error {
	t1 := d.s.cfg.T1
	pause := between(0, 4*t1)
	d.mu.Lock()
	if d.st.Caller {
		pause = between(42*t1/10, 8*t1)
	}
	d.mu.Unlock()
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-d.done:
		return fault.New(fault.Gone, "sip: dialog has ended")
	case <-ctx.Done():
		return fault.New(fault.Timeout, "sip: re-INVITE: %w", ctx.Err())
	}
}

// reInvite is one INVITE, with the answers to its challenges.
func (d *Dialog) reInvite(ctx context.Context, dr *compose.Draft) (*message.Response, error) {
	if err := d.beginOffer(); err != nil {
		return nil, err
	}
	defer d.endOffer()
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
			d.judge(ctx, "INVITE", r, nil)
			return r, r.Err()
		}
	}
}

// reInviter follows one INVITE inside a dialog.
type reInviter struct {
	*transaction.Waiter
	d    *Dialog
	late bool // the 2xx brings the offer
}

// Response implements transaction.Listener.
func (w *reInviter) Response(tx *transaction.Client, r *message.Response) {
	if r.Status() >= 200 && r.Status() < 300 {
		w.d.in2xx(r.Seq(), r, w.late, compose.CredentialsOf(tx.Request()))
	}
	w.Waiter.Response(tx, r)
}

func (d *Dialog) reInviteOnce(ctx context.Context, dr *compose.Draft) (*message.Response, error) {
	w := &reInviter{Waiter: transaction.NewWaiter(), d: d, late: len(dr.Body) == 0}
	var tx *transaction.Client
	d.sending.Lock()
	f, err := d.way(ctx)
	if err == nil {
		dr.Seq = d.nextSeq()
		tx, err = d.s.begin(dr, f, w)
	}
	d.sending.Unlock()
	if err != nil {
		return nil, err
	}
	r, err := w.Wait(ctx)
	if err != nil && ctx.Err() != nil {
		tx.Cancel("")
	}
	return r, err
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
		d.run.Must(func() { d.sendAck(seq, a, Content{}) })
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
	d.s.count.requestsOut.Add(1)
	d.mu.Lock()
	a.raw, a.flow = raw, f
	d.mu.Unlock()
}

func (d *Dialog) buildAck(ctx context.Context, seq uint32, a *ackOut, c Content) ([]byte, transport.Flow, error) {
	f, err := d.way(ctx)
	if err != nil {
		return nil, nil, err
	}
	d.mu.Lock()
	dr := &compose.Draft{
		Method: "ACK", URI: d.st.Target, Route: d.st.Route, From: d.st.Local, To: d.st.Remote,
		CallID: d.id.CallID, Seq: seq, MaxForwards: 70, ContentType: c.Type, Body: c.Body, Auth: a.auth,
	}
	d.mu.Unlock()
	out, err := d.s.agent.Request(dr, f)
	return out.Raw, f, err
}

func (d *Dialog) repeatAck(a *ackOut) {
	d.mu.Lock()
	raw, f := a.raw, a.flow
	d.mu.Unlock()
	if raw != nil && f.Send(raw) == nil {
		d.s.count.requestsOut.Add(1)
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
	d.run.Must(func() { d.sendAck(seq, a, c) })
	return nil
}
