// Package mux opens the one UDP and the one TCP port that all WebRTC peers share,
// and keeps them open: an error about one packet, a want of file descriptors or a
// crowd of silent connections ends nothing.
//
// Goroutines: one that reads each UDP socket and one that accepts TCP, both of
// pion's muxes; Sockets.Close ends them.
package mux

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
)

const (
	// tcpWriteBytes bounds what waits for a slow TCP peer; beyond it packets are
	// dropped, so that a writer never waits.
	tcpWriteBytes = 256 << 10
	// tcpReadPackets is the packets read ahead from a TCP peer.
	tcpReadPackets = 32
	// firstSTUN bounds the time a TCP connection may stay silent, and the life
	// of one whose username nobody knows.
	firstSTUN = 10 * time.Second
)

// Sockets are the one UDP and the one TCP port of all peers. An unspecified
// address becomes one UDP socket per local address, all of one port, so that a
// reply leaves from the address that the request came to; addresses that appear
// later need a restart.
type Sockets struct {
	Addr netip.AddrPort // its port is that of both
	UDP  ice.UDPMux
	TCP  ice.TCPMux

	sockets []*Socket
}

// Listen opens the sockets, on which at most maxTCP connections are alive at once. With port 0 the system chooses the TCP port and UDP
// follows; should that port be taken there, another one is tried.
func Listen(at netip.AddrPort, loopback bool, maxTCP int, logs logging.LoggerFactory) (*Sockets, error) {
	const tries = 10
	for try := 1; ; try++ {
		s, err := listenOnce(at, loopback, maxTCP, logs)
		if err == nil || at.Port() != 0 || try == tries || !errors.Is(err, syscall.EADDRINUSE) {
			return s, err
		}
	}
}

func listenOnce(at netip.AddrPort, loopback bool, maxTCP int, logs logging.LoggerFactory) (*Sockets, error) {
	tcpNetwork := "tcp"
	if at.Addr().Is4() {
		tcpNetwork = "tcp4"
	}
	listener, err := net.ListenTCP(tcpNetwork, net.TCPAddrFromAddrPort(at))
	if err != nil {
		return nil, fmt.Errorf("webrtc: %w", err)
	}
	port := listener.Addr().(*net.TCPAddr).AddrPort().Port()
	s := &Sockets{Addr: netip.AddrPortFrom(at.Addr(), port)}

	fail := func(err error) (*Sockets, error) {
		for _, c := range s.sockets {
			err = errors.Join(err, c.Close())
		}
		return nil, errors.Join(err, listener.Close())
	}
	addrs, err := LocalAddresses(at.Addr(), loopback)
	if err != nil {
		return fail(err)
	}
	for _, a := range addrs {
		socket, err := listenUDP(netip.AddrPortFrom(a, port))
		if errors.Is(err, syscall.EADDRNOTAVAIL) && at.Addr().IsUnspecified() && a.Is6() {
			continue // not yet: IPv6 looks first whether somebody else has it (RFC 4862 §5.4)
		}
		if err != nil {
			return fail(fmt.Errorf("webrtc: %w", err))
		}
		s.sockets = append(s.sockets, socket)
	}
	log := logs.NewLogger("ice")
	muxes := make([]ice.UDPMux, len(s.sockets))
	for i, c := range s.sockets {
		muxes[i] = ice.NewUDPMuxDefault(ice.UDPMuxParams{Logger: log, UDPConn: c})
	}
	s.UDP = ice.NewMultiUDPMuxDefault(muxes...)
	s.TCP = ice.NewTCPMuxDefault(ice.TCPMuxParams{
		Listener:                     newTCPListener(listener, maxTCP),
		Logger:                       log,
		ReadBufferSize:               tcpReadPackets,
		WriteBufferSize:              tcpWriteBytes,
		FirstStunBindTimeout:         firstSTUN,
		AliveDurationForConnFromStun: firstSTUN,
	})
	return s, nil
}

// Close ends the ports and everything on them.
func (s *Sockets) Close() error {
	return errors.Join(s.UDP.Close(), s.TCP.Close())
}

// ErrOnlyLoopback says that the machine has no address but those of loopback, which
// were not wanted.
var ErrOnlyLoopback = errors.New("webrtc: no address to listen on: this machine has none besides loopback, which is not wanted")

// LocalAddresses is the address itself, or all of this machine's for an
// unspecified one: IPv4 for 0.0.0.0, both families for [::]. Link-local ones are left
// out, and so are those of loopback unless they are wanted.
func LocalAddresses(at netip.Addr, loopback bool) ([]netip.Addr, error) {
	if !at.IsUnspecified() {
		return []netip.Addr{at}, nil
	}
	nets, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("webrtc: list addresses: %w", err)
	}
	var addrs []netip.Addr
	for _, n := range nets {
		ipnet, ok := n.(*net.IPNet)
		if !ok {
			continue
		}
		a, ok := netip.AddrFromSlice(ipnet.IP)
		a = a.Unmap()
		if !ok || at.Is4() && !a.Is4() || a.IsLoopback() && !loopback || a.IsLinkLocalUnicast() {
			continue
		}
		addrs = append(addrs, a)
	}
	if len(addrs) == 0 {
		return nil, ErrOnlyLoopback
	}
	return addrs, nil
}

// backoff waits out a passing want of memory or file descriptors.
func backoff(failures uint32) {
	time.Sleep(min(time.Duration(failures)*time.Millisecond, 100*time.Millisecond))
}

// tcpListener bounds the connections alive at once, and outlives the want of file
// descriptors that would end its accept loop.
type tcpListener struct {
	*net.TCPListener
	free chan struct{}
}

func newTCPListener(l *net.TCPListener, limit int) *tcpListener {
	return &tcpListener{TCPListener: l, free: make(chan struct{}, limit)}
}

// Accept gives the next connection; those over the limit are closed at once.
func (l *tcpListener) Accept() (net.Conn, error) {
	for failures := uint32(0); ; {
		conn, err := l.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return nil, err
		}
		if err != nil {
			failures++
			backoff(failures)
			continue
		}
		failures = 0
		select {
		case l.free <- struct{}{}:
			return &tcpConn{TCPConn: conn, free: sync.OnceFunc(func() { <-l.free })}, nil
		default:
			_ = conn.Close() // refused: nothing was promised to it
		}
	}
}

type tcpConn struct {
	*net.TCPConn
	free func()
}

// Close ends the connection and makes room for another.
func (c *tcpConn) Close() error {
	defer c.free()
	return c.TCPConn.Close()
}
