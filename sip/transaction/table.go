package transaction

import (
	"container/list"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/internal/index"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// Timers are T1, T2 and T4 of RFC 3261 §17; every other timer follows from them.
type Timers struct{ T1, T2, T4 time.Duration }

// Table finds every transaction.
type Table struct {
	timers              Timers
	limit               int
	trying              func(*Server)
	guard               func(what string, f func()) bool
	reconnector         Reconnector // nil for none
	press               press
	requests, responses atomic.Uint64 // sent

	mu     sync.Mutex
	down   bool
	server index.Index[imprint, *Server]
	merged index.Index[imprint, *Server]
	client index.Index[string, *Client]
	left   remains
	// refused are the INVITEs that wait for the ACK of their refusal or have it, the oldest
	// first.
	refused list.List
}

// reserve is the part of a table that only urgent requests get.
const reserve = 8

// NewTable makes a table that takes at most so many server transactions. trying is
// called when an INVITE has had no answer for T1·2/5: a 100 is due. guard runs what
// a timer is for and keeps its panic within, reporting whether there was none.
func NewTable(timers Timers, limit int, trying func(*Server), guard func(what string, f func()) bool) *Table {
	return &Table{
		timers: timers,
		limit:  limit,
		trying: trying,
		guard:  guard,
		press:  newPress(),
		left:   remains{began: time.Now()},
	}
}

// after runs f once d has passed.
func (t *Table) after(d time.Duration, f func()) *time.Timer {
	return time.AfterFunc(d, func() { t.guard("timer of a transaction", f) })
}

// Arrival is what a request turns out to be.
type Arrival uint8

// The arrivals.
const (
	New    Arrival = iota // it has a transaction now
	Merged                // so it has, but it came by another way before: to be refused with 482 (RFC 3261 §8.2.2.2)
	Again                 // a retransmission; it has been dealt with
	Full                  // there are too many transactions, or the table is closed
)

// Arrive takes a request other than ACK and CANCEL that came over a flow. flow is
// where its responses go, tag their To tag. There is a transaction with New and
// Merged only. What is urgent, as all is that belongs to a call, finds room still
// when there is none for other requests.
func (t *Table) Arrive(req *message.Request, flow transport.Flow, tag string, urgent bool) (*Server, Arrival) {
	tx := &Server{table: t, key: t.press.key(req, req.Method()), merge: t.press.merge(req), req: req, flow: flow, tag: tag}
	limit := t.limit
	if !urgent {
		limit -= limit / reserve
	}
	old, arrival, evicted := t.addServer(tx, limit)
	for _, tx := range evicted {
		tx.terminate()
	}
	switch arrival {
	case Again:
		old.retransmitted()
		return nil, Again
	case Full:
		return nil, Full
	}
	tx.start()
	return tx, arrival
}

// Holds tells whether a request is a repetition of one that has a transaction.
func (t *Table) Holds(req *message.Request) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.find(t.press.key(req, req.Method())) != nil
}

// Loose is a transaction of a request other than INVITE that the table does not
// hold: its response is sent and forgotten, and a repeated request is a new one. tag
// is to be the same for each.
func (t *Table) Loose(req *message.Request, flow transport.Flow, tag string) *Server {
	return &Server{table: t, req: req, flow: flow, tag: tag, loose: true}
}

// Invite is the transaction of the INVITE that an ACK or a CANCEL is for, or nil.
func (t *Table) Invite(req *message.Request) *Server {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.find(t.press.key(req, "INVITE"))
}

// find is the transaction of a key, or what is left of it, or nil; t.mu is held.
func (t *Table) find(key imprint) *Server {
	if tx := t.server.Get(key); tx != nil {
		return tx
	}
	return t.left.find(t, key)
}

// Response gives a response to the transaction of its request; one that belongs to
// none is dropped.
func (t *Table) Response(r *message.Response) {
	_, method := r.CSeq()
	t.mu.Lock()
	tx := t.client.Get(clientKey(r.Via().Branch(), method))
	t.mu.Unlock()
	if tx != nil {
		tx.received(r)
	}
}

