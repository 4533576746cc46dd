package sip

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// txState is the state of a transaction (RFC 3261 §17, RFC 6026 §7).
type txState uint8

const (
	txTrying     txState = iota // "Calling" of an INVITE client transaction
	txProceeding                // a provisional response is out or in
	txAccepted                  // INVITE: a 2xx is out or in
	txCompleted                 // a final response is out or in
	txConfirmed                 // INVITE server: the ACK is in
	txTerminated
)

// serverTx is a server transaction: it absorbs retransmitted requests, repeats
// our responses, and takes the ACK of a refused INVITE. Its timers run on
// goroutines of the runtime's and end with it.
type serverTx struct {
	s     *Server
	key   string
	merge string // From tag, Call-ID and CSeq, for RFC 3261 §8.2.2.2; "" inside dialogs
	req   *message.Request
	flow  transport.Flow
	tag   string // the To tag of our responses

	mu       sync.Mutex
	state    txState
	last     []byte        // the last response, as sent
	interval time.Duration // timer G
	again    *time.Timer   // 100 Trying, then timer G
	life     *time.Timer   // timers H, I, J, L
	onCancel func(*message.Request)
}

// serverKey is the id of a request's transaction (RFC 3261 §17.2.3). CANCEL is
// matched to its INVITE by asking with method "INVITE", and so is ACK. Call-ID
// and CSeq keep peers apart that use one branch for everything.
func serverKey(req *message.Request, method string) string {
	n, _ := req.CSeq()
	seq, via := strconv.FormatUint(uint64(n), 10), req.Via()
	if via.Modern() {
		return strings.Join([]string{via.Branch(), via.SentBy(), req.CallID(), seq, method}, " ")
	}
	// RFC 2543: everything that such a peer keeps the same in a retransmission.
	return strings.Join([]string{req.URI().String(), req.From().Tag(), req.CallID(), seq, method, via.String()}, " ")
}

func mergeKey(req *message.Request) string {
	if req.To().Tag() != "" {
		return ""
	}
	return req.From().Tag() + " " + req.CallID() + " " + message.FormatCSeq(req.CSeq())
}

// start runs the timers that a new transaction has.
func (tx *serverTx) start() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.req.Method() == "INVITE" {
		// 200 ms with the usual T1 (RFC 3261 §17.2.1).
		tx.again = time.AfterFunc(tx.s.cfg.T1*2/5, tx.trying)
		return
	}
	// A request that nobody answers is forgotten when its sender has given up.
	tx.life = time.AfterFunc(64*tx.s.cfg.T1, tx.terminate)
}

func (tx *serverTx) trying() {
	tx.mu.Lock()
	idle := tx.state == txTrying
	tx.mu.Unlock()
	if idle {
		// The flow has gone: whoever answers the call finds out.
		_ = tx.reply(Reply{Status: 100})
	}
}

// respond sends an encoded response and moves on.
func (tx *serverTx) respond(status int, b []byte) error {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.state > txProceeding {
		return fault.New(fault.Conflict, "sip: %s is answered already", tx.req.Method())
	}
	if err := tx.flow.Send(b); err != nil {
		tx.end()
		return err
	}
	tx.s.count.responsesOut.Add(1)
	if status == 100 && tx.state == txProceeding {
		return nil // the provisional response that is repeated stays
	}
	tx.last = b
	if tx.again != nil {
		tx.again.Stop()
	}
	invite := tx.req.Method() == "INVITE"
	switch {
	case status < 200:
		tx.state = txProceeding
	case invite && status < 300:
		tx.state = txAccepted
		tx.expire(64 * tx.s.cfg.T1) // timer L
	case invite:
		tx.state = txCompleted
		tx.expire(64 * tx.s.cfg.T1) // timer H
		if !tx.flow.Reliable() {
			tx.interval = tx.s.cfg.T1
			tx.again = time.AfterFunc(tx.interval, tx.repeat)
		}
	case tx.flow.Reliable():
		tx.end()
	default:
		tx.state = txCompleted
		tx.expire(64 * tx.s.cfg.T1) // timer J
	}
	return nil
}

// repeat is timer G.
func (tx *serverTx) repeat() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.state != txCompleted {
		return
	}
	if err := tx.flow.Send(tx.last); err != nil {
		tx.end()
		return
	}
	tx.interval = min(2*tx.interval, tx.s.cfg.T2)
	tx.again.Reset(tx.interval)
}

// retransmitted takes a repeated request: the last response is repeated. A 2xx to
// an INVITE is the dialog's to repeat (RFC 6026 §7.1).
func (tx *serverTx) retransmitted() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.state != txProceeding && tx.state != txCompleted || tx.last == nil {
		return
	}
	if err := tx.flow.Send(tx.last); err != nil {
		tx.end()
	}
}

// acked takes an ACK; it reports whether it was for a refused INVITE, and so
// goes no further.
func (tx *serverTx) acked() bool {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	switch tx.state {
	case txCompleted:
		if tx.again != nil {
			tx.again.Stop()
		}
		tx.state = txConfirmed
		if tx.flow.Reliable() {
			tx.end()
		} else {
			tx.expire(tx.s.cfg.T4) // timer I
		}
		return true
	case txConfirmed, txTerminated:
		return true
	}
	return false
}

// canceled takes a CANCEL that matched.
func (tx *serverTx) canceled(req *message.Request) {
	tx.mu.Lock()
	f := tx.onCancel
	final := tx.state > txProceeding
	tx.mu.Unlock()
	if f != nil && !final {
		f(req)
	}
}

func (tx *serverTx) setOnCancel(f func(*message.Request)) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.onCancel = f
}

func (tx *serverTx) expire(d time.Duration) {
	if tx.life != nil {
		tx.life.Stop()
	}
	tx.life = time.AfterFunc(d, tx.terminate)
}

func (tx *serverTx) terminate() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.end()
}

// end forgets the transaction; tx.mu is held.
func (tx *serverTx) end() {
	if tx.state == txTerminated {
		return
	}
	tx.state = txTerminated
	for _, t := range []*time.Timer{tx.again, tx.life} {
		if t != nil {
			t.Stop()
		}
	}
	tx.onCancel = nil
	tx.s.txs.dropServer(tx)
}
