package transport

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/route"
	"github.com/skygenesisenterprise/skybridge/sip/internal/stunping"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Events is what a Layer tells its owner. The functions run on readers'
// goroutines, Receive in the order of arrival on each socket or connection; they
// must not block.
type Events struct {
	// Receive takes every message. The message may be nil or unsound; the error
	// then says why, with a message.MalformedError inside.
	Receive func(Flow, *message.Parsed, error)
	// Closed is told when a connection has ended.
	Closed func(message.FlowID)
	// Quirk is told what went wrong with a peer, or with a listener (the zero
	// address), to be logged.
	Quirk func(what string, peer netip.AddrPort, err error)
	// Guard runs f, keeps its panic within, and reports whether there was none:
	// a message that the parser cannot bear costs itself or its connection.
	Guard func(what string, f func()) bool
}

// Layer is the transport layer (RFC 3261 §18): it holds the sockets, reads from
// them and finds the flow for what is to be sent.
//
// Goroutines: one reader for each UDP socket, one accept loop for each other
// listener, one reader for each connection. All are in readers and end with Close.
type Layer struct {
	cfg    Config
	events Events

	gate    *gate
	stun    *stunping.Responder
	routes  route.Table
	run     string // part of every connection's FlowID: tells this run from others
	readers sync.WaitGroup
	closed  chan struct{} // closed by Close

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
	name    string
}

// peerKey is a peer as a listener of ours sees it, or "" for any of them.
type peerKey struct {
	network string
	remote  netip.AddrPort
	from    string
}

// places are the keys of a connection under one address of its peer.
func (st *stream) places(remote netip.AddrPort) []peerKey {
	keys := []peerKey{{st.src.Network, remote, ""}}
	if st.src.Listener != "" {
		keys = append(keys, peerKey{st.src.Network, remote, st.src.Listener})
	}
	return keys
}

// New makes a layer of a sound configuration (Config.Validate); Open opens it.
func New(cfg Config, events Events) (*Layer, error) {
	var id [6]byte
	if _, err := rand.Read(id[:]); err != nil {
		return nil, fmt.Errorf("sip: random: %w", err)
	}
	if cfg.Screen == nil {
		cfg.Screen = everybody{}
	}
	return &Layer{
		cfg:    cfg,
		events: events,
		gate:   newGate(cfg.Limits.Connections, cfg.Limits.ConnectionsPerIP, cfg.Screen.Connection),
		stun:   stunping.New(),
		run:    hex.EncodeToString(id[:]),
		closed: make(chan struct{}),
		flows:  make(map[message.FlowID]*stream),
		byPeer: make(map[peerKey]*stream),
		half:   make(map[net.Conn]struct{}),
		dials:  make(map[dialKey]*dial),
	}, nil
}