// addServer takes a new transaction, New or Merged, or says which one the request belongs to
// already, Again, or refuses it at the limit, Full. What had to make room is to be
// terminated, without the table's lock.
func (t *Table) addServer(tx *Server, limit int) (old *Server, arrival Arrival, evicted []*Server) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if old := t.find(tx.key); old != nil {
		return old, Again, nil
	}
	if t.down {
		return nil, Full, nil
	}
	if t.servers() >= limit {
		evicted = t.evictRefused(limit)
		if t.servers() >= limit && !t.makeRoom(limit) {
			return nil, Full, evicted
		}
	}
	t.server.Put(tx.key, tx)
	if tx.merge == (imprint{}) {
		return nil, New, evicted
	}
	if t.merged.Get(tx.merge) != nil || t.left.merged.Get(tx.merge) != 0 {
		tx.merge = imprint{}
		return nil, Merged, evicted
	}
	t.merged.Put(tx.merge, tx)
	return nil, New, evicted
}

// servers is how many server transactions there are; t.mu is held.
func (t *Table) servers() int { return t.server.Len() + t.left.found.Len() }

// leave puts what is left of a transaction in its place, if that is still there and the
// table not closed: Close ends what it finds, and nothing may come after it.
func (t *Table) leave(tx *Server, answer []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.down || t.server.Get(tx.key) != tx {
		return
	}
	t.drop(tx)
	t.keep(tx, answer)
}

func (t *Table) dropServer(tx *Server) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(tx)
}

// drop forgets a transaction; t.mu is held.
func (t *Table) drop(tx *Server) {
	if tx.remainder != 0 {
		t.left.forget(tx.remainder, tx.key, tx.merge)
		return
	}
	t.server.Drop(tx.key, tx)
	if tx.merge != (imprint{}) {
		t.merged.Drop(tx.merge, tx)
	}
	if tx.place != nil {
		t.refused.Remove(tx.place)
		tx.place = nil
	}
}

func (t *Table) addClient(tx *Client) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.down {
		return fault.New(fault.Unavailable, "sip: server is closed")
	}
	t.client.Put(tx.key, tx)
	return nil
}

func (t *Table) dropClient(tx *Client) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.client.Drop(tx.key, tx)
}

// Size is how many transactions there are of either kind.
func (t *Table) Size() (server, client int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.servers(), t.client.Len()
}

// Sent is how many requests and responses were sent, repeated requests included.
func (t *Table) Sent() (requests, responses uint64) { return t.requests.Load(), t.responses.Load() }

// FlowClosed ends the client transactions of a connection that has ended.
func (t *Table) FlowClosed(id message.FlowID) {
	t.mu.Lock()
	var clients []*Client
	for _, tx := range t.client.All() {
		if tx.flow.Reliable() && tx.flow.Source().Flow == id {
			clients = append(clients, tx)
		}
	}
	t.mu.Unlock()
	for _, tx := range clients {
		if err := fault.New(fault.Unreachable, "sip: connection to %s closed", tx.flow.Source().Remote); !tx.withdraw(err) {
			tx.fail(err)
		}
	}
}

// Close ends every transaction and takes no more.
func (t *Table) Close() {
	t.mu.Lock()
	t.down = true
	if t.left.timer != nil {
		t.left.timer.Stop()
	}
	t.left = remains{}
	servers := make([]*Server, 0, t.server.Len())
	for _, tx := range t.server.All() {
		servers = append(servers, tx)
	}
	clients := make([]*Client, 0, t.client.Len())
	for _, tx := range t.client.All() {
		clients = append(clients, tx)
	}
	t.mu.Unlock()
	for _, tx := range servers {
		tx.terminate()
	}
	for _, tx := range clients {
		tx.fail(fault.New(fault.Unavailable, "sip: server closed"))
		tx.Terminate()
	}
}
