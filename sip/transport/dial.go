package transport

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// dialKey is a connection that several requests may wait for together.
type dialKey struct {
	network string
	remote  netip.AddrPort
	host    string
	from    string // the listener's name, "" for none
}

type dial struct {
	done   chan struct{}
	cancel context.CancelFunc
	st     *stream
	err    error
}

// FlowTo finds or makes the flow to a destination: a UDP socket of ours, a
// connection that is open, or a new one. It leaves by the listener of that name: from its
// UDP socket, or from its address, where we are then to be reached by its port. Of a
// listener of another network the address counts alone, as far as it can. With "", and with
// a name that no listener has, it leaves by any.
func (t *Layer) FlowTo(ctx context.Context, d Destination, from string) (Flow, error) {
	t.cfg.Screen.Expect(d.Addr.Addr())
	switch d.Network {
	case "udp":
		return t.udpFlowTo(d.Addr, from)
	case "tcp", "tls":
		return t.streamTo(ctx, d, from)
	}
	return nil, fault.New(fault.Unsupported, "sip: cannot open a %s connection", d.Network)
}

// streamTo reuses the connection to that address or opens one. A connection
// that the peer opened is reused as well: its address is the peer's port on that
// very connection (RFC 5923's case of an ephemeral port in a Contact).
func (t *Layer) streamTo(ctx context.Context, d Destination, from string) (Flow, error) {
	at, ok := t.listener(from)
	if !ok || at.network != d.Network && at.addr.Addr().IsUnspecified() {
		from = ""
	}
	t.mu.Lock()
	if st, ok := t.byPeer[peerKey{d.Network, d.Addr, from}]; ok && st.Alive() && (st.leadsTo(d) || t.unproven(d) && st.isAt(d)) {
		t.mu.Unlock()
		return st, nil
	}
	if t.down {
		t.mu.Unlock()
		return nil, fault.New(fault.Unavailable, "sip: server is closed")
	}
	key := dialKey{d.Network, d.Addr, d.Host, from}
	one, ok := t.dials[key]
	if !ok {
		one = t.startDial(key)
	}
	t.mu.Unlock()
	select {
	case <-one.done:
		if one.err != nil {
			return nil, one.err
		}
		return one.st, nil
	case <-ctx.Done():
		return nil, fault.New(fault.Timeout, "sip: connect to %s %s: %w", d.Network, d.Addr, ctx.Err())
	}
}

// Again finds or makes a connection to where one leads that we had opened.
func (t *Layer) Again(ctx context.Context, f Flow) (Flow, error) {
	st, ok := f.(*stream)
	if !ok || st.opened == "" {
		return nil, fault.New(fault.Unreachable, "sip: %s connected to us", f.Source().Remote)
	}
	return t.streamTo(ctx, Destination{Network: st.src.Network, Addr: st.src.Remote, Host: st.opened}, st.src.Listener)
}

// startDial opens a connection on a goroutine of its own, which then reads from
// it; t.mu is held.
func (t *Layer) startDial(key dialKey) *dial {
	ctx, cancel := context.WithTimeout(context.Background(), t.cfg.Limits.DialTimeout)
	one := &dial{done: make(chan struct{}), cancel: cancel}
	t.dials[key] = one
	t.readers.Add(1)
	go func() { // owned by t, ended by Close
		defer t.readers.Done()
		t.events.Guard("transport", func() {
			t.dial(ctx, key, one)
			if one.err == nil {
				t.readStream(one.st)
			}
		})
	}()
	return one
}

// dial opens the connection and tells those who wait for it.
func (t *Layer) dial(ctx context.Context, key dialKey, one *dial) {
	err := errPanicked
	t.events.Guard("connect", func() { one.st, err = t.open(ctx, key) })
	one.cancel()
	if err != nil {
		one.err = fault.New(fault.Unreachable, "sip: connect to %s %s: %w", key.network, key.remote, err)
	}
	t.mu.Lock()
	delete(t.dials, key)
	t.mu.Unlock()
	close(one.done)
}

func (t *Layer) open(ctx context.Context, key dialKey) (*stream, error) {
	c, err := t.connect(ctx, key)
	if err != nil {
		return nil, err
	}
	st, ok := t.adopt(key.network, c, key.host, key.from)
	if !ok {
		return nil, net.ErrClosed
	}
	return st, nil
}

func (t *Layer) connect(ctx context.Context, key dialKey) (net.Conn, error) {
	var d net.Dialer
	if at, ok := t.listener(key.from); ok && !at.addr.Addr().IsUnspecified() {
		if at.addr.Addr().IsLoopback() && !key.remote.Addr().IsLoopback() {
			return nil, fault.New(fault.Unreachable, "listener %s at %s does not reach it", key.from, at.addr)
		}
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(at.addr.Addr(), 0))
	}
	c, err := d.DialContext(ctx, "tcp", key.remote.String())
	if err != nil || key.network != "tls" {
		return c, err
	}
	cfg := &tls.Config{}
	if t.cfg.TLSClient != nil {
		cfg = t.cfg.TLSClient(Destination{Network: key.network, Addr: key.remote, Host: key.host}).Clone()
	}
	if cfg.ServerName == "" {
		cfg.ServerName = key.host
	}
	tc := tls.Client(c, cfg)
	if err := tc.HandshakeContext(ctx); err != nil {
		_ = c.Close() // the handshake's error is the one that counts
		return nil, err
	}
	return tc, nil
}
