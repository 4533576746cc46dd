package turn

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/pion/stun/v4"
)

// mtu bounds messages and what they carry, and is more than a path of Ethernet has.
const mtu = 2048

// backoff waits out a passing want of memory or file descriptors.
func backoff(failures int) {
	time.Sleep(min(time.Duration(failures)*time.Millisecond, 100*time.Millisecond))
}

// stunHeader is the length of a STUN message's header, channelHeader of ChannelData's.
const (
	stunHeader    = 20
	channelHeader = 4
)

// frame is the length of the message that b begins, without padding; 0 asks for more of
// it, -1 is no message. Its header is looked at alone.
func frame(b []byte) int {
	if len(b) < channelHeader {
		return 0
	}
	n := int(binary.BigEndian.Uint16(b[2:4]))
	switch {
	case b[0] >= 0x40 && b[0] < 0x80: // ChannelData (RFC 8656 §12.4)
		n += channelHeader
	case b[0] >= 0x40 || n%4 != 0:
		return -1
	case len(b) < 8:
		return 0
	case binary.BigEndian.Uint32(b[4:8]) != 0x2112A442:
		return -1
	default:
		n += stunHeader
	}
	if n > mtu-4 {
		return -1
	}
	return n
}

// datagrams is one UDP socket of ours. It outlives errors about single packets, and
// keeps from the protocol what cannot be meant for it.
type datagrams struct {
	server *Server
	*net.UDPConn
	local netip.AddrPort
}

// ReadFrom gives the next message. Its only error is net.ErrClosed.
func (d *datagrams) ReadFrom(b []byte) (int, net.Addr, error) {
	for failures := 0; ; {
		n, from, err := d.ReadFromUDPAddrPort(b)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return 0, nil, err
			}
			failures++
			backoff(failures)
			continue
		}
		failures = 0
		whole := frame(b[:n])
		if whole <= 0 || whole > n || whole+3 < n || n < stunHeader && b[0] < 0x40 {
			d.server.counts.droppedGarbage.Add(1)
			continue
		}
		if known := d.server.client(flow{false, from, d.local}); known != nil {
			return n, known.addr, nil
		}
		switch {
		case b[0] >= 0x40: // data of a channel that nobody has
			d.server.counts.droppedGarbage.Add(1)
		case !d.server.strangers.take(from.Addr(), d.server.now()):
			d.server.counts.droppedStrangers.Add(1)
		default:
			return n, net.UDPAddrFromAddrPort(from), nil
		}
	}
}

// WriteTo sends a message to a client.
func (d *datagrams) WriteTo(b []byte, to net.Addr) (int, error) {
	if right := corrected(b); right != nil {
		if _, err := d.UDPConn.WriteTo(right, to); err != nil {
			return 0, err
		}
		return len(b), nil
	}
	return d.UDPConn.WriteTo(b, to)
}

// bindError is the first two bytes of an error response to ChannelBind.
var bindError = stun.NewType(stun.MethodChannelBind, stun.ClassErrorResponse).Value()

// corrected is the answer that RFC 8656 §12.2 has for a channel to a peer that is
// refused, 403, in the place of pion's 401; nil for everything else. The 401 for want of
// credentials has a nonce.
func corrected(b []byte) []byte {
	if len(b) < stunHeader || binary.BigEndian.Uint16(b) != bindError {
		return nil
	}
	m := stun.New()
	var code stun.ErrorCodeAttribute
	if err := stun.Decode(b, m); err != nil || code.GetFrom(m) != nil || code.Code != stun.CodeUnauthorized || m.Contains(stun.AttrNonce) {
		return nil
	}
	right, err := stun.Build(stun.NewTransactionIDSetter(m.TransactionID), m.Type, stun.CodeForbidden)
	if err != nil {
		return nil
	}
	return right.Raw
}
