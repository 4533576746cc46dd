package sip

// Stats are a server's counters since its start; those that say "now" rise and
// fall.
type Stats struct {
	RequestsIn, RequestsOut   uint64
	ResponsesIn, ResponsesOut uint64
	// Retransmitted are messages that were received again.
	Retransmitted uint64
	// Malformed are messages that could not be parsed, Refused those that broke
	// a limit, Panics handlers that panicked.
	Malformed, Refused, Panics uint64
	// ConnectionsRefused are connections over a limit.
	ConnectionsRefused uint64
	Dialogs            int // now
	ServerTransactions int // now
	ClientTransactions int // now
	Connections        int // now
}
