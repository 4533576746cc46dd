package mux

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

const udpBufferBytes = 4 << 20

// Receiver takes what comes of RTP and RTCP from one peer's address. It is called by the
// goroutine that reads the socket, may work on the packet in its place and keeps nothing
// of it, and must not wait.
type Receiver interface {
	Receive(packet []byte, arrival time.Time)
}

// Socket is one UDP socket of all peers. What a peer sends of RTP and RTCP (RFC 7983: a
// first byte of 128 to 191) goes straight to its Receiver, if the peer is where Bind said;
// all else goes to ICE. It outlives the errors that the system reports about single
// packets: the mux of ICE would end all of WebRTC at the first one.
type Socket struct {
	*rtp.Shared
	batch    *rtp.Batch // the reader's, as the next two are
	next     int        // of batch, the packet to be looked at
	failures uint32     // in a row

	mu    sync.RWMutex
	peers map[netip.AddrPort]Receiver
}

func listenUDP(at netip.AddrPort) (*Socket, error) {
	shared, err := rtp.ListenShared(at, udpBufferBytes)
	if err != nil {
		return nil, err
	}
	return &Socket{Shared: shared, batch: rtp.NewBatch(0, 0), peers: map[netip.AddrPort]Receiver{}}, nil
}

// Find is the socket that sends from a local address; nil when that cannot be told, as
// behind a translator of addresses when there are several sockets.
func (s *Sockets) Find(local netip.Addr) *Socket {
	var of *Socket
	family := 0
	for _, c := range s.sockets {
		at := c.Shared.LocalAddr().Addr()
		if at == local {
			return c
		}
		if at.Is4() == local.Is4() {
			of = c
			family++
		}
	}
	if family > 1 {
		return nil
	}
	return of
}

// Bind has r take what comes of RTP and RTCP from an address, which must have been proved
// to be the peer's.
func (s *Socket) Bind(peer netip.AddrPort, r Receiver) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.peers[peer] = r
}

// Unbind undoes Bind, unless another peer has the address now.
func (s *Socket) Unbind(peer netip.AddrPort, r Receiver) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.peers[peer] == r {
		delete(s.peers, peer)
	}
}

// Taken reports whether somebody else than r is bound to an address.
func (s *Sockets) Taken(at netip.AddrPort, r Receiver) bool {
	for _, c := range s.sockets {
		c.mu.RLock()
		other := c.peers[at]
		c.mu.RUnlock()
		if other != nil && other != r {
			return true
		}
	}
	return false
}

// deliver gives a packet to the peer that it is of; false when it is for ICE.
func (s *Socket) deliver(packet []byte, from netip.AddrPort, arrival int64) bool {
	if packet[0] < 128 || packet[0] > 191 {
		return false
	}
	s.mu.RLock()
	r := s.peers[from]
	s.mu.RUnlock()
	if r == nil {
		return false
	}
	at := time.Now()
	if arrival != 0 {
		at = time.Unix(0, arrival)
	}
	r.Receive(packet, at)
	return true
}

// ReadFromAddrPort reads one packet that is for ICE (ice.AddrPortReaderWriter).
func (s *Socket) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	for {
		for s.next < s.batch.Len() {
			i := s.next
			s.next++
			packet, from := s.batch.Packet(i), s.batch.From(i)
			if len(packet) == 0 || s.batch.Truncated(i) || s.deliver(packet, from, s.batch.Arrival(i)) {
				continue
			}
			return copy(b, packet), from, nil
		}
		s.next = 0
		_, err := s.Recv(s.batch)
		switch {
		case err == nil:
			s.failures = 0
		case errors.Is(err, net.ErrClosed):
			return 0, netip.AddrPort{}, err
		default:
			s.failures++
			backoff(s.failures)
		}
	}
}

// WriteToAddrPort writes one packet (ice.AddrPortReaderWriter).
func (s *Socket) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if err := s.SendTo(b, to); err != nil {
		return 0, err
	}
	return len(b), nil
}

// ReadFrom is ReadFromAddrPort as net.PacketConn has it.
func (s *Socket) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := s.ReadFromAddrPort(b)
	return n, net.UDPAddrFromAddrPort(from), err
}

// WriteTo is WriteToAddrPort as net.PacketConn has it.
func (s *Socket) WriteTo(b []byte, to net.Addr) (int, error) {
	addr, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, net.InvalidAddrError(to.String())
	}
	return s.WriteToAddrPort(b, addr.AddrPort())
}

// LocalAddr is the address that the socket is bound to.
func (s *Socket) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(s.Shared.LocalAddr()) }

// SetDeadline does nothing, as the two below: nobody waits but the one reader, which
// Close ends.
func (s *Socket) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing.
func (s *Socket) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing: writing never waits.
func (s *Socket) SetWriteDeadline(time.Time) error { return nil }
