package transaction

import (
	"container/list"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// state is the state of a transaction (RFC 3261 §17, RFC 6026 §7).
type state uint8

const (
	trying     state = iota // "Calling" of an INVITE client transaction
	proceeding              // a provisional response is out or in
	accepted                // INVITE: a 2xx is out or in
	completed               // a final response is out or in
	confirmed               // INVITE server: the ACK is in
	terminated
)

// Server is a server transaction: it absorbs retransmitted requests, repeats our
// responses, and takes the ACK of a refused INVITE.
type Server struct {
	table *Table
	key   imprint
	merge imprint // of From tag, Call-ID and CSeq, for RFC 3261 §8.2.2.2; none inside dialogs
	req   *message.Request
	flow  transport.Flow
	tag   string        // the To tag of our responses
	loose bool          // of Table.Loose
	place *list.Element // in Table.refused; the table's lock guards it
	// remainder is the number of what is left, if that is all that this is.
	remainder uint64

	mu       sync.Mutex
	state    state
	last     []byte        // the last response, as sent
	interval time.Duration // timer G
	again    *time.Timer   // 100 Trying, then timer G
	life     *time.Timer   // timers H, I, J, L
	onCancel func(*message.Request)
	recall   recall
}

// Request is the request.
func (tx *Server) Request() *message.Request { return tx.req }

// Flow is where its responses go.
func (tx *Server) Flow() transport.Flow {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	return tx.flow
}

// Tag is the To tag of its responses.
func (tx *Server) Tag() string { return tx.tag }

// start runs the timers that a new transaction has.
func (tx *Server) start() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.state == terminated {
		return // the table was closed meanwhile
	}
	if tx.req.Method() == "INVITE" {
		// 200 ms with the usual T1 (RFC 3261 §17.2.1).
		tx.again = tx.table.after(tx.table.timers.T1*2/5, func() {
			if tx.unanswered() {
				tx.table.trying(tx)
			}
		})
		return
	}
	// A request that nobody answers is forgotten when its sender has given up.
	tx.life = tx.table.after(64*tx.table.timers.T1, tx.terminate)
}

func (tx *Server) unanswered() bool {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	return tx.state == trying
}

// Respond sends an encoded response and moves on. The error is fault.Conflict after
// a final one, fault.Unreachable when the flow is gone.
func (tx *Server) Respond(status int, b []byte) error {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.state > proceeding {
		return fault.New(fault.Conflict, "sip: %s is answered already", tx.req.Method())
	}
	forgets, once := tx.forgets(status), tx.once(status)
	if forgets { // first: who has the response finds nothing left
		tx.last = b
		tx.end()
	}
	if err := tx.send(b); err != nil {
		tx.end()
		return err
	}
	tx.table.responses.Add(1)
	tx.recall.rings = tx.recall.rings || status > 100 && status < 200
	if status == 100 && tx.state == proceeding {
		return nil // the provisional response that is repeated stays
	}
	tx.last = b
	if tx.again != nil {
		tx.again.Stop()
	}
	invite := tx.req.Method() == "INVITE"
	switch {
	case forgets:
	case status < 200:
		tx.state = proceeding
	case invite && status < 300:
		tx.state = accepted
		tx.leaveRemains(nil) // timer L
	case invite:
		tx.state = completed
		tx.table.refuse(tx)
		tx.expire(64 * tx.table.timers.T1) // timer H
		if !tx.flow.Reliable() && !once {
			tx.interval = tx.table.timers.T1
			tx.again = tx.table.after(tx.interval, tx.repeat)
		}
	case tx.flow.Reliable(), tx.loose:
		tx.end()
	default:
		tx.state = completed
		tx.leaveRemains(b) // timer J
	}
	return nil
}

// Forgets tells whether nothing will be remembered of a response of that status.
func (tx *Server) Forgets(status int) bool {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	return tx.forgets(status)
}

// forgets tells whether the transaction ends with a response of that status, as a stateless
// server's would (RFC 3261 §8.2.7): a challenge, or word of a request that is broken, is what
// the same request gets again. That is half of all requests where phones register, and all
// that a stranger gets. An INVITE that shows credentials is remembered: copies of it are not
// to count as wrong passwords one by one. tx.mu is held.
func (tx *Server) forgets(status int) bool {
	if tx.req.Method() == "INVITE" {
		return tx.once(status) && !tx.req.HasHeader("Authorization") && !tx.req.HasHeader("Proxy-Authorization")
	}
	return status == 401 || status == 407
}

// once tells whether a refusal of an INVITE goes out once, and again for each copy of the
// INVITE alone: one costs nothing to send in another's name, with credentials that are made
// up too, and that other must not have its refusal eleven times. Nor this table its
// transaction for half a minute: what is remembered makes room first. Who was told to wait
// repeats nothing, and must have its refusal repeated. tx.mu is held.
func (tx *Server) once(status int) bool {
	return (status == 401 || status == 407 || status == 400) && tx.state == trying && tx.req.To().Tag() == ""
}

// leaveRemains has what is to be known of an answered request take the transaction's place
// in the table: that it was, so that a repeated request is not a new one, and the answer
// that it gets again, which is the dialog's to repeat of an INVITE (RFC 6026 §7.1). The
// request, and whoever waited for its end, need not be kept for the half minute.
func (tx *Server) leaveRemains(answer []byte) {
	if tx.life != nil {
		tx.life.Stop()
	}
	tx.table.leave(tx, answer)
}

// repeat is timer G.
func (tx *Server) repeat() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.state != completed {
		return
	}
	if err := tx.flow.Send(tx.last); err != nil {
		tx.end()
		return
	}
	tx.interval = min(2*tx.interval, tx.table.timers.T2)
	tx.again.Reset(tx.interval)
}

// retransmitted takes a repeated request: the last response is repeated. A 2xx to
// an INVITE is the dialog's to repeat (RFC 6026 §7.1). One that has been terminated was
// found in the table while its challenge was being sent.
func (tx *Server) retransmitted() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.state == trying || tx.state == accepted || tx.state == confirmed || tx.last == nil {
		return
	}
	if err := tx.flow.Send(tx.last); err != nil {
		tx.end()
	}
}

// Acked takes an ACK; it reports whether it was for a refused INVITE, and so
// goes no further.
func (tx *Server) Acked() bool {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	switch tx.state {
	case completed:
		if tx.again != nil {
			tx.again.Stop()
		}
		tx.state = confirmed
		if tx.flow.Reliable() {
			tx.end()
		} else {
			tx.expire(tx.table.timers.T4) // timer I
		}
		return true
	case confirmed, terminated:
		return true
	}
	return false
}

// Canceled takes a CANCEL that matched.
func (tx *Server) Canceled(req *message.Request) {
	tx.mu.Lock()
	f := tx.onCancel
	final := tx.state > proceeding
	tx.mu.Unlock()
	if f != nil && !final {
		f(req)
	}
}

// OnCancel names who is told of a CANCEL that comes before the final response.
func (tx *Server) OnCancel(f func(*message.Request)) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.onCancel = f
}

func (tx *Server) expire(d time.Duration) {
	if tx.life != nil {
		tx.life.Stop()
	}
	tx.life = tx.table.after(d, tx.terminate)
}

func (tx *Server) terminate() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.end()
}

// end forgets the transaction; tx.mu is held.
func (tx *Server) end() {
	if tx.state == terminated {
		return
	}
	tx.state = terminated
	for _, t := range []*time.Timer{tx.again, tx.life} {
		if t != nil {
			t.Stop()
		}
	}
	tx.onCancel = nil
	tx.table.dropServer(tx)
}
