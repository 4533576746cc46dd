package metrics

import "github.com/skygenesisenterprise/skybridge/sip"

// SIP is what the SIP stack takes and sends.
func SIP(stats func() sip.Stats) Part {
	return both{
		single([]row[sip.Stats]{
			gauge("voip_sip_dialogs", "Dialogs at this moment, those that are not confirmed yet too.", nil, always(func(s sip.Stats) int { return s.Dialogs })),
			gauge("voip_sip_connections", "Connections over TCP, TLS and WebSocket at this moment.", nil, always(func(s sip.Stats) int { return s.Connections })),
			counter("voip_sip_retransmissions_received_total", "Requests that came again.", nil, always(func(s sip.Stats) uint64 { return s.Retransmitted })),
			counter("voip_sip_malformed_total", "Messages that could not be read.", nil, always(func(s sip.Stats) uint64 { return s.Malformed })),
			counter("voip_sip_refused_total", "Requests over a limit.", nil, always(func(s sip.Stats) uint64 { return s.Refused })),
		}, stats),
		counts("voip_sip_messages_received_total", "Messages that came.", "kind", func(give func(string, uint64)) {
			s := stats()
			give("request", s.RequestsIn)
			give("response", s.ResponsesIn)
		}),
		counts("voip_sip_messages_sent_total", "Messages that were sent.", "kind", func(give func(string, uint64)) {
			s := stats()
			give("request", s.RequestsOut)
			give("response", s.ResponsesOut)
		}),
	}
}
