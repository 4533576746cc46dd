package transaction

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
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
	requests, responses atomic.Uint64 // sent

	mu     sync.Mutex
	down   bool
	server map[string]*Server
	merged map[string]*Server
	client map[string]*Client
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
		server: make(map[string]*Server),
		merged: make(map[string]*Server),
		client: make(map[string]*Client),
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
	old, merged, full := t.addServer(tx, limit)
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
	return t.server[serverKey(req, "INVITE")]
}

// Response gives a response to the transaction of its request; one that belongs to
// none is dropped.
func (t *Table) Response(r *message.Response) {
	_, method := r.CSeq()
	t.mu.Lock()
	tx := t.client[clientKey(r.Via().Branch(), method)]
	t.mu.Unlock()
	if tx != nil {
		tx.received(r)
	}
}

// addServer takes a new transaction, or says which one the request belongs to
// already, or refuses it at the limit.
func (t *Table) addServer(tx *Server, limit int) (old *Server, merged, full bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if old := t.server[tx.key]; old != nil {
		return old, false, false
	}
	if t.down || len(t.server) >= limit {
		return nil, false, true
	}
	t.server[tx.key] = tx
	if tx.merge == "" {
		return nil, false, false
	}
	if t.merged[tx.merge] != nil {
		tx.merge = ""
		return nil, true, false
	}
	t.merged[tx.merge] = tx
	return nil, false, false
}

// replaceServer puts another transaction in the place of one, if that is still there and
// the table not closed: Close ends what it finds, and nothing may come after it.
func (t *Table) replaceServer(tx, by *Server) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.down || t.server[tx.key] != tx {
		return false
	}
	t.server[tx.key] = by
	if tx.merge != "" && t.merged[tx.merge] == tx {
		t.merged[tx.merge] = by
	}
	return true
}

func (t *Table) dropServer(tx *Server) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.server[tx.key] == tx {
		delete(t.server, tx.key)
	}
	if tx.merge != "" && t.merged[tx.merge] == tx {
		delete(t.merged, tx.merge)
	}
}

func (t *Table) addClient(tx *Client) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.down {
		return fault.New(fault.Unavailable, "sip: server is closed")
	}
	t.client[tx.key] = tx
	return nil
}

func (t *Table) dropClient(tx *Client) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.client[tx.key] == tx {
		delete(t.client, tx.key)
	}
}

// Size is how many transactions there are of either kind.
func (t *Table) Size() (server, client int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.server), len(t.client)
}

// Sent is how many requests and responses were sent, repeated requests included.
func (t *Table) Sent() (requests, responses uint64) { return t.requests.Load(), t.responses.Load() }

// FlowClosed ends the client transactions of a connection that has ended.
func (t *Table) FlowClosed(id message.FlowID) {
	t.mu.Lock()
	var clients []*Client
	for _, tx := range t.client {
		if tx.flow.Reliable() && tx.flow.Source().Flow == id {
			clients = append(clients, tx)
		}
	}
	t.mu.Unlock()
	for _, tx := range clients {
		tx.fail(fault.New(fault.Unreachable, "sip: connection to %s closed", tx.flow.Source().Remote))
	}
}

// Close ends every transaction and takes no more.
func (t *Table) Close() {
	t.mu.Lock()
	t.down = true
	servers := make([]*Server, 0, len(t.server))
	for _, tx := range t.server {
		servers = append(servers, tx)
	}
	clients := make([]*Client, 0, len(t.client))
	for _, tx := range t.client {
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
