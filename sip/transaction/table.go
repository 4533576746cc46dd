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
	reconnector         Reconnector   // nil for none
	requests, responses atomic.Uint64 // sent

	mu     sync.Mutex
	down   bool
	server index.Index[string, *Server]
	merged index.Index[string, *Server]
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
	tx := &Server{table: t, key: Key(req), merge: mergeKey(req), req: req, flow: flow, tag: tag}
	limit := t.limit
	if !urgent {
		limit -= limit / reserve
	}
	old, merged, full, evicted := t.addServer(tx, limit)
	for _, tx := range evicted {
		tx.terminate()
	}
	switch {
	case old != nil:
		old.retransmitted()
		return nil, Again
	case full:
		return nil, Full
	}
	tx.start()
	if merged {
		return tx, Merged
	}
	return tx, New
}

// Holds tells whether a request is a repetition of one that has a transaction.
func (t *Table) Holds(req *message.Request) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.server.Get(Key(req)) != nil
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
	return t.server.Get(serverKey(req, "INVITE"))
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

// addServer takes a new transaction, or says which one the request belongs to
// already, or refuses it at the limit. What had to make room is to be terminated, without
// the table's lock.
func (t *Table) addServer(tx *Server, limit int) (old *Server, merged, full bool, evicted []*Server) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if old := t.server.Get(tx.key); old != nil {
		return old, false, false, nil
	}
	if t.down {
		return nil, false, true, nil
	}
	if t.server.Len() >= limit {
		evicted = t.evictRefused(limit)
		if t.server.Len() >= limit && !t.makeRoom(limit) {
			return nil, false, true, evicted
		}
	}
	t.server.Put(tx.key, tx)
	if tx.merge == "" {
		return nil, false, false, evicted
	}
	if t.merged.Get(tx.merge) != nil {
		tx.merge = ""
		return nil, true, false, evicted
	}
	t.merged.Put(tx.merge, tx)
	return nil, false, false, evicted
}

// replaceServer puts what is left of a transaction in its place, if that is still there and
// the table not closed: Close ends what it finds, and nothing may come after it.
func (t *Table) replaceServer(tx, by *Server) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.down || t.server.Get(tx.key) != tx {
		return
	}
	t.server.Put(tx.key, by)
	if tx.merge != "" && t.merged.Get(tx.merge) == tx {
		t.merged.Put(tx.merge, by)
	}
	t.keep(by)
}

func (t *Table) dropServer(tx *Server) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(tx)
}

// drop forgets a transaction; t.mu is held.
func (t *Table) drop(tx *Server) {
	t.server.Drop(tx.key, tx)
	if tx.merge != "" {
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
	return t.server.Len(), t.client.Len()
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
