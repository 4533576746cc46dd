package transport

import (
	"context"
	"crypto/tls"
	"net"
)

func (t *Layer) acceptStreams(l *gatedListener, cfg *Listener) {
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

func (t *Layer) serveAccepted(c net.Conn, cfg *Listener) {
	if cfg.Network == "tls" {
		tc := tls.Server(c, cfg.TLS)
		ctx, cancel := context.WithTimeout(context.Background(), t.cfg.Limits.HandshakeTimeout)
		err := t.handshake(ctx, tc)
		cancel()
		if err != nil {
			t.events.Quirk("tls handshake", addrPort(c.RemoteAddr()), err)
			_ = c.Close() // the handshake's error is the one that counts
			return
		}
		c = tc
	}
	if st, ok := t.adopt(cfg.Network, c, "", cfg.Name); ok {
		t.readStream(st)
	}
}

// handshake does a TLS handshake that Close can cut short.
func (t *Layer) handshake(ctx context.Context, c *tls.Conn) error {
	if !t.track(c) {
		return net.ErrClosed
	}
	defer t.untrack(c)
	return c.HandshakeContext(ctx)
}

// track remembers a connection that is no flow yet, so that Close ends it.
func (t *Layer) track(c net.Conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.down {
		return false
	}
	t.half[c] = struct{}{}
	return true
}

func (t *Layer) untrack(c net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.half, c)
}
