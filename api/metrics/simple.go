package metrics

import "github.com/prometheus/client_golang/prometheus"

// both are several parts as one.
type both []Part

// Describe tells what there can be.
func (b both) Describe(to chan<- *prometheus.Desc) {
	for _, p := range b {
		p.Describe(to)
	}
}

// Collect tells what there is.
func (b both) Collect(to chan<- prometheus.Metric) {
	for _, p := range b {
		p.Collect(to)
	}
}

// number is one number of now.
func number(name, help string, read func() int) Part {
	return single([]row[int]{gauge(name, help, nil, always(func(n int) int { return n }))}, read)
}

// counts are counters told apart by one label.
func counts(name, help, label string, read func(give func(value string, n uint64))) Part {
	return part[uint64]{[]row[uint64]{counter(name, help, []string{label}, always(func(n uint64) uint64 { return n }))},
		func(give func(uint64, ...string)) { read(func(value string, n uint64) { give(n, value) }) }}
}

// Rooms is how many conference rooms there are.
func Rooms(now func() int) Part { return number("voip_rooms", "Conference rooms that there are.", now) }

// Records is how many call records are kept on disk until the database takes them.
func Records(kept func() int) Part {
	return number("voip_call_records_waiting", "Records of ended calls on disk, which the database has not taken yet.", kept)
}

// Browsers is how many WebRTC connections there are.
func Browsers(now func() int) Part {
	return number("voip_webrtc_peers", "WebRTC connections of browsers and of phones that use it.", now)
}

// Sessions is how many sessions of the API's WebSocket there are.
func Sessions(now func() int) Part {
	return number("voip_websocket_sessions", "Sessions of /ws/auth, those that wait for their client to come back too.", now)
}
