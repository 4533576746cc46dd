package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/pion/ice/v4"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp/dtls"
)

// maxDatagram is the longest datagram that is read from the Agent.
const maxDatagram = 1600

// associate prepares the handshake.
func (t *Transport) associate(prints srtp.Fingerprints, active bool) (*dtls.Association, error) {
	return dtls.NewAssociation(t.cfg.Certificate, t.cfg.Suites,
		dtls.Peer{Active: active, Fingerprints: prints},
		func(packet []byte) error {
			conn := t.out.conn.Load()
			if conn == nil {
				return errNotConnected
			}
			_, err := conn.Write(packet)
			return err
		})
}

// read takes what comes through the Agent until that ends: the handshake, data, and media
// that has no way of its own.
func (t *Transport) read(conn *ice.Conn, a *dtls.Association) {
	buf := make([]byte, maxDatagram)
	for {
		n, err := conn.Read(buf)
		switch {
		case errors.Is(err, io.ErrShortBuffer) || err == nil && n == 0: // nothing of ours is that long
		case err != nil:
			return
		case buf[0] > 127 && buf[0] < 192: // RFC 7983 §7
			t.Receive(buf[:n:n], time.Now())
		case buf[0] > 19 && buf[0] < 64:
			a.Take(buf[:n])
		}
	}
}

// makeKeys makes the handshake once there is a path, and then stays with what comes as
// data until the peer or we end it.
func (t *Transport) makeKeys(a *dtls.Association) {
	goodbye := sync.OnceFunc(func() { _ = a.Close() }) // it says goodbye, or cannot
	defer close(t.out.said)
	defer goodbye()
	if err := t.agent.AwaitConnect(t.live); err != nil {
		return // closed, or failed, which the path's state tells
	}
	limit, cancel := context.WithTimeout(t.live, t.cfg.HandshakeTimeout)
	masters, err := a.Handshake(limit)
	cancel()
	if err == nil {
		err = t.key(masters)
	}
	if t.live.Err() != nil {
		return
	}
	if err != nil {
		t.fail(err)
		return
	}
	t.secure.Store(true)
	t.cfg.Changed()
	stop := context.AfterFunc(t.live, goodbye)
	if t.cfg.Data != nil {
		t.cfg.Data(&dataConn{a.Conn()})
		_ = a.Conn().SetReadDeadline(time.Time{}) // fails where there is nothing left to read
	}
	t.discard(a.Conn())
	stop()
	if t.live.Err() == nil {
		t.left.Store(true)
		t.cfg.Changed()
	}
}

// dataConn is the connection of data. It cannot end the association, whose end is the
// transport's.
type dataConn struct {
	net.Conn
}

// Close ends reading.
func (c *dataConn) Close() error { return c.Conn.SetReadDeadline(time.Unix(1, 0)) }

// discard reads what nobody wants until the peer has closed.
func (t *Transport) discard(c net.Conn) {
	buf := make([]byte, maxDatagram)
	for t.live.Err() == nil {
		if _, err := c.Read(buf); errors.Is(err, io.EOF) {
			return
		}
	}
}

// key takes the keys of a handshake into use.
func (t *Transport) key(m srtp.Masters) error {
	err := t.in.key(m.Receive)
	if err == nil {
		err = t.out.key(m.Send)
	}
	if err != nil {
		return fault.New(fault.Internal, "webrtc: keys: %w", err)
	}
	return nil
}
