package sip

import (
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// txTable holds every transaction.
type txTable struct {
	limit int

	mu     sync.Mutex
	down   bool
	server map[string]*serverTx
	merged map[string]*serverTx
	client map[string]*clientTx
}

func newTxTable(limit int) *txTable {
	return &txTable{
		limit:  limit,
		server: make(map[string]*serverTx),
		merged: make(map[string]*serverTx),
		client: make(map[string]*clientTx),
	}
}

func (t *txTable) findServer(key string) *serverTx {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.server[key]
}

// addServer takes a new transaction, or says which one the request belongs to
// already, or refuses it at the limit. merged is set when the same request has
// come by another way (RFC 3261 §8.2.2.2).
func (t *txTable) addServer(tx *serverTx) (old *serverTx, merged, full bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if old := t.server[tx.key]; old != nil {
		return old, false, false
	}
	if t.down || len(t.server) >= t.limit {
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

func (t *txTable) dropServer(tx *serverTx) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.server[tx.key] == tx {
		delete(t.server, tx.key)
	}
	if tx.merge != "" && t.merged[tx.merge] == tx {
		delete(t.merged, tx.merge)
	}
}

func (t *txTable) addClient(tx *clientTx) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.down {
		return fault.New(fault.Unavailable, "sip: server is closed")
	}
	t.client[tx.key] = tx
	return nil
}

func (t *txTable) findClient(key string) *clientTx {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.client[key]
}

func (t *txTable) dropClient(tx *clientTx) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.client[tx.key] == tx {
		delete(t.client, tx.key)
	}
}

func (t *txTable) sizes() (server, client int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.server), len(t.client)
}

// flowClosed ends the transactions of a connection that has ended.
func (t *txTable) flowClosed(id message.FlowID) {
	t.mu.Lock()
	var clients []*clientTx
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

// close ends every transaction and takes no more.
func (t *txTable) close() {
	t.mu.Lock()
	t.down = true
	servers := make([]*serverTx, 0, len(t.server))
	for _, tx := range t.server {
		servers = append(servers, tx)
	}
	clients := make([]*clientTx, 0, len(t.client))
	for _, tx := range t.client {
		clients = append(clients, tx)
	}
	t.mu.Unlock()
	for _, tx := range servers {
		tx.terminate()
	}
	for _, tx := range clients {
		tx.fail(fault.New(fault.Unavailable, "sip: server closed"))
		tx.terminate()
	}
}
