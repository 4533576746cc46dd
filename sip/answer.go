package sip

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// answer is a 2xx of ours that is repeated until its ACK comes (RFC 3261
// §13.3.1.4), whatever the transport: after T1, then doubling up to T2, and
// given up after 64·T1.
type answer struct {
	d         *Dialog
	seq       uint32
	raw       []byte
	flow      transport.Flow
	lateOffer bool          // the ACK must bring the answer
	over      chan struct{} // closed by the ACK, or when it is waited for no more

	// Guarded by d.mu.
	interval time.Duration
	again    *time.Timer
	life     *time.Timer
}

// track begins the repetition of a 2xx; d.mu is held. It begins before the 2xx
// is sent, so that no ACK is too early.
func (d *Dialog) track(seq uint32, raw []byte, f transport.Flow, lateOffer bool) *answer {
	t1 := d.s.cfg.T1
	a := &answer{d: d, seq: seq, raw: raw, flow: f, lateOffer: lateOffer, over: make(chan struct{}), interval: t1}
	a.again = d.s.after(t1, a.repeat)
	a.life = d.s.after(64*t1, a.givenUp)
	if d.unacked == nil {
		d.unacked = make(map[uint32]*answer, 1)
	}
	d.unacked[seq] = a
	return a
}

func (a *answer) repeat() {
	a.d.mu.Lock()
	defer a.d.mu.Unlock()
	if a.d.unacked[a.seq] != a || a.d.ended {
		return
	}
	// A connection that has gone may not come back; the end is givenUp's to say.
	if a.flow.Send(a.raw) == nil {
		a.d.s.count.responsesOut.Add(1)
	}
	a.interval = min(2*a.interval, a.d.s.cfg.T2)
	a.again.Reset(a.interval)
}

func (a *answer) givenUp() {
	a.d.mu.Lock()
	lost := a.forget()
	a.d.mu.Unlock()
	if lost {
		err := fault.New(fault.Timeout, "sip: no ACK for our 2xx")
		a.d.giveUp(End{Cause: EndNoAck, Err: err})
	}
}

// forget ends the repetition, for the ACK or for want of one, and reports whether
// it was under way; d.mu is held.
func (a *answer) forget() bool {
	a.stop()
	if a.d.unacked[a.seq] != a {
		return false
	}
	if delete(a.d.unacked, a.seq); len(a.d.unacked) == 0 {
		a.d.unacked = nil
	}
	close(a.over)
	return true
}

// stop ends the timers; d.mu is held.
func (a *answer) stop() {
	a.again.Stop()
	a.life.Stop()
}

// inAck takes an ACK for a 2xx, on the reader's goroutine.
func (d *Dialog) inAck(req *message.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.unacked[req.Seq()]
	if a == nil || d.ended {
		return // repeated, or for nothing
	}
	a.forget()
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
	a.forget()
}
