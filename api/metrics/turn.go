package metrics

import "github.com/skygenesisenterprise/skybridge/media/webrtc/turn"

// TURN is the relays of the server's own TURN service.
func TURN(stats func() turn.Stats) Part {
	return both{
		single([]row[turn.Stats]{
			gauge("voip_turn_allocations", "Relays at this moment.", nil, always(func(s turn.Stats) int { return s.Allocations })),
			gauge("voip_turn_connections", "Clients' connections over TCP and TLS at this moment.", nil, always(func(s turn.Stats) int { return s.Connections })),
			counter("voip_turn_allocated_total", "Relays that were opened.", nil, always(func(s turn.Stats) uint64 { return s.Allocated })),
			counter("voip_turn_sent_bytes_total", "Bytes that relays have carried to peers.", nil, always(func(s turn.Stats) uint64 { return s.SentBytes })),
			counter("voip_turn_received_bytes_total", "Bytes that relays have carried from peers.", nil, always(func(s turn.Stats) uint64 { return s.ReceivedBytes })),
		}, stats),
		counts("voip_turn_refused_total", "Requests that were refused, by why.", "reason", func(give func(string, uint64)) {
			s := stats()
			give("credentials", s.RefusedCredentials)
			give("quota", s.RefusedQuota)
			give("capacity", s.RefusedCapacity)
			give("peer", s.RefusedPeers)
			give("connections", s.RefusedConnections)
		}),
		counts("voip_turn_dropped_total", "Packets that were dropped, by why.", "reason", func(give func(string, uint64)) {
			s := stats()
			give("peer", s.DroppedPeers)
			give("bitrate", s.DroppedBitrate)
			give("garbage", s.DroppedGarbage)
			give("strangers", s.DroppedStrangers)
		}),
	}
}
