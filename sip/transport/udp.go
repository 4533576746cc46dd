package transport

import (
	"errors"
	"fmt"
	"hash/maphash"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/internal/stunping"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// udpSocket is one UDP listener.
type udpSocket struct {
	conn  *net.UDPConn
	local netip.AddrPort
	name  string // what the ids of its flows begin with
	named string // by the configuration; "" for not at all
	both  bool   // families, where local is an unspecified address of IPv6
}

// The pauses of a reader whose socket fails, while it does.
const (
	firstPause = 5 * time.Millisecond
	mostPause  = time.Second
)

// udpFlow is a socket and a peer's address, and how that is told, which is asked for some
// forty times in a call.
type udpFlow struct {
	sock   *udpSocket
	source message.Source
}

func newUDPFlow(sock *udpSocket, remote netip.AddrPort) *udpFlow {
	var room [96]byte // of two IPv6 addresses
	id := message.FlowID(remote.AppendTo(append(room[:0], sock.name...)))
	return &udpFlow{sock, message.Source{Network: "udp", Local: sock.local, Remote: remote, Flow: id, Listener: sock.named}}
}

// udpFlows are flows that came of late, by a hash of their peer's address: who sends one
// message sends more, and what remembers a flow, of which there are many, then remembers
// the same. One reader has them.
type udpFlows struct {
	seed maphash.Seed
	some [1024]*udpFlow
}

// of is the flow of a socket from a peer.
func (c *udpFlows) of(sock *udpSocket, remote netip.AddrPort) *udpFlow {
	place := &c.some[maphash.Comparable(c.seed, remote)%uint64(len(c.some))]
	if f := *place; f == nil || f.source.Remote != remote {
		*place = newUDPFlow(sock, remote)
	}
	return *place
}

func (f *udpFlow) Source() message.Source { return f.source }

func (f *udpFlow) Reliable() bool { return false }
func (f *udpFlow) Alive() bool    { return true }

func (f *udpFlow) To(remote netip.AddrPort) Flow {
	if remote == f.source.Remote {
		return f
	}
	return newUDPFlow(f.sock, remote)
}

func (f *udpFlow) Send(b []byte) error {
	if _, err := f.sock.conn.WriteToUDPAddrPort(b, f.source.Remote); err != nil {
		return fault.New(fault.Unreachable, "sip: send to udp %s: %w", f.source.Remote, err)
	}
	return nil
}

// parseUDPFlow reads the id of a flow over UDP.
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

func (t *Layer) openUDP(pc *net.UDPConn, both bool, name string) func() {
	// A burst must not be lost while a message is handled; a system that
	// refuses the size keeps its own.
	_ = pc.SetReadBuffer(4 << 20)
	_ = pc.SetWriteBuffer(1 << 20)
	if t.cfg.Unread != nil {
		stampArrivals(pc)
	}
	sock := &udpSocket{conn: pc, local: addrPort(pc.LocalAddr()), named: name, both: both}
	sock.name = "udp " + sock.local.String() + " "
	t.udp = append(t.udp, sock)
	t.bound = append(t.bound, boundListener{"udp", sock.local, name})
	t.closers = append(t.closers, pc.Close)
	return func() { t.readUDP(sock) }
}

func (t *Layer) readUDP(sock *udpSocket) {
	buf, control := make([]byte, 65536), make([]byte, controlBytes)
	pause := firstPause
	flows := udpFlows{seed: maphash.MakeSeed()}
	for {
		n, told, _, remote, err := sock.conn.ReadMsgUDPAddrPort(buf, control)
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
		if at, ok := arrival(control[:told]); ok && t.cfg.Unread != nil {
			t.cfg.Unread(time.Since(at))
		}
		if blank(buf[:n]) {
			continue
		}
		if t.cfg.Screen.Message(remote.Addr(), false) != 0 {
			continue
		}
		if stunping.Is(buf[:n]) {
			t.answerSTUN(newUDPFlow(sock, remote), buf[:n])
			continue
		}
		t.events.Guard("datagram", func() { t.takeDatagram(flows.of(sock, remote), buf[:n]) })
	}
}

// answerSTUN tells a phone its address (RFC 5626 §4.4.2).
func (t *Layer) answerSTUN(f *udpFlow, b []byte) {
	if out := t.stun.Answer(b, f.source.Remote); out != nil {
		_ = f.Send(out) // it asks again
	}
}

func (t *Layer) takeDatagram(f *udpFlow, b []byte) {
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

// udpFlowTo takes the first socket that reaches the peer: of its own address family before
// one of both, and a loopback socket only for loopback peers. It is the listener's that it
// is to leave by, or one at that listener's address before others.
func (t *Layer) udpFlowTo(remote netip.AddrPort, from string) (Flow, error) {
	remote = unmap(remote)
	at, named := t.listener(from)
	var fit *udpSocket
	best := 0
	for _, s := range t.udp {
		n := s.reaches(remote.Addr())
		switch {
		case n == 0 || named && at.network == "udp" && s.named != from:
			continue
		case named && s.local.Addr() == at.addr.Addr():
			n += 2
		}
		if n > best {
			fit, best = s, n
		}
	}
	if fit == nil && named {
		return nil, fault.New(fault.Unreachable, "sip: listener %s at %s %s does not reach %s", from, at.network, at.addr, remote)
	}
	if fit == nil {
		return nil, fault.New(fault.Unreachable, "sip: no udp listener reaches %s", remote)
	}
	return newUDPFlow(fit, remote), nil
}

// reaches tells how well a socket suits a peer; 0 is not at all.
func (s *udpSocket) reaches(peer netip.Addr) int {
	ip := s.local.Addr()
	rank := 2
	if ip.Is4() != peer.Is4() {
		if !s.both || !ip.IsUnspecified() || ip.Is4() {
			return 0
		}
		rank = 1
	}
	if ip.IsLoopback() && !peer.IsLoopback() {
		return 0
	}
	return rank
}

// listener is that of a name, if there is one.
func (t *Layer) listener(name string) (boundListener, bool) {
	for _, b := range t.bound {
		if name != "" && b.name == name {
			return b, true
		}
	}
	return boundListener{}, false
}

// listening is the port where connections of a network come in at an address of ours, or
// else anywhere; 0 for none.
func (t *Layer) listening(network string, local netip.Addr) (port uint16) {
	best := 0
	for _, b := range t.bound {
		rank := 1
		switch at := b.addr.Addr(); {
		case b.network != network:
			continue
		case at == local:
			rank = 4
		case at.IsUnspecified() && at.Is4() == local.Is4():
			rank = 3
		case at.IsUnspecified() && at.Is6(): // and perhaps of both families
			rank = 2
		}
		if rank > best {
			port, best = b.addr.Port(), rank
		}
	}
	return port
}

// Local is the address of ours that the peer of a flow reaches: of a connection
// the port that we listen on, of a socket on every address the one that packets to
// the peer leave from. An error is fault.Unreachable.
func (t *Layer) Local(f Flow) (netip.AddrPort, error) {
	src := f.Source()
	local := src.Local
	if src.Network != "udp" {
		// The connection's own port on our side, unless we listen.
		if at, ok := t.listener(src.Listener); ok && at.network == src.Network {
			local = netip.AddrPortFrom(local.Addr(), at.addr.Port())
		} else if port := t.listening(src.Network, local.Addr()); port != 0 {
			local = netip.AddrPortFrom(local.Addr(), port)
		}
	} else if local.Addr().IsUnspecified() {
		ip, err := t.routes.From(src.Remote.Addr())
		if err != nil {
			return netip.AddrPort{}, err
		}
		local = netip.AddrPortFrom(ip, local.Port())
	}
	return local, nil
}
