package sip

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"

	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// transport holds the sockets: it opens them, reads from them and finds the
// flow for what is to be sent.
//
// Goroutines: one reader for each UDP socket, one accept loop for each other
// listener, one reader for each connection. All are in readers and end with close.
type transport struct {
	cfg     *Config
	receive func(flow, *message.Parsed, error)
	closed  func(message.FlowID)                // told when a connection has ended
	quirk   func(string, netip.AddrPort, error) // told what to log of a peer

	gate    *gate
	run     string // part of every connection's FlowID: tells this run from others
	readers sync.WaitGroup

	mu      sync.Mutex
	down    bool
	seq     uint64
	udp     []*udpSocket
	closers []func() error
	bound   []boundListener
	flows   map[message.FlowID]*stream
	byPeer  map[peerKey]*stream
	half    map[net.Conn]struct{} // in their TLS handshake
	dials   map[dialKey]*dial
}

type boundListener struct {
	network string
	addr    netip.AddrPort
}

type peerKey struct {
	network string
	remote  netip.AddrPort
}

func newTransport(cfg *Config) (*transport, error) {
	var id [6]byte
	if _, err := rand.Read(id[:]); err != nil {
		return nil, fmt.Errorf("sip: random: %w", err)
	}
	return &transport{
		cfg:    cfg,
		gate:   newGate(cfg.Limits.Connections, cfg.Limits.ConnectionsPerIP),
		run:    hex.EncodeToString(id[:]),
		flows:  make(map[message.FlowID]*stream),
		byPeer: make(map[peerKey]*stream),
		half:   make(map[net.Conn]struct{}),
		dials:  make(map[dialKey]*dial),
	}, nil
}

// open opens every listener, or none. Nothing is read before all are open, so
// that whoever handles a message finds them all.
func (t *transport) open(ctx context.Context) error {
	serve := make([]func(), 0, len(t.cfg.Listeners))
	for i := range t.cfg.Listeners {
		l := &t.cfg.Listeners[i]
		f, err := t.listen(ctx, l)
		if err != nil {
			return errors.Join(fmt.Errorf("sip: listen on %s %s: %w", l.Network, l.Address, err), t.close())
		}
		serve = append(serve, f)
	}
	for _, f := range serve {
		t.goRead(f)
	}
	return nil
}

// listen opens one listener and gives what serves it.
func (t *transport) listen(ctx context.Context, l *Listener) (func(), error) {
	var lc net.ListenConfig
	if l.Network == "udp" {
		pc, err := lc.ListenPacket(ctx, "udp", l.Address)
		if err != nil {
			return nil, err
		}
		return t.openUDP(pc.(*net.UDPConn)), nil
	}
	nl, err := lc.Listen(ctx, "tcp", l.Address)
	if err != nil {
		return nil, err
	}
	note := func(err error) { t.quirk("accept on "+l.Network, netip.AddrPort{}, err) }
	gl := newGatedListener(nl, t.gate, note)
	t.bound = append(t.bound, boundListener{l.Network, addrPort(nl.Addr())})
	if l.Network == "ws" || l.Network == "wss" {
		return t.openHTTP(gl, l), nil
	}
	t.closers = append(t.closers, gl.Close)
	return func() { t.acceptStreams(gl, l) }, nil
}

// goRead starts a goroutine that close waits for; not once close has begun.
func (t *transport) goRead(f func()) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.down {
		return false
	}
	t.readers.Add(1)
	go func() { // owned by transport, ended by close
		defer t.readers.Done()
		f()
	}()
	return true
}

func (t *transport) openUDP(pc *net.UDPConn) func() {
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

func (t *transport) readUDP(sock *udpSocket) {
	buf := make([]byte, 65536)
	for {
		n, remote, err := sock.conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // an ICMP error of an earlier packet; the socket lives
			t.quirk("read from udp", remote, err)
			continue
		}
		remote = unmap(remote)
		if blank(buf[:n]) {
			continue
		}
		f := udpFlow{sock, remote}
		if n > t.cfg.Limits.MessageBytes {
			t.receive(f, nil, &message.Malformed{Status: 400, Why: fmt.Sprintf("datagram over %d bytes", t.cfg.Limits.MessageBytes)})
			continue
		}
		m, err := message.Parse(buf[:n])
		t.receive(f, m, err)
	}
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

func (t *transport) acceptStreams(l *gatedListener, cfg *Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		if !t.goRead(func() { t.serveAccepted(c, cfg) }) {
			_ = c.Close() // the server is closing
		}
	}
}

