package sip

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// listener is told of what comes back for a request; its methods run on readers'
// goroutines and must not block.
type listener interface {
	response(*message.Response)
	failed(error)
}

// begin sends a draft over a flow in a new transaction.
func (s *Server) begin(d *draft, f transport.Flow, l listener) (*clientTx, error) {
	m, raw, branch, err := s.compose(d, f)
	if err != nil {
		return nil, err
	}
	tx := &clientTx{
		s: s, key: clientKey(branch, d.method), req: m, seq: d.seq, raw: raw, flow: f,
		onResponse: l.response, onFail: l.failed,
	}
	return tx, tx.start()
}

// waiter waits for one final response.
type waiter struct{ result chan outcome }

type outcome struct {
	r   *message.Response
	err error
}

func newWaiter() *waiter { return &waiter{result: make(chan outcome, 1)} }

func (w *waiter) response(r *message.Response) {
	if r.Status() >= 200 {
		w.put(outcome{r: r})
	}
}

func (w *waiter) failed(err error) { w.put(outcome{err: err}) }

func (w *waiter) put(o outcome) {
	select {
	case w.result <- o:
	default: // the 2xx of another fork: only the first is waited for
	}
}

func (w *waiter) wait(ctx context.Context) (*message.Response, error) {
	select {
	case o := <-w.result:
		return o.r, o.err
	case <-ctx.Done():
		return nil, fault.New(fault.Timeout, "sip: no answer yet: %w", ctx.Err())
	}
}

// inviteTx is an INVITE of ours that can be canceled (RFC 3261 §9.1): the CANCEL
// waits for a provisional response, and a peer that then says nothing more is
// given up after 64·T1.
type inviteTx struct {
	tx     *clientTx
	giveUp func() // after a CANCEL without a final response

	mu          sync.Mutex
	provisional bool
	final       bool
	wanted      bool
	reason      string
	sent        bool
	timer       *time.Timer
}

// note is told of every response before anyone else.
func (i *inviteTx) note(r *message.Response) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if r.Status() >= 200 {
		i.final = true
		if i.timer != nil {
			i.timer.Stop()
		}
		return
	}
	i.provisional = true
	i.sendCancel()
}

func (i *inviteTx) cancel(reason string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.wanted {
		i.wanted, i.reason = true, reason
	}
	i.sendCancel()
}

// sendCancel sends the CANCEL when it is time; i.mu is held.
func (i *inviteTx) sendCancel() {
	if !i.wanted || !i.provisional || i.final || i.sent {
		return
	}
	i.sent = true
	tx := i.tx
	m := &message.Message{Method: "CANCEL", URI: tx.req.URI}
	for _, h := range tx.req.Headers {
		switch h.Name {
		case "Via", "Route", "Max-Forwards", "From", "To", "Call-ID":
			m.Headers = append(m.Headers, h)
		}
	}
	m.Headers.Add("CSeq", message.FormatCSeq(tx.seq, "CANCEL"))
	if i.reason != "" {
		m.Headers.Add("Reason", i.reason)
	}
	i.timer = time.AfterFunc(64*tx.s.cfg.T1, i.giveUp)
	raw, err := m.Encode()
	if err != nil {
		return // Cancel has checked the reason; giveUp ends it in any case
	}
	c := &clientTx{
		s: tx.s, key: clientKey(branchOf(tx.key), "CANCEL"), req: m, seq: tx.seq, raw: raw, flow: tx.flow,
		onResponse: func(*message.Response) {}, // the INVITE's own final response counts
		onFail:     func(error) {},
	}
	_ = c.start() // a dead connection ends the INVITE as well
}

func branchOf(key string) string {
	b, _, _ := strings.Cut(key, " ")
	return b
}
