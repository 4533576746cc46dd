// Package sdp reads and writes session descriptions (RFC 8866, and the habits of
// RFC 4566) and negotiates one audio stream with them by offer and answer
// (RFC 3264), for SIP phones and trunks over RTP in the clear or with keys in the
// descriptions (SDES, RFC 4568).
//
// It knows rtpmap, fmtp, ptime and the directions, RTCP's port (RFC 3605) and
// multiplexing (RFC 5761), telephone-event (RFC 4733), Opus (RFC 7587) and audio
// levels (RFC 6464). Lines of ICE (RFC 8839) and everything
// unknown are kept as they came; an offer that wants DTLS-SRTP is recognised
// (Session.NeedsWebRTC), so that it can be handed on whole.
//
// The package does no I/O and starts no goroutine.
package sdp

import "strings"

// Session is one session description. What the package does not interpret stays
// in Lines and Attributes, in the order it came, and is printed again.
type Session struct {
	Origin Origin
	// Name is s=; empty is printed as the customary single space.
	Name string
	// Connection is c= for every media line without its own; nil when missing.
	Connection *Connection
	// Lines are the other lines: i, u, e, p, b, t, r, z, k and unknown ones.
	Lines      []Line
	Attributes []Attribute
	Media      []*Media
}

// Origin is o= (RFC 8866 §5.2). Its numbers are kept as text: peers have put
// more than 64 bits there.
type Origin struct {
	Username, SessionID, Version string
	NetType, AddrType, Address   string
}

// Connection is c= (RFC 8866 §5.7).
type Connection struct {
	NetType, AddrType string
	// Address is an IP address, a host name, or a multicast group with its TTL.
	Address string
}

// Line is a line that is kept as it came.
type Line struct {
	Type  byte
	Value string
}

// Attribute is a=name or a=name:value. Names compare without case.
type Attribute struct{ Name, Value string }

// Media is one m= line and what belongs to it (RFC 8866 §5.14).
type Media struct {
	// Kind is "audio", "video", "image", "application", "text" or "message".
	Kind string
	// Port is 0 for a stream that is refused or removed.
	Port uint16
	// Ports is the number behind the slash, or 0.
	Ports int
	// Profile is the transport: "RTP/AVP", "UDP/TLS/RTP/SAVPF", "udptl".
	Profile string
	// Formats are payload types for RTP, other tokens elsewhere.
	Formats    []string
	Connection *Connection
	Lines      []Line
	Attributes []Attribute
}

// IsAudio reports whether the line is m=audio.
func (m *Media) IsAudio() bool { return strings.EqualFold(m.Kind, "audio") }

// Attribute finds the line's own attribute.
func (m *Media) Attribute(name string) (value string, ok bool) { return find(m.Attributes, name) }

// Attribute finds an attribute of m or else of the whole session; m may be nil.
func (s *Session) Attribute(m *Media, name string) (value string, ok bool) {
	if m != nil {
		if value, ok = find(m.Attributes, name); ok {
			return value, true
		}
	}
	return find(s.Attributes, name)
}

func find(attributes []Attribute, name string) (string, bool) {
	for _, a := range attributes {
		if strings.EqualFold(a.Name, name) {
			return a.Value, true
		}
	}
	return "", false
}
