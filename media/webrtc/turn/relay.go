package turn

import (
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"

	pion "github.com/pion/turn/v5"
)

var (
	errNoTCP    = errors.New("turn: no relays over TCP (RFC 6062)")
	errPort     = errors.New("turn: no such port for a relay")
	errQuota    = errors.New("turn: no more allocations")
	errNoPort   = errors.New("turn: no free port for a relay")
	errNoFamily = errors.New("turn: no address of this family")
	errClosed   = errors.New("turn: closed")
)

// relays makes the relays of those who come to one of our addresses
// (pion.RelayAddressGenerator).
type relays struct {
	server *Server
	at     *sockets
}

// Validate has nothing to find.
func (relays) Validate() error { return nil }

// AllocateListener refuses: TCP is not relayed.
func (relays) AllocateListener(pion.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	return nil, nil, errNoTCP
}

// AllocateConn refuses: TCP is not relayed.
func (relays) AllocateConn(pion.AllocateConnConfig) (net.Conn, error) { return nil, errNoTCP }

// evenPorts is how many EVEN-PORTs are answered a second: pion remembers each of them for
// half a minute, whatever becomes of its allocation.
const evenPorts = 50

// AllocatePacketConn opens a relay. In nobody's name pion looks for a free port that is
// even (EVEN-PORT), and closes it again; the port that is wanted then, or the one above it
// (RESERVATION-TOKEN), may be another's by that time.
func (r relays) AllocatePacketConn(want pion.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	s := r.server
	bind, told, ok := s.relayAddress(r.at, want.Network == "udp6")
	if !ok {
		s.counts.refusedCapacity.Add(1)
		return nil, nil, errNoFamily
	}
	if want.UserID == "" {
		if !s.evenPorts.take(1, evenPorts, s.now()) {
			return nil, nil, errPort
		}
		conn, err := s.openRelay(bind, even)
		if err != nil {
			return nil, nil, err
		}
		return conn, conn.LocalAddr(), nil
	}
	who := s.quotas.enter(want.UserID, s.now())
	if who == nil {
		s.counts.refusedCapacity.Add(1)
		return nil, nil, errQuota
	}
	conn, err := s.openRelay(bind, want.RequestedPort)
	if err != nil {
		s.quotas.leave(who, s.now())
		s.counts.refusedCapacity.Add(1)
		return nil, nil, err
	}
	relay := &relay{server: s, UDPConn: conn, account: who}
	port := conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	relay.at = net.UDPAddrFromAddrPort(netip.AddrPortFrom(told, port))
	if !s.keep(relay) {
		return nil, nil, errors.Join(errClosed, relay.Close())
	}
	return relay, relay.at, nil
}

// relayAddress is where a relay is opened for who came to some sockets, and what it is
// said to be: loopback alone where it is asked for or there is nothing else, since nothing
// leaves from there.
func (s *Server) relayAddress(at *sockets, v6 bool) (bind, told netip.Addr, ok bool) {
	bind = at.local.Addr()
	same := bind.Is6() == v6
	switch {
	case bind.IsLoopback() && at.explicit, same && !bind.IsLoopback():
	default:
		if i := slices.IndexFunc(s.outward, func(a netip.Addr) bool { return a.Is6() == v6 }); i >= 0 {
			bind, same = s.outward[i], true
		}
	}
	if !same {
		return bind, bind, false
	}
	for _, e := range *s.peers.external.Load() {
		if e.Is6() == v6 && !bind.IsLoopback() {
			return bind, e, true
		}
	}
	return bind, bind, true
}

// tries bounds how many ports are tried before there is none.
const tries = 64

// even asks for any port that is even.
const even = -1

// openRelay opens a port of the range: the one that is wanted, or from one by chance on,
// as nobody is to know the next one.
func (s *Server) openRelay(at netip.Addr, wanted int) (*net.UDPConn, error) {
	least, n := int(s.config.FirstPort), int(s.config.LastPort)-int(s.config.FirstPort)+1
	first := rand.IntN(n) //nolint:gosec // a permission guards the port, not its number
	if wanted > 0 {
		if wanted < least || wanted >= least+n {
			return nil, errPort
		}
		least, n, first = wanted, 1, 0
	}
	for i := range min(n, tries) {
		port := least + (first+i)%n
		if wanted == even && port%2 != 0 {
			continue
		}
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(at, uint16(port)))) //nolint:gosec // within the range
		if err == nil {
			return conn, nil
		}
	}
	return nil, errNoPort
}

// relay is the socket of one allocation. It carries packets to and from those peers alone
// that may be reached, whatever permissions stand, and within its user's bit rate.
type relay struct {
	server *Server
	*net.UDPConn
	at      net.Addr // as the client is told
	account *account
	once    sync.Once
	// The last sender, which its one reader is given again without an allocation.
	sender   netip.AddrPort
	senderAs net.Addr
}

// ReadFrom gives the next packet from a peer.
func (r *relay) ReadFrom(b []byte) (int, net.Addr, error) {
	for failures := 0; ; {
		n, from, err := r.ReadFromUDPAddrPort(b)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return 0, nil, err
			}
			failures++
			backoff(failures)
			continue
		}
		failures = 0
		from, ok := r.server.peers.from(from)
		if !ok {
			r.server.counts.droppedPeers.Add(1)
			continue
		}
		if !r.within(n) {
			continue
		}
		r.server.counts.receivedPackets.Add(1)
		r.server.counts.receivedBytes.Add(uint64(n)) //nolint:gosec // a length
		if from != r.sender {
			r.sender, r.senderAs = from, net.UDPAddrFromAddrPort(from)
		}
		return n, r.senderAs, nil
	}
}

// WriteTo sends a packet to a peer. What is not sent to anybody counts as sent: to the
// client it is lost on the way.
func (r *relay) WriteTo(b []byte, peer net.Addr) (int, error) {
	to, ok := peer.(*net.UDPAddr)
	if !ok {
		return 0, net.InvalidAddrError("no UDP address")
	}
	actual, ok := r.server.peers.to(to.AddrPort())
	if !ok {
		r.server.counts.droppedPeers.Add(1)
		return len(b), nil
	}
	if !r.within(len(b)) {
		return len(b), nil
	}
	r.server.counts.sentPackets.Add(1)
	r.server.counts.sentBytes.Add(uint64(len(b)))
	return r.WriteToUDPAddrPort(b, actual)
}

// LocalAddr is the relay's address as the client is told.
func (r *relay) LocalAddr() net.Addr { return r.at }

// overhead is what UDP and IPv4 add to a packet on the wire.
const overhead = 28

// within takes a packet off the user's bit rate, or drops it.
func (r *relay) within(n int) bool {
	if r.account.bucket.take(float64(n+overhead), float64(r.server.config.Bitrate)/8, r.server.now()) {
		return true
	}
	r.server.counts.droppedBitrate.Add(1)
	return false
}

// Close ends the relay, once.
func (r *relay) Close() (err error) {
	r.once.Do(func() {
		err = r.UDPConn.Close()
		r.server.forget(r)
		r.server.quotas.leave(r.account, r.server.now())
	})
	return err
}
