package sip

import (
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/internal/repeat"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// track begins the repetition of a 2xx (RFC 3261 §13.3.1.4): after T1, then doubling up to
// T2, and given up after 64·T1; d.mu is held. It begins before the 2xx is sent, so that no
// ACK is too early.
func (d *Dialog) track(seq uint32, raw []byte, f transport.Flow, lateOffer bool) *repeat.Answer {
	a := &repeat.Answer{Seq: seq, Offers: lateOffer}
	d.unacked.Add(a, repeat.Config{
		First: d.s.cfg.T1, Most: d.s.cfg.T2, Life: 64 * d.s.cfg.T1, After: d.s.errands.After,
		// A connection that has gone may not come back; the end is GiveUp's to say.
		Send:   func() { d.s.sendAgain(f, raw) },
		GiveUp: func() { d.neverAcked(a) },
	})
	return a
}

// sendAgain repeats a response; whether it can is not this one's to say.
func (s *Server) sendAgain(f transport.Flow, raw []byte) {
	if f.Send(raw) == nil {
		s.count.ResponsesOut.Add(1)
	}
}

func (d *Dialog) neverAcked(a *repeat.Answer) {
	d.mu.Lock()
	lost := d.unacked.Forget(a)
	d.mu.Unlock()
	if lost {
		err := fault.New(fault.Timeout, "sip: no ACK for our 2xx")
		d.giveUp(End{Cause: EndNoAck, Err: err})
	}
}

// inAck takes an ACK for a 2xx, on the reader's goroutine.
func (d *Dialog) inAck(req *message.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.unacked.Of(req.Seq())
	if a == nil || d.ended {
		return // repeated, or for nothing
	}
	d.unacked.Forget(a)
	d.run.Must(func() {
		if h := d.theHandler(); h != nil {
			h.OnAck(req)
		}
	})
}

// untrack takes back a 2xx that could not be sent.
func (d *Dialog) untrack(a *repeat.Answer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unacked.Forget(a)
}
