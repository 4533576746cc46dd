// Package stunping answers the STUN Binding requests that phones keep their NAT's
// mapping alive with, on the port of SIP (RFC 5626 §4.4.2 and §8, RFC 5389): they hear
// whether their address, as we see it, is still the same.
//
// Nothing else of STUN is served, and each source gets a few answers a second only: an
// answer is little longer than its question, and who forges the address of another has
// nothing of it.
//
// It starts no goroutine.
package stunping

import (
	"encoding/binary"
	"net/netip"

	"github.com/skygenesisenterprise/skybridge/sip/internal/bucket"
)

const (
	headerBytes = 20
	// maxBytes bounds a request: one for keep-alive has hardly anything in it.
	maxBytes         = 128
	magic            = 0x2112A442
	bindingRequest   = 0x0001
	bindingSuccess   = 0x0101
	xorMappedAddress = 0x0020
	// optional is the first type of attribute that need not be understood (RFC 5389
	// §15).
	optional = 0x8000
)

// rate is what one source gets answers for; phones ask every half minute.
var rate = bucket.Rate{PerSecond: 2, Burst: 10}

// sources is how many are told apart.
const sources = 4096

// Responder answers. It is safe for concurrent use.
type Responder struct{ table *bucket.Table }

// New makes a Responder.
func New() *Responder { return &Responder{bucket.New(sources)} }

// Is reports whether a datagram is STUN, and so not SIP: its first two bits are zero,
// and it has the magic cookie (RFC 5389 §6).
func Is(b []byte) bool {
	return len(b) >= headerBytes && b[0]&0xc0 == 0 && binary.BigEndian.Uint32(b[4:]) == magic
}

// Answer is the answer to a datagram that is STUN; nil for none: it is no Binding
// request, has an attribute that would have to be understood, or its source asks too
// often.
func (r *Responder) Answer(b []byte, from netip.AddrPort) []byte {
	if !plainRequest(b) || r.table.Take(from.Addr(), rate, rate) > 0 {
		return nil
	}
	return success(b[4:headerBytes], from)
}

// plainRequest reports whether b is a Binding request without any attribute that must
// be understood.
func plainRequest(b []byte) bool {
	if !Is(b) || len(b) > maxBytes || binary.BigEndian.Uint16(b) != bindingRequest ||
		int(binary.BigEndian.Uint16(b[2:])) != len(b)-headerBytes {
		return false
	}
	for rest := b[headerBytes:]; len(rest) > 0; {
		if len(rest) < 4 || binary.BigEndian.Uint16(rest) < optional {
			return false
		}
		size := 4 + (int(binary.BigEndian.Uint16(rest[2:]))+3)&^3
		if size > len(rest) {
			return false
		}
		rest = rest[size:]
	}
	return true
}

// success is the response that tells an address, with XOR-MAPPED-ADDRESS (RFC 5389
// §15.2). id is the magic cookie and the transaction's id.
func success(id []byte, from netip.AddrPort) []byte {
	family, addr := byte(1), from.Addr().Unmap().AsSlice()
	if len(addr) == 16 {
		family = 2
	}
	out := make([]byte, 0, headerBytes+8+len(addr))
	out = binary.BigEndian.AppendUint16(out, bindingSuccess)
	out = binary.BigEndian.AppendUint16(out, uint16(8+len(addr))) //nolint:gosec // 12 or 24
	out = append(out, id...)
	out = binary.BigEndian.AppendUint16(out, xorMappedAddress)
	out = binary.BigEndian.AppendUint16(out, uint16(4+len(addr))) //nolint:gosec // 8 or 20
	out = append(out, 0, family)
	out = binary.BigEndian.AppendUint16(out, from.Port()^(magic>>16))
	for i, c := range addr {
		out = append(out, c^id[i])
	}
	return out
}
