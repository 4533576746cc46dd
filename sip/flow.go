package sip

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// FlowHandler may be implemented by a Handler that wants to know when a
// connection has ended, to forget the bindings that were made over it.
// OnFlowClosed runs on the connection's own goroutine and must not block.
type FlowHandler interface {
	OnFlowClosed(message.FlowID)
}

// flow is something that messages are sent over.
type flow interface {
	source() message.Source
	// reliable says that the transport repeats what is lost (RFC 3261 §17).
	reliable() bool
	// send sends one whole message; an error is fault.Unreachable.
	send(b []byte) error
	alive() bool
}

// udpSocket is one UDP listener.
type udpSocket struct {
	conn  *net.UDPConn
	local netip.AddrPort
}

// udpFlow is a socket and a peer's address.
type udpFlow struct {
	sock   *udpSocket
	remote netip.AddrPort
}

func (f udpFlow) source() message.Source {
	return message.Source{Network: "udp", Local: f.sock.local, Remote: f.remote, Flow: udpFlowID(f.sock.local, f.remote)}
}

func (f udpFlow) reliable() bool { return false }
func (f udpFlow) alive() bool    { return true }

func (f udpFlow) send(b []byte) error {
	if _, err := f.sock.conn.WriteToUDPAddrPort(b, f.remote); err != nil {
		return fault.New(fault.Unreachable, "sip: send to udp %s: %w", f.remote, err)
	}
	return nil
}

func udpFlowID(local, remote netip.AddrPort) message.FlowID {
	return message.FlowID(fmt.Sprintf("udp %s %s", local, remote))
}

// parseUDPFlow reads what udpFlowID wrote.
func parseUDPFlow(id message.FlowID) (local, remote netip.AddrPort, ok bool) {
	l, r, found := strings.Cut(strings.TrimPrefix(string(id), "udp "), " ")
	if !strings.HasPrefix(string(id), "udp ") || !found {
		return
	}
	var err1, err2 error
	local, err1 = netip.ParseAddrPort(l)
	remote, err2 = netip.ParseAddrPort(r)
	return local, remote, err1 == nil && err2 == nil
}

// unmap makes the IPv4 address of an IPv4-in-IPv6 one.
func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// addrPort is the address of a TCP or UDP socket.
func addrPort(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.TCPAddr:
		return unmap(a.AddrPort())
	case *net.UDPAddr:
		return unmap(a.AddrPort())
	}
	return netip.AddrPort{}
}

// routeAddr is the address of this machine that packets to remote leave from.
func routeAddr(remote netip.AddrPort) (netip.Addr, error) {
	c, err := net.Dial("udp", remote.String()) // sends nothing
	if err != nil {
		return netip.Addr{}, fault.New(fault.Unreachable, "sip: no route to %s: %w", remote.Addr(), err)
	}
	local := addrPort(c.LocalAddr()).Addr()
	return local, c.Close()
}
