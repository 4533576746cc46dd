package transport

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// udpSocket is one UDP listener.
type udpSocket struct {
	conn  *net.UDPConn
	local netip.AddrPort
}

// The pauses of a reader whose socket fails, while it does.
const (
	firstPause = 5 * time.Millisecond
	mostPause  = time.Second
)

// udpFlow is a socket and a peer's address.
type udpFlow struct {
	sock   *udpSocket
	remote netip.AddrPort
}

func (f udpFlow) Source() message.Source {
	return message.Source{Network: "udp", Local: f.sock.local, Remote: f.remote, Flow: udpFlowID(f.sock.local, f.remote)}
}

func (f udpFlow) Reliable() bool { return false }
func (f udpFlow) Alive() bool    { return true }

func (f udpFlow) To(remote netip.AddrPort) Flow { return udpFlow{f.sock, remote} }

func (f udpFlow) Send(b []byte) error {
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

func (t *Layer) openUDP(pc *net.UDPConn) func() {
	// A burst must not be lost while a message is handled; a system that
	// refuses the size keeps its own.
	_ = pc.SetReadBuffer(4 << 20)
	_ = pc.SetWriteBuffer(1 << 20)
	sock := &udpSocket{conn: pc, local: addrPort(pc.LocalAddr())}
	t.udp = append(t.udp, sock)
	t.bound = append(t.bound, boundListener{"udp", sock.local})
	t.closers = append(t.closers, pc.Close)
	return func() { t.readUDP(sock) }
}

func (t *Layer) readUDP(sock *udpSocket) {
	buf := make([]byte, 65536)
	pause := firstPause
	for {
		n, remote, err := sock.conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // an ICMP error of an earlier packet, or one that lasts
			t.events.Quirk("read from udp", remote, err)
			select {
			case <-t.closed:
				return
			case <-time.After(pause):
			}
			pause = min(2*pause, mostPause)
			continue
		}
		pause = firstPause
		remote = unmap(remote)
		if blank(buf[:n]) {
			continue
		}
		t.events.Guard("datagram", func() { t.takeDatagram(udpFlow{sock, remote}, buf[:n]) })
	}
}

func (t *Layer) takeDatagram(f udpFlow, b []byte) {
	if len(b) > t.cfg.Limits.MessageBytes {
		t.events.Receive(f, nil, &message.MalformedError{Status: 400, Why: fmt.Sprintf("datagram over %d bytes", t.cfg.Limits.MessageBytes)})
		return
	}
	m, err := message.Parse(b)
	t.events.Receive(f, m, err)
}

// blank says that a datagram only keeps a NAT binding open.
func blank(b []byte) bool {
	for _, c := range b {
		if c != '\r' && c != '\n' && c != 0 && c != ' ' {
			return false
		}
	}
	return true
}

// udpFlowTo takes the first socket of the peer's address family, a loopback
// socket only for loopback peers.
func (t *Layer) udpFlowTo(remote netip.AddrPort) (Flow, error) {
	var fit *udpSocket
	for _, s := range t.udp {
		ip := s.local.Addr()
		wildcard6 := ip.Is6() && ip.IsUnspecified() // takes both families
		if ip.Is4() != remote.Addr().Is4() && !wildcard6 {
			continue
		}
		if ip.IsLoopback() && !remote.Addr().IsLoopback() {
			continue
		}
		if fit == nil || fit.local.Addr().IsLoopback() && !remote.Addr().IsLoopback() {
			fit = s
		}
	}
	if fit == nil {
		return nil, fault.New(fault.Unreachable, "sip: no udp listener reaches %s", remote)
	}
	return udpFlow{fit, remote}, nil
}

// Local is the address of ours that the peer of a flow reaches: of a connection
// the port that we listen on, of a socket on every address the one that packets to
// the peer leave from. An error is fault.Unreachable.
func (t *Layer) Local(f Flow) (netip.AddrPort, error) {
	src := f.Source()
	local := src.Local
	if src.Network != "udp" {
		// The connection's own port on our side, unless we listen.
		if a := t.Addr(src.Network); a.IsValid() {
			local = netip.AddrPortFrom(local.Addr(), a.Port())
		}
	} else if local.Addr().IsUnspecified() {
		ip, err := routeAddr(src.Remote)
		if err != nil {
			return netip.AddrPort{}, err
		}
		local = netip.AddrPortFrom(ip.Unmap(), local.Port())
	}
	return local, nil
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
