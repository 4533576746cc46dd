package sdp

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
)

// Keying is how a media line's packets are protected.
type Keying uint8

// The ways.
const (
	Plain Keying = iota // RTP/AVP, RTP/AVPF
	SDES                // RTP/SAVP with a=crypto (RFC 4568)
	DTLS                // DTLS-SRTP (RFC 5763, RFC 5764)
	Other               // not RTP, or not to be recognised
)

// Keying classifies the line m of the session.
func (s *Session) Keying(m *Media) Keying {
	_, fingerprint := s.Attribute(m, "fingerprint")
	_, crypto := m.Attribute("crypto")
	return KeyingOf(m.Profile, fingerprint, crypto)
}

// KeyingOf classifies a media line by its profile and by whether an a=fingerprint
// holds for it and an a=crypto stands in it. Such attributes beside an unprotected
// profile only say that more would be possible (RFC 8643). Over TCP the profiles of
// DTLS-SRTP are those of RFC 7850; its drafts had them with TLS.
func KeyingOf(profile string, fingerprint, crypto bool) Keying {
	switch strings.ToUpper(profile) {
	case "RTP/AVP", "RTP/AVPF":
		return Plain
	case "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF",
		"TCP/DTLS/RTP/SAVP", "TCP/DTLS/RTP/SAVPF", "TCP/TLS/RTP/SAVP", "TCP/TLS/RTP/SAVPF":
		return DTLS
	case "RTP/SAVP", "RTP/SAVPF":
		if fingerprint {
			return DTLS
		}
		if crypto {
			return SDES
		}
	}
	return Other
}

// NeedsWebRTC reports whether the session's audio can only be answered with
// DTLS-SRTP, as browsers want it: such an offer is handed on whole.
func (s *Session) NeedsWebRTC() bool {
	dtls := false
	for _, m := range s.Media {
		if m.IsAudio() && (m.Port != 0 || bundled(m)) {
			switch s.Keying(m) {
			case Plain, SDES:
				return false
			case DTLS:
				dtls = true
			}
		}
	}
	return dtls
}

// OffersKeys reports whether audio can be had with keys in the description (RFC 4568),
// whatever else is offered.
func (s *Session) OffersKeys() bool {
	for _, m := range s.Media {
		if _, keys := m.Attribute("crypto"); m.IsAudio() && m.Port != 0 && keys && secureProfile(m.Profile) {
			return true
		}
	}
	return false
}

// HasICE reports whether the author does ICE for its audio (RFC 8839 §5.4).
func (s *Session) HasICE() bool {
	for _, m := range s.Media {
		if _, ice := s.Attribute(m, "ice-ufrag"); m.IsAudio() && ice {
			return true
		}
	}
	return false
}

// bundled reports whether port 0 does not mean refused (RFC 9143 §6).
func bundled(m *Media) bool {
	_, ok := m.Attribute("bundle-only")
	return ok
}

// Direction is the media direction as the description's author says it, the
// line's own, else the session's, else sendrecv (RFC 8866 §6.7).
func (s *Session) Direction(m *Media) media.Direction {
	for _, attributes := range [][]Attribute{m.Attributes, s.Attributes} {
		for _, a := range attributes {
			for d := media.SendRecv; d <= media.Inactive; d++ {
				if strings.EqualFold(a.Name, d.String()) {
					return d
				}
			}
		}
	}
	return media.SendRecv
}

// Target is where the author of a description wants to receive a media line.
type Target struct {
	// RTP and RTCP are invalid when Held. RTCP is RTP's when Mux.
	RTP, RTCP netip.AddrPort
	// Mux says that RTCP shares the port of RTP (RFC 5761).
	Mux bool
	// Held is the hold of RFC 2543: c=0.0.0.0, or one of its IPv6 forms
	// (RFC 6157 §4.1). Nothing may be sent.
	Held bool
}

// Target reads the addresses of the line m. The error is of kind fault.Invalid
// when there is none, of kind fault.NotAcceptable when it cannot be sent to.
func (s *Session) Target(m *Media) (Target, error) {
	c := m.Connection
	if c == nil {
		c = s.Connection
	}
	if c == nil {
		return Target{}, fault.New(fault.Invalid, "sdp: no c= for m=%s", m.Kind)
	}
	_, mux := m.Attribute("rtcp-mux")
	if strings.HasSuffix(strings.ToLower(c.Address), ".invalid") {
		return Target{Mux: mux, Held: true}, nil
	}
	addr, err := c.unicast()
	if err != nil {
		return Target{}, err
	}
	if addr.IsUnspecified() {
		return Target{Mux: mux, Held: true}, nil
	}
	t := Target{RTP: netip.AddrPortFrom(addr, m.Port), Mux: mux}
	if mux {
		t.RTCP = t.RTP
	} else {
		t.RTCP = m.rtcp(t.RTP)
	}
	return t, nil
}

// unicast is the address of c=, if it is one that RTP may be sent to.
func (c *Connection) unicast() (netip.Addr, error) {
	text, _, _ := strings.Cut(c.Address, "/")
	addr, err := netip.ParseAddr(strings.Trim(text, "[]"))
	addr = addr.Unmap()
	if err != nil || !strings.EqualFold(c.NetType, "IN") || addr.IsMulticast() ||
		addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return netip.Addr{}, fault.New(fault.NotAcceptable, "sdp: c=%s %s %s is no unicast IP address",
			c.NetType, c.AddrType, c.Address)
	}
	return addr, nil
}

// rtcp is where RTCP goes that is not multiplexed: to a=rtcp:port [IN IP4 address]
// (RFC 3605 §2.1), else to the port above. An a=rtcp that cannot be understood
// is passed over.
func (m *Media) rtcp(rtp netip.AddrPort) netip.AddrPort {
	value, _ := m.Attribute("rtcp")
	f := strings.Fields(value)
	if len(f) == 0 {
		return above(rtp)
	}
	port, err := strconv.ParseUint(f[0], 10, 16)
	if err != nil || port == 0 {
		return above(rtp)
	}
	addr := rtp.Addr()
	if len(f) >= 4 {
		own, err := (&Connection{f[1], f[2], f[3]}).unicast()
		if err != nil || own.IsUnspecified() {
			return above(rtp)
		}
		addr = own
	}
	return netip.AddrPortFrom(addr, uint16(port))
}

// above is the port above, RTCP's by custom; invalid when there is none.
func above(rtp netip.AddrPort) netip.AddrPort {
	if rtp.Port() == 0xffff {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(rtp.Addr(), rtp.Port()+1)
}

// Party is where the author of a description that came from source is, as far as the
// address that it is to be told of us depends on that: there, or where it wants its first
// audio that is not refused, if that has the other family (RFC 6157 §4).
func (s *Session) Party(source netip.Addr) netip.Addr {
	for _, m := range s.Media {
		if !m.IsAudio() || m.Port == 0 {
			continue
		}
		t, err := s.Target(m)
		if a := t.RTP.Addr(); err == nil && a.IsValid() && a.Is4() != source.Unmap().Is4() {
			return a
		}
		break
	}
	return source
}
