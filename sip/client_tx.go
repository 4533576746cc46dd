package sip

import (
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// clientTx is a client transaction: it repeats our request until an answer
// comes, and acknowledges a refused INVITE (RFC 3261 §17.1, RFC 6026 §7.2).
type clientTx struct {
	s    *Server
	key  string
	req  *message.Message
	seq  uint32 // its CSeq
	raw  []byte // the request as sent
	ack  []byte // the ACK of a refusal, as sent
	flow transport.Flow
	// onResponse takes each provisional response, the final one, and after a 2xx
	// to an INVITE every further 2xx. It runs on the reader's goroutine, in the
	// order of arrival, and must not block.
	onResponse func(*message.Response)
	// onFail takes the end without a final response: fault.Timeout or
	// fault.Unreachable. At most once, and not after a final response.
	onFail func(error)

	mu       sync.Mutex
	state    txState
	interval time.Duration // timers A and E
	again    *time.Timer
	life     *time.Timer // timers B, D, F, K, M
}

func clientKey(branch, method string) string { return branch + " " + method }

// start sends the request. After an error there is no transaction.
func (tx *clientTx) start() error {
	if err := tx.s.txs.addClient(tx); err != nil {
		return err
	}
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if err := tx.flow.Send(tx.raw); err != nil {
		tx.end()
		return err
	}
	tx.s.count.requestsOut.Add(1)
	tx.life = time.AfterFunc(64*tx.s.cfg.T1, tx.expired) // timers B and F
	if !tx.flow.Reliable() {
		tx.interval = tx.s.cfg.T1
		tx.again = time.AfterFunc(tx.interval, tx.repeat)
	}
	return nil
}

// repeat is timer A, which doubles for ever, or timer E, which stops at T2.
func (tx *clientTx) repeat() {
	tx.mu.Lock()
	invite := tx.req.Method == "INVITE"
	if tx.state > txProceeding || tx.state == txProceeding && invite {
		tx.mu.Unlock()
		return
	}
	if err := tx.flow.Send(tx.raw); err != nil {
		tx.mu.Unlock()
		tx.fail(err)
		return
	}
	tx.s.count.requestsOut.Add(1)
	switch {
	case invite:
		tx.interval *= 2
	case tx.state == txProceeding:
		tx.interval = tx.s.cfg.T2
	default:
		tx.interval = min(2*tx.interval, tx.s.cfg.T2)
	}
	tx.again.Reset(tx.interval)
	tx.mu.Unlock()
}

// expired is the end of timers B, D, F, K and M.
func (tx *clientTx) expired() {
	tx.mu.Lock()
	if tx.state > txProceeding {
		tx.end()
		tx.mu.Unlock()
		return
	}
	tx.mu.Unlock()
	tx.fail(fault.New(fault.Timeout, "sip: no answer to %s from %s %s",
		tx.req.Method, tx.flow.Source().Network, tx.flow.Source().Remote))
}

// fail ends the transaction with an error unless a final response has come.
func (tx *clientTx) fail(err error) {
	tx.mu.Lock()
	answered := tx.state > txProceeding
	if !answered {
		tx.end()
	}
	tx.mu.Unlock()
	if !answered {
		tx.onFail(err)
	}
}

// received takes a response.
func (tx *clientTx) received(r *message.Response) {
	tx.mu.Lock()
	pass := tx.step(r)
	tx.mu.Unlock()
	if pass {
		tx.onResponse(r)
	}
}

// step moves on and says whether the response goes up.
func (tx *clientTx) step(r *message.Response) bool {
	invite := tx.req.Method == "INVITE"
	switch {
	case tx.state == txCompleted && invite && r.Status() >= 300:
		// Our ACK was lost; a failure shows in its next repetition.
		_ = tx.flow.Send(tx.ack)
		return false
	case tx.state == txAccepted:
		return r.Status() >= 200 && r.Status() < 300
	case tx.state > txProceeding:
		return false
	case r.Status() < 200:
		tx.state = txProceeding
		if invite {
			tx.stopTimers()
		}
		return true
	}
	tx.stopTimers()
	switch {
	case invite && r.Status() < 300:
		tx.state = txAccepted
		tx.life = time.AfterFunc(64*tx.s.cfg.T1, tx.expired) // timer M
	case invite:
		tx.state = txCompleted
		tx.acknowledge(r)
		tx.linger(64 * tx.s.cfg.T1) // timer D: 32 s with the usual T1
	default:
		tx.state = txCompleted
		tx.linger(tx.s.cfg.T4) // timer K
	}
	return true
}

// linger waits for late repetitions; a reliable transport has none.
func (tx *clientTx) linger(d time.Duration) {
	if tx.flow.Reliable() {
		tx.end()
		return
	}
	tx.life = time.AfterFunc(d, tx.expired)
}

// acknowledge sends the ACK of a refusal (RFC 3261 §17.1.1.3).
func (tx *clientTx) acknowledge(r *message.Response) {
	ack := &message.Message{Method: "ACK", URI: tx.req.URI}
	for _, h := range tx.req.Headers {
		switch h.Name {
		case "Via", "Route", "From", "Call-ID", "Max-Forwards":
			ack.Headers = append(ack.Headers, h)
		}
	}
	ack.Headers.Add("To", r.Header("To"))
	ack.Headers.Add("CSeq", message.FormatCSeq(tx.seq, "ACK"))
	b, err := ack.Encode()
	if err != nil {
		return // the To of a response that was parsed has no control characters
	}
	tx.ack = b
	_ = tx.flow.Send(b) // lost or failed, it is sent again with the next repetition
}

func (tx *clientTx) stopTimers() {
	for _, t := range []*time.Timer{tx.again, tx.life} {
		if t != nil {
			t.Stop()
		}
	}
}

func (tx *clientTx) terminate() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.end()
}

// end forgets the transaction; tx.mu is held.
func (tx *clientTx) end() {
	if tx.state == txTerminated {
		return
	}
	tx.state = txTerminated
	tx.stopTimers()
	tx.s.txs.dropClient(tx)
}
