package transaction

import (
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// Reconnector finds connections in place of those that have ended. Its methods do not wait:
// they report whether they look for one, and then call then from another goroutine.
type Reconnector interface {
	// Back looks for the one that the response to a request goes over.
	Back(req *message.Request, gone transport.Flow, then func(transport.Flow, error)) bool
	// Out looks for another one to where we had opened one.
	Out(gone transport.Flow, then func(transport.Flow, error)) bool
}

// Reconnect names who finds connections, before the first transaction.
func (t *Table) Reconnect(r Reconnector) { t.reconnector = r }

// recall is the search for a connection of a call that rings.
type recall struct {
	rings bool
	under bool        // way: responses are held until it ends
	held  [][]byte    // in their order; a call that rings says little
	lost  func(error) // is told that there is none
}

// Recall has a call that rings go on over another connection, since its own has ended (RFC
// 3261 §18.2.2). lost is told, at once or later, if there is none.
func (tx *Server) Recall(lost func(error)) {
	tx.mu.Lock()
	under := tx.recallNow()
	if under {
		tx.recall.lost = lost
	}
	tx.mu.Unlock()
	if !under {
		lost(fault.New(fault.Unreachable, "sip: the caller's connection closed"))
	}
}

// recallNow begins the search, unless it is under way, and reports whether there is one;
// tx.mu is held.
func (tx *Server) recallNow() bool {
	r := &tx.recall
	if r.under || !r.rings || tx.state != proceeding || !tx.flow.Reliable() || tx.flow.Alive() || tx.table.reconnector == nil {
		return r.under
	}
	r.under = tx.table.reconnector.Back(tx.req, tx.flow, tx.recalled)
	return r.under
}

// recalled takes what was found.
func (tx *Server) recalled(f transport.Flow, err error) {
	tx.mu.Lock()
	r := &tx.recall
	held, lost := r.held, r.lost
	r.under, r.held, r.lost = false, nil, nil
	if err == nil && tx.state != terminated {
		tx.flow = f
		for _, b := range held {
			if err == nil {
				err = f.Send(b)
			}
		}
	}
	if err != nil {
		tx.end()
		err = fault.New(fault.Unreachable, "sip: the caller's connection closed: %w", err)
	}
	tx.mu.Unlock()
	if err != nil && lost != nil {
		lost(err)
	}
}

// send sends a response, or holds it while a connection is looked for; tx.mu is held.
func (tx *Server) send(b []byte) error {
	if !tx.recall.under {
		err := tx.flow.Send(b)
		if err == nil || !tx.recallNow() {
			return err
		}
	}
	tx.recall.held = append(tx.recall.held, b)
	return nil
}

// withdraw takes an INVITE back that a provisional response has come for, since its
// connection has ended: what may ring there is canceled over another connection. If it does
// ring the listener is told of the end after that, so that a call that then goes another way
// does not ring at both, but no later than in 2·T1: a host that has vanished is looked for
// for longer. Else, as after a mere 100, it is told at once. It reports whether it does so.
func (tx *Client) withdraw(err error) bool {
	tx.mu.Lock()
	if tx.out.Message.Method != "INVITE" || tx.state != proceeding || tx.cancel.sent || tx.table.reconnector == nil ||
		!tx.table.reconnector.Out(tx.flow, func(f transport.Flow, none error) { tx.withdrawn(f, none, err) }) {
		tx.mu.Unlock()
		return false
	}
	rings := tx.rings
	if rings {
		tx.cancel.patience = tx.table.after(2*tx.table.timers.T1, func() { tx.giveUp(err) })
	}
	tx.mu.Unlock()
	if !rings {
		tx.giveUp(err)
	}
	return true
}

// withdrawn takes what was found.
func (tx *Client) withdrawn(f transport.Flow, none, err error) {
	if none != nil {
		tx.fail(err)
		return
	}
	tx.mu.Lock()
	told := tx.cancel.abandoned
	canceled, to := tx.cancelOver(f), tx.to
	tx.mu.Unlock()
	if canceled && !told {
		to.Failed(err)
	}
}

// giveUp tells the listener of the end of an INVITE that has no final response and is to be
// canceled yet.
func (tx *Client) giveUp(err error) {
	tx.mu.Lock()
	tell, to := tx.state == proceeding && !tx.cancel.abandoned, tx.to
	if tell {
		tx.cancel.abandoned = true
	}
	tx.mu.Unlock()
	if tell {
		to.Failed(err)
	}
}

// cancelOver cancels the INVITE over another connection, if it has no final response yet;
// what comes of it concerns nobody. tx.mu is held.
func (tx *Client) cancelOver(f transport.Flow) bool {
	if tx.state != proceeding {
		return false
	}
	c := &tx.cancel
	c.stop() // one that was sent meanwhile, over nothing
	c.wanted, c.abandoned, c.sent, c.over = true, true, false, f
	tx.sendCancel()
	return true
}

// way is what goes to the peer after the INVITE itself goes over; tx.mu is held.
func (tx *Client) way() transport.Flow {
	if tx.cancel.over != nil {
		return tx.cancel.over
	}
	return tx.flow
}
