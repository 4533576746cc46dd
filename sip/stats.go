package sip

import "github.com/skygenesisenterprise/skybridge/sip/internal/counters"

// Stats are a server's counters since its start; those that say "now" rise and fall.
type Stats = counters.Stats

// Stats is a snapshot of the counters.
func (s *Server) Stats() Stats {
	st := s.count.Stats()
	st.Panics, st.ConnectionsRefused = s.errands.Panics(), s.tr.Refused()
	st.Dialogs, st.Connections = s.dialogs.Size(), s.tr.Connections()
	requests, responses := s.txs.Sent()
	st.RequestsOut += requests
	st.ResponsesOut += responses
	st.ServerTransactions, st.ClientTransactions = s.txs.Size()
	return st
}
