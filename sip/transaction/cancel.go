package transaction

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// cancel is how far the end of an INVITE of ours is that nobody wants any more.
type cancel struct {
	wanted bool
	reason string
	sent   bool
	timer  *time.Timer
	// abandoned: nobody waits for what may still come.
	abandoned bool
	// over is a connection in place of that of the INVITE, which has ended.
	over transport.Flow
	// patience ends when that connection is waited for no longer.
	patience *time.Timer
}

// Cancel takes an INVITE back (RFC 3261 §9.1): the CANCEL waits for a provisional
// response, and a peer that then says nothing more is given up after 64·T1, with
// fault.Canceled. reason is the value of its Reason header, "" for none. After a
// final response nothing happens.
func (tx *Client) Cancel(reason string) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if !tx.cancel.wanted {
		tx.cancel.wanted, tx.cancel.reason = true, reason
	}
	tx.sendCancel()
}

// Abandon takes back an INVITE that nothing at all has come for, and reports whether
// that is so: it is repeated no more, and should a response come after all within 64·T1,
// it is canceled.
func (tx *Client) Abandon() bool {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.state != trying {
		return false
	}
	if tx.again != nil {
		tx.again.Stop()
	}
	tx.cancel.wanted, tx.cancel.abandoned = true, true
	return true
}

// Abandoned reports whether Abandon took the INVITE back.
func (tx *Client) Abandoned() bool {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	return tx.cancel.abandoned
}

// sendCancel sends the CANCEL when it is time; tx.mu is held.
func (tx *Client) sendCancel() {
	c := &tx.cancel
	if !c.wanted || c.sent || tx.state != proceeding {
		return
	}
	c.sent = true
	c.timer = tx.table.after(64*tx.table.timers.T1, func() {
		tx.fail(fault.New(fault.Canceled, "sip: canceled"))
	})
	m := &message.Message{Method: "CANCEL", URI: tx.out.Message.URI}
	for _, h := range tx.out.Message.Headers {
		switch h.Name {
		case "Via", "Route", "Max-Forwards", "From", "To", "Call-ID":
			m.Headers = append(m.Headers, h)
		}
	}
	m.Headers.Add("CSeq", message.FormatCSeq(tx.out.Seq, "CANCEL"))
	if c.reason != "" {
		m.Headers.Add("Reason", c.reason)
	}
	raw, err := m.Encode()
	if err != nil {
		return // a reason that cannot be sent; the timer ends it in any case
	}
	// A dead connection ends the INVITE as well.
	_, _ = tx.table.Send(Outgoing{m, raw, tx.out.Branch, tx.out.Seq}, tx.way(), nobody{})
}

func (c *cancel) stop() {
	for _, t := range []*time.Timer{c.timer, c.patience} {
		if t != nil {
			t.Stop()
		}
	}
}

// nobody listens to a CANCEL: the INVITE's own final response counts.
type nobody struct{}

func (nobody) Response(*Client, *message.Response) {}
func (nobody) Failed(error)                        {}
