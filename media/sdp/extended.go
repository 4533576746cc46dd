package sdp

import (
	"strconv"
	"strings"
)

// Extended is what the author of a description wants to find in RTCP beyond the usual
// (RFC 3611 §5).
type Extended struct {
	// Metrics are how a call is received (voip-metrics).
	Metrics bool
	// RoundTrip is the time there and back of one who only receives (rcvr-rtt).
	RoundTrip bool
}

// ourExtended is what we want.
const ourExtended = "rcvr-rtt=all voip-metrics"

// Extended reads a=rtcp-xr of the line m, or else of the session. said is false where
// there is none.
func (s *Session) Extended(m *Media) (x Extended, said bool) {
	value, said := s.Attribute(m, "rtcp-xr")
	for _, format := range strings.Fields(value) {
		name, _, _ := strings.Cut(format, "=")
		switch strings.ToLower(name) {
		case "voip-metrics":
			x.Metrics = true
		case "rcvr-rtt":
			x.RoundTrip = true
		}
	}
	return x, said
}

// Silent reports whether the author of a description wants no RTCP: no bandwidth for the
// reports of senders and of receivers (RFC 3556 §2).
func (s *Session) Silent(m *Media) bool {
	return s.bandwidth(m, "RS") == 0 && s.bandwidth(m, "RR") == 0
}

// bandwidth is that of a b= of the line m, or else of the session; -1 where there is none.
func (s *Session) bandwidth(m *Media, kind string) int64 {
	for _, lines := range [...][]Line{m.Lines, s.Lines} {
		for _, l := range lines {
			name, value, _ := strings.Cut(l.Value, ":")
			if l.Type != 'b' || !strings.EqualFold(strings.TrimSpace(name), kind) {
				continue
			}
			if n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 32); err == nil {
				return int64(n)
			}
		}
	}
	return -1
}
