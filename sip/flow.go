package sip

// FlowID names one way to a peer (RFC 5626): an accepted or opened connection,
// or a UDP socket of ours with the peer's address. It is plain text and may be
// stored. The flow of a connection ends with the connection and never means
// another one later, not even after a restart; a UDP flow does not end. "" is
// no flow.
type FlowID string

// FlowHandler may be implemented by a Handler that wants to know when a
// connection has ended, to forget the bindings that were made over it.
// OnFlowClosed runs on the connection's own goroutine and must not block.
type FlowHandler interface {
	OnFlowClosed(FlowID)
}
