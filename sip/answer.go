package sip

import (
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/internal/repeat"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// answer is a 2xx of ours that is repeated until its ACK comes (RFC 3261
// §13.3.1.4), whatever the transport: after T1, then doubling up to T2, and
// given up after 64·T1.
type answer struct {
	seq        uint32
	lateOffer  bool          // the ACK must bring the answer
	over       chan struct{} // closed by the ACK, or when it is waited for no more
	repetition *repeat.Repetition
}

// track begins the repetition of a 2xx; d.mu is held. It begins before the 2xx
// is sent, so that no ACK is too early.
func (d *Dialog) track(seq uint32, raw []byte, f transport.Flow, lateOffer bool) *answer {
	a := &answer{seq: seq, lateOffer: lateOffer, over: make(chan struct{})}
	a.repetition = repeat.Start(repeat.Config{
		First: d.s.cfg.T1, Most: d.s.cfg.T2, Life: 64 * d.s.cfg.T1, After: d.s.errands.After,
		// A connection that has gone may not come back; the end is GiveUp's to say.
		Send:   func() { d.s.sendAgain(f, raw) },
		GiveUp: func() { d.neverAcked(a) },
	})
	if d.unacked == nil {
		d.unacked = make(map[uint32]*answer, 1)
	}
	d.unacked[seq] = a
	return a
}

// sendAgain repeats a response; whether it can is not this one's to say.
func (s *Server) sendAgain(f transport.Flow, raw []byte) {
	if f.Send(raw) == nil {
		s.count.ResponsesOut.Add(1)
	}
}

func (d *Dialog) neverAcked(a *answer) {
	d.mu.Lock()
	lost := d.forget(a)
	d.mu.Unlock()
	if lost {
		err := fault.New(fault.Timeout, "sip: no ACK for our 2xx")
		d.giveUp(End{Cause: EndNoAck, Err: err})
	}
}

// forget ends the repetition, for the ACK or for want of one, and reports whether
// it was under way; d.mu is held.
func (d *Dialog) forget(a *answer) bool {
	a.repetition.Stop()
	if d.unacked[a.seq] != a {
		return false
	}
	if delete(d.unacked, a.seq); len(d.unacked) == 0 {
		d.unacked = nil
	}
	close(a.over)
	return true
}

// inAck takes an ACK for a 2xx, on the reader's goroutine.
func (d *Dialog) inAck(req *message.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.unacked[req.Seq()]
	if a == nil || d.ended {
		return // repeated, or for nothing
	}
	d.forget(a)
	d.run.Must(func() {
		if h := d.theHandler(); h != nil {
			h.OnAck(req)
		}
	})
}

// untrack takes back a 2xx that could not be sent.
func (d *Dialog) untrack(a *answer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forget(a)
}