func (t *transport) serveAccepted(c net.Conn, cfg *Listener) {
	if cfg.Network == "tls" {
		tc := tls.Server(c, cfg.TLS)
		ctx, cancel := context.WithTimeout(context.Background(), t.cfg.Limits.HandshakeTimeout)
		err := t.handshake(ctx, tc)
		cancel()
		if err != nil {
			t.quirk("tls handshake", addrPort(c.RemoteAddr()), err)
			_ = c.Close() // the handshake's error is the one that counts
			return
		}
		c = tc
	}
	if st, ok := t.adopt(cfg.Network, c, ""); ok {
		t.readStream(st)
	}
}

// handshake does a TLS handshake that close can cut short.
func (t *transport) handshake(ctx context.Context, c *tls.Conn) error {
	if !t.track(c) {
		return net.ErrClosed
	}
	defer t.untrack(c)
	return c.HandshakeContext(ctx)
}

// adopt makes a flow of a connection.
func (t *transport) adopt(network string, c net.Conn, opened string) (*stream, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.down {
		_ = c.Close() // nothing was sent over it
		return nil, false
	}
	t.seq++
	src := message.Source{
		Network: network,
		Local:   addrPort(c.LocalAddr()),
		Remote:  addrPort(c.RemoteAddr()),
		Flow:    message.FlowID(network + "-" + t.run + "-" + strconv.FormatUint(t.seq, 10)),
	}
	st := newStream(src, c, &t.cfg.Limits)
	st.opened = opened
	t.flows[src.Flow] = st
	t.byPeer[peerKey{network, src.Remote}] = st
	return st, true
}

// drop forgets a flow whose reader has ended.
func (t *transport) drop(st *stream) {
	st.close()
	t.mu.Lock()
	delete(t.flows, st.src.Flow)
	key := peerKey{st.src.Network, st.src.Remote}
	if t.byPeer[key] == st {
		delete(t.byPeer, key)
	}
	t.mu.Unlock()
	t.closed(st.src.Flow)
}

func (t *transport) readStream(st *stream) {
	defer t.drop(st)
	f := framer{st: st, receive: func(m *message.Parsed, err error) { t.receive(st, m, err) }}
	err := f.run()
	if errors.Is(err, message.ErrFraming) {
		st.goodbye()
	}
	if !quiet(err) {
		t.quirk("read from "+st.src.Network, st.src.Remote, err)
	}
}

// flow is the live flow of that id.
func (t *transport) flow(id message.FlowID) (flow, bool) {
	if local, remote, ok := parseUDPFlow(id); ok {
		for _, s := range t.udp {
			if s.local == local {
				return udpFlow{s, remote}, true
			}
		}
		return nil, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	st, ok := t.flows[id]
	return st, ok && st.alive()
}

func (t *transport) connections() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.flows)
}

func (t *transport) addr(network string) netip.AddrPort {
	for _, b := range t.bound {
		if b.network == network {
			return b.addr
		}
	}
	return netip.AddrPort{}
}

// close closes every socket and waits for the readers.
func (t *transport) close() error {
	t.mu.Lock()
	t.down = true
	closers := t.closers
	t.closers = nil
	streams := make([]*stream, 0, len(t.flows))
	for _, st := range t.flows {
		streams = append(streams, st)
	}
	for c := range t.half {
		_ = c.Close() // its handshake reports the end
	}
	for _, d := range t.dials {
		d.cancel()
	}
	t.mu.Unlock()
	var errs []error
	for _, f := range closers {
		if err := f(); err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, http.ErrServerClosed) {
			errs = append(errs, err)
		}
	}
	for _, st := range streams {
		st.close()
	}
	t.readers.Wait()
	return errors.Join(errs...)
}

// track remembers a connection that is no flow yet, so that close ends it.
func (t *transport) track(c net.Conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.down {
		return false
	}
	t.half[c] = struct{}{}
	return true
}

func (t *transport) untrack(c net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.half, c)
}
