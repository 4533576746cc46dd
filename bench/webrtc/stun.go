package webrtc

import (
	"encoding/binary"
	"net"
	"net/netip"

	"github.com/pion/stun/v4"
)

// The attributes of ICE's checks (RFC 8445 §16.1).
const (
	priority     = 1862270975 // of a peer-reflexive candidate
	tieBreaker   = 1 << 62
	useCandidate = stun.AttrUseCandidate
)

// check is a check of ICE to the other side: ours nominates, if we are to say.
func (c *Client) check() ([]byte, error) {
	b := binary.BigEndian
	role := stun.RawAttribute{Type: stun.AttrICEControlled, Value: b.AppendUint64(nil, tieBreaker)}
	setters := []stun.Setter{
		stun.TransactionID, stun.BindingRequest, stun.NewUsername(c.ice.ufrag + ":" + c.ufrag),
		stun.RawAttribute{Type: stun.AttrPriority, Value: b.AppendUint32(nil, priority)},
	}
	if c.controlling {
		role.Type = stun.AttrICEControlling
		setters = append(setters, stun.RawAttribute{Type: useCandidate})
	}
	m, err := stun.Build(append(setters, role, stun.NewShortTermIntegrity(c.ice.pwd), stun.Fingerprint)...)
	if err != nil {
		return nil, err
	}
	return m.Raw, nil
}

// respond is the answer to a check that comes; nil to what is none, or not by our password.
func (c *Client) respond(packet []byte, from netip.AddrPort) []byte {
	m := &stun.Message{Raw: append([]byte(nil), packet...)}
	if m.Decode() != nil || m.Type != stun.BindingRequest || stun.NewShortTermIntegrity(c.pwd).Check(m) != nil {
		return nil
	}
	answer, err := stun.Build(stun.NewTransactionIDSetter(m.TransactionID), stun.BindingSuccess,
		&stun.XORMappedAddress{IP: net.IP(from.Addr().AsSlice()), Port: int(from.Port())},
		stun.NewShortTermIntegrity(c.pwd), stun.Fingerprint)
	if err != nil {
		return nil
	}
	return answer.Raw
}

// confirms tells whether a packet is the answer to a check of ours.
func (c *Client) confirms(packet []byte) bool {
	m := &stun.Message{Raw: append([]byte(nil), packet...)}
	return m.Decode() == nil && m.Type == stun.BindingSuccess && stun.NewShortTermIntegrity(c.ice.pwd).Check(m) == nil
}
