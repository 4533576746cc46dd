package transaction

import (
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// Outgoing is a request of ours as it is sent.
type Outgoing struct {
	Message *message.Message
	Raw     []byte // Message, encoded
	Branch  string // of its Via
	Seq     uint32 // of its CSeq
}

// Listener is told of what comes back for a request. Its methods run on readers'
// and timers' goroutines, Response in the order of arrival, and must not block.
type Listener interface {
	// Response takes each provisional response, the final one, and after a 2xx to
	// an INVITE every further 2xx.
	Response(*Client, *message.Response)
	// Failed takes the end without a final response: fault.Timeout,
	// fault.Unreachable, or fault.Canceled when a CANCEL got none. At most once,
	// and not after a final response.
	Failed(error)
}

// Client is a client transaction: it repeats our request until an answer comes,
// and acknowledges a refused INVITE (RFC 3261 §17.1, RFC 6026 §7.2).
type Client struct {
	table *Table
	key   string
	out   Outgoing
	flow  transport.Flow

	mu       sync.Mutex
	to       Listener
	state    state
	rings    bool          // a provisional response other than 100 has come
	ack      []byte        // the ACK of a refusal, as sent
	interval time.Duration // timers A and E
	again    *time.Timer
	life     *time.Timer // timers B, D, F, M
	cancel   cancel
}

func clientKey(branch, method string) string { return branch + " " + method }

// Send sends a request over a flow in a new transaction. After an error there is
// none, and the listener is told nothing.
func (t *Table) Send(out Outgoing, flow transport.Flow, to Listener) (*Client, error) {
	tx := &Client{table: t, key: clientKey(out.Branch, out.Message.Method), out: out, flow: flow, to: to}
	if err := tx.start(); err != nil {
		return nil, err
	}
	return tx, nil
}

// Hand has somebody else told of what comes from now on.
func (tx *Client) Hand(to Listener) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.to = to
}

// Request is the request; that of an INVITE that was accepted has its credentials alone.
func (tx *Client) Request() *message.Message {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	return tx.out.Message
}

// Flow is what the request went over.
func (tx *Client) Flow() transport.Flow { return tx.flow }

// start sends the request. After an error there is no transaction.
func (tx *Client) start() error {
	if err := tx.table.addClient(tx); err != nil {
		return err
	}
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if err := tx.flow.Send(tx.out.Raw); err != nil {
		tx.end()
		return err
	}
	tx.table.requests.Add(1)
	tx.life = tx.table.after(64*tx.table.timers.T1, tx.expired) // timers B and F
	if !tx.flow.Reliable() {
		tx.interval = tx.table.timers.T1
		tx.again = tx.table.after(tx.interval, tx.repeat)
	}
	return nil
}

// repeat is timer A, which doubles for ever, or timer E, which stops at T2.
func (tx *Client) repeat() {
	if err := tx.sendAgain(); err != nil {
		tx.fail(err)
	}
}

func (tx *Client) sendAgain() error {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	invite := tx.out.Message.Method == "INVITE"
	if tx.state > proceeding || tx.state == proceeding && invite || tx.cancel.abandoned {
		return nil
	}
	if err := tx.flow.Send(tx.out.Raw); err != nil {
		return err
	}
	tx.table.requests.Add(1)
	switch {
	case invite:
		tx.interval *= 2
	case tx.state == proceeding:
		tx.interval = tx.table.timers.T2
	default:
		tx.interval = min(2*tx.interval, tx.table.timers.T2)
	}
	tx.again.Reset(tx.interval)
	return nil
}

// expired is the end of timers B, D, F and M.
func (tx *Client) expired() {
	tx.mu.Lock()
	if tx.state > proceeding {
		tx.end()
		tx.mu.Unlock()
		return
	}
	method := tx.out.Message.Method
	tx.mu.Unlock()
	tx.fail(fault.New(fault.Timeout, "sip: no answer to %s from %s %s",
		method, tx.flow.Source().Network, tx.flow.Source().Remote))
}

// fail ends the transaction with an error unless a final response has come.
func (tx *Client) fail(err error) {
	tx.mu.Lock()
	answered, given, to := tx.state > proceeding, tx.cancel.abandoned, tx.to
	if !answered {
		tx.end()
	}
	tx.mu.Unlock()
	if !answered && !given {
		to.Failed(err)
	}
}

// received takes a response.
func (tx *Client) received(r *message.Response) {
	tx.mu.Lock()
	pass, to := tx.step(r), tx.to
	tx.mu.Unlock()
	if pass {
		to.Response(tx, r)
	}
}

// step moves on and says whether the response goes up.
func (tx *Client) step(r *message.Response) bool {
	invite := tx.out.Message.Method == "INVITE"
	switch {
	case tx.state == completed && invite && r.Status() >= 300:
		// Our ACK was lost; a failure shows in its next repetition.
		_ = tx.way().Send(tx.ack)
		return false
	case tx.state == accepted:
		return r.Status() >= 200 && r.Status() < 300
	case tx.state > proceeding:
		return false
	case r.Status() < 200:
		tx.state = proceeding
		tx.rings = tx.rings || r.Status() > 100
		if invite {
			tx.stopTimers()
			tx.sendCancel()
		}
		return true
	}
	tx.stopTimers()
	tx.cancel.stop()
	tx.out.Raw = nil // it is not sent again
	switch {
	case invite && r.Status() < 300:
		tx.state = accepted
		tx.out.Message = &message.Message{Method: "INVITE", Headers: tx.out.Message.Credentials()}
		tx.linger(64 * tx.table.timers.T1) // timer M
	case invite:
		tx.state = completed
		tx.acknowledge(r)
		if tx.flow.Reliable() {
			tx.end()
			return true
		}
		tx.linger(64 * tx.table.timers.T1) // timer D: 32 s with the usual T1
	default:
		// RFC 3261 §17.1.2.2 would have the transaction wait for repetitions of the response
		// until timer K, and drop them. Those of no transaction are dropped as well.
		tx.end()
	}
	return true
}

// linger waits for more that may come, for so long.
func (tx *Client) linger(d time.Duration) {
	tx.again = nil
	tx.life.Reset(d)
}

// acknowledge sends the ACK of a refusal (RFC 3261 §17.1.1.3).
func (tx *Client) acknowledge(r *message.Response) {
	ack := &message.Message{Method: "ACK", URI: tx.out.Message.URI}
	for _, h := range tx.out.Message.Headers {
		switch h.Name {
		case "Via", "Route", "From", "Call-ID", "Max-Forwards":
			ack.Headers = append(ack.Headers, h)
		}
	}
	ack.Headers.Add("To", r.Header("To"))
	ack.Headers.Add("CSeq", message.FormatCSeq(tx.out.Seq, "ACK"))
	b, err := ack.Encode()
	if err != nil {
		return // the To of a response that was parsed has no control characters
	}
	tx.ack = b
	_ = tx.way().Send(b) // lost or failed, it is sent again with the next repetition
}

func (tx *Client) stopTimers() {
	for _, t := range []*time.Timer{tx.again, tx.life} {
		if t != nil {
			t.Stop()
		}
	}
}

// Terminate ends the transaction; the listener is told nothing more.
func (tx *Client) Terminate() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.end()
}

// end forgets the transaction; tx.mu is held.
func (tx *Client) end() {
	if tx.state == terminated {
		return
	}
	tx.state = terminated
	tx.stopTimers()
	tx.cancel.stop()
	tx.table.dropClient(tx)
}
