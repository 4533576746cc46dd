// Package counters counts what a server receives and sends. It starts no goroutine.
package counters

import "sync/atomic"

// Stats are a server's counters since its start; those that say "now" rise and
// fall.
type Stats struct {
	RequestsIn, RequestsOut   uint64
	ResponsesIn, ResponsesOut uint64
	// Retransmitted are requests that were received again.
	Retransmitted uint64
	// Malformed are messages that could not be parsed, Refused requests over a
	// limit, Panics handlers that panicked.
	Malformed, Refused, Panics uint64
	// ConnectionsRefused are connections over a limit.
	ConnectionsRefused uint64
	Dialogs            int // now, those that are not confirmed yet included
	ServerTransactions int // now
	ClientTransactions int // now
	Connections        int // now
}

// Counters are those that only grow. They are safe for concurrent use.
type Counters struct {
	RequestsIn, RequestsOut, ResponsesIn, ResponsesOut atomic.Uint64
	Retransmitted, Malformed, Refused                  atomic.Uint64
}

// Stats is a snapshot of them; what others count is zero.
func (c *Counters) Stats() Stats {
	return Stats{
		RequestsIn:    c.RequestsIn.Load(),
		RequestsOut:   c.RequestsOut.Load(),
		ResponsesIn:   c.ResponsesIn.Load(),
		ResponsesOut:  c.ResponsesOut.Load(),
		Retransmitted: c.Retransmitted.Load(),
		Malformed:     c.Malformed.Load(),
		Refused:       c.Refused.Load(),
	}
}