// reason is an error of the system without the address, which whoever reports it names.
func reason(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// Open opens every listener, or none: the error names the one that cannot be
// opened and wraps the system's (syscall.EADDRINUSE). Nothing is read before all are
// open, so that whoever handles a message finds them all. ctx bounds the opening only.
func (t *Layer) Open(ctx context.Context) error {
	serve := make([]func(), 0, len(t.cfg.Listeners))
	for i := range t.cfg.Listeners {
		l := &t.cfg.Listeners[i]
		f, err := t.listen(ctx, l)
		if err != nil {
			return errors.Join(fmt.Errorf("sip: listen on %s %s: %w", l.Network, l.Address, reason(err)), t.Close())
		}
		serve = append(serve, f)
	}
	for _, f := range serve {
		t.goRead(f)
	}
	return nil
}

// listen opens one listener and gives what serves it.
func (t *Layer) listen(ctx context.Context, l *Listener) (func(), error) {
	var lc net.ListenConfig
	if l.Network == "udp" {
		family := t.family(l)
		pc, err := lc.ListenPacket(ctx, "udp"+family, l.Address)
		if err != nil {
			return nil, err
		}
		return t.openUDP(pc.(*net.UDPConn), family == "", l.Name), nil
	}
	nl, err := lc.Listen(ctx, "tcp"+t.family(l), l.Address)
	if err != nil {
		return nil, err
	}
	note := func(err error) { t.events.Quirk("accept on "+l.Network, netip.AddrPort{}, err) }
	gl := newGatedListener(nl, t.gate, note)
	t.bound = append(t.bound, boundListener{l.Network, addrPort(nl.Addr()), l.Name})
	if l.Network == "ws" || l.Network == "wss" {
		return t.openHTTP(gl, l), nil
	}
	t.closers = append(t.closers, gl.Close)
	return func() { t.acceptStreams(gl, l) }, nil
}

// family is "4" for a listener at an address of IPv4, which Go would otherwise have 0.0.0.0
// be of both families, and "6" for one at [::] beside one of IPv4 at the same port. Alone it
// has both, and so has one without a host.
func (t *Layer) family(l *Listener) string {
	host, port, err := net.SplitHostPort(l.Address)
	ip, perr := netip.ParseAddr(host)
	if err != nil || perr != nil {
		return ""
	}
	if ip.Is4() {
		return "4"
	}
	if ip != netip.IPv6Unspecified() || port == "0" {
		return ""
	}
	for i := range t.cfg.Listeners {
		o := &t.cfg.Listeners[i]
		at, err := netip.ParseAddrPort(o.Address)
		if err == nil && at.Addr().Is4() && strconv.Itoa(int(at.Port())) == port && (o.Network == "udp") == (l.Network == "udp") {
			return "6"
		}
	}
	return ""
}

// goRead starts a goroutine that Close waits for; not once Close has begun.
func (t *Layer) goRead(f func()) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.down {
		return false
	}
	t.readers.Add(1)
	go func() { // owned by t, ended by Close
		defer t.readers.Done()
		t.events.Guard("transport", f)
	}()
	return true
}

// adopt makes a flow of a connection that came to a listener, or left by it.
func (t *Layer) adopt(network string, c net.Conn, opened, listener string) (*stream, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.down {
		_ = c.Close() // nothing was sent over it
		return nil, false
	}
	t.seq++
	src := message.Source{
		Network:  network,
		Local:    addrPort(c.LocalAddr()),
		Remote:   addrPort(c.RemoteAddr()),
		Flow:     message.FlowID(network + "-" + t.run + "-" + strconv.FormatUint(t.seq, 10)),
		Listener: listener,
	}
	st := newStream(src, c, &t.cfg.Limits)
	st.opened = opened
	t.flows[src.Flow] = st
	for _, key := range st.places(src.Remote) {
		t.byPeer[key] = st
	}
	return st, true
}

// drop forgets a flow whose reader has ended.
func (t *Layer) drop(st *stream) {
	st.close()
	t.mu.Lock()
	delete(t.flows, st.src.Flow)
	for _, remote := range append(st.aliases, st.src.Remote) {
		for _, key := range st.places(remote) {
			if t.byPeer[key] == st {
				delete(t.byPeer, key)
			}
		}
	}
	t.mu.Unlock()
	t.events.Closed(st.src.Flow)
}

// Flow is the live flow of that id.
func (t *Layer) Flow(id message.FlowID) (Flow, bool) {
	if local, remote, ok := parseUDPFlow(id); ok {
		for _, s := range t.udp {
			if s.local == local {
				return newUDPFlow(s, remote), true
			}
		}
		return nil, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if st, ok := t.flows[id]; ok && st.Alive() {
		return st, true
	}
	return nil, false
}

// Connections is how many connections are open.
func (t *Layer) Connections() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.flows)
}

// Refused is how many connections were refused for a limit.
func (t *Layer) Refused() uint64 { return t.gate.drops.Load() }

// Addr is the address of the first listener of that network, with the port it
// really has; the zero AddrPort when there is none.
func (t *Layer) Addr(network string) netip.AddrPort {
	for _, a := range t.Addrs(network) {
		return a
	}
	return netip.AddrPort{}
}

// Addrs are the addresses of all listeners of a network, in their order.
func (t *Layer) Addrs(network string) (out []netip.AddrPort) {
	for _, b := range t.bound {
		if b.network == network {
			out = append(out, b.addr)
		}
	}
	return out
}

// Close closes every socket and waits for the readers.
func (t *Layer) Close() error {
	t.mu.Lock()
	if !t.down {
		close(t.closed)
	}
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
