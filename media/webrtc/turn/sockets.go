package turn

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"syscall"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// socketBytes is the buffer of each UDP socket of ours, if the system grants it.
const socketBytes = 4 << 20

// sockets are those of one address and port.
type sockets struct {
	local    netip.AddrPort
	explicit bool         // the setting names it
	udp      *net.UDPConn // nil is none
	tcp      *net.TCPListener
}

func (o *sockets) close() (err error) {
	if o.udp != nil {
		err = o.udp.Close()
	}
	return errors.Join(err, o.tcp.Close())
}

// address reads HOST:PORT; a host left out is every address of both families.
func address(listen string) (netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return netip.AddrPort{}, fault.New(fault.Invalid, "turn: listen: %w", err)
	}
	switch host {
	case "":
		host = "::"
	case "localhost":
		host = "127.0.0.1"
	}
	at, err := netip.ParseAddrPort(net.JoinHostPort(host, port))
	if err != nil {
		return netip.AddrPort{}, fault.New(fault.Invalid, "turn: listen: %q is no IP address and port", listen)
	}
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port()), nil
}

// openEach opens the sockets of each address that a setting means, all of one port. Of
// all addresses of the machine some may not be of use yet, as those of IPv6 are that it
// still looks for a double of (RFC 4862): they are left out, with a warning.
func openEach(all []netip.Addr, at netip.AddrPort, udp bool, log *slog.Logger) (out []*sockets, err error) {
	port, explicit := at.Port(), !at.Addr().IsUnspecified()
	for i, a := range all {
		o, err := openOne(netip.AddrPortFrom(a, port), udp)
		if errors.Is(err, syscall.EADDRNOTAVAIL) && !explicit && len(out)+len(all)-i > 1 {
			log.Warn("turn: an address is not listened on", "address", a.String(), "err", err)
			continue
		}
		if err != nil {
			for _, o := range out {
				err = errors.Join(err, o.close())
			}
			return nil, fmt.Errorf("turn: %w", err)
		}
		o.explicit = explicit
		port = o.local.Port()
		out = append(out, o)
	}
	return out, nil
}

func openOne(at netip.AddrPort, udp bool) (*sockets, error) {
	tcp, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(at))
	if err != nil {
		return nil, err
	}
	o := &sockets{tcp: tcp, local: netip.AddrPortFrom(at.Addr(), tcp.Addr().(*net.TCPAddr).AddrPort().Port())}
	if !udp {
		return o, nil
	}
	if o.udp, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(o.local)); err != nil {
		return nil, errors.Join(err, tcp.Close())
	}
	// The system may grant less; then the default has to do.
	_ = o.udp.SetReadBuffer(socketBytes)
	_ = o.udp.SetWriteBuffer(socketBytes)
	return o, nil
}
