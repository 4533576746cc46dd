package turn

import "sync/atomic"

// Stats are counters since the start, but for Allocations and Connections, which are as
// they are now.
type Stats struct {
	Allocations, Connections int
	Allocated                uint64
	// Bytes and packets that relays have carried, to peers and from them.
	SentBytes, ReceivedBytes, SentPackets, ReceivedPackets uint64
	// Refused: wrong or ended credentials, quotas of users and source addresses, want of
	// room in all, peers, connections.
	RefusedCredentials, RefusedQuota, RefusedCapacity, RefusedPeers, RefusedConnections uint64
	// Dropped: what relays did not carry for its peer or a user's bit rate, what was no
	// STUN or TURN, and what strangers sent too much of.
	DroppedPeers, DroppedBitrate, DroppedGarbage, DroppedStrangers uint64
}

type counters struct {
	allocated                                                                           atomic.Uint64
	sentBytes, receivedBytes, sentPackets, receivedPackets                              atomic.Uint64
	refusedCredentials, refusedQuota, refusedCapacity, refusedPeers, refusedConnections atomic.Uint64
	droppedPeers, droppedBitrate, droppedGarbage, droppedStrangers                      atomic.Uint64
}

// Stats is what the service has done so far.
func (s *Server) Stats() Stats {
	c := &s.counts
	return Stats{
		Allocations: s.quotas.allocations(), Connections: s.gate.connections(),
		Allocated: c.allocated.Load(),
		SentBytes: c.sentBytes.Load(), ReceivedBytes: c.receivedBytes.Load(),
		SentPackets: c.sentPackets.Load(), ReceivedPackets: c.receivedPackets.Load(),
		RefusedCredentials: c.refusedCredentials.Load(), RefusedQuota: c.refusedQuota.Load(),
		RefusedCapacity: c.refusedCapacity.Load(), RefusedPeers: c.refusedPeers.Load(), RefusedConnections: c.refusedConnections.Load(),
		DroppedPeers: c.droppedPeers.Load(), DroppedBitrate: c.droppedBitrate.Load(),
		DroppedGarbage: c.droppedGarbage.Load(), DroppedStrangers: c.droppedStrangers.Load(),
	}
}
