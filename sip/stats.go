package sip

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

type counters struct {
	requestsIn, requestsOut, responsesIn, responsesOut atomic.Uint64
	retransmitted, malformed, refused, panics          atomic.Uint64
}

// Stats is a snapshot of the counters.
func (s *Server) Stats() Stats {
	st := Stats{
		RequestsIn:         s.count.requestsIn.Load(),
		RequestsOut:        s.count.requestsOut.Load(),
		ResponsesIn:        s.count.responsesIn.Load(),
		ResponsesOut:       s.count.responsesOut.Load(),
		Retransmitted:      s.count.retransmitted.Load(),
		Malformed:          s.count.malformed.Load(),
		Refused:            s.count.refused.Load(),
		Panics:             s.count.panics.Load(),
		ConnectionsRefused: s.tr.Refused(),
		Dialogs:            s.dialogs.size(),
		Connections:        s.tr.Connections(),
	}
	requests, responses := s.txs.Sent()
	st.RequestsOut += requests
	st.ResponsesOut += responses
	st.ServerTransactions, st.ClientTransactions = s.txs.Size()
	return st
}
