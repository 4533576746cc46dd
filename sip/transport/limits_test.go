package transport_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// TestSilentConnectionsBlockNobody: one silent client stopped every later one in
// the accept loop of the library that this replaces.
func TestSilentConnectionsBlockNobody(t *testing.T) {
	server, client := siptest.Certificate(t)
	cfg := siptest.Config("tcp", "tls", "ws", "wss")
	for i := range cfg.Transport.Listeners {
		cfg.Transport.Listeners[i].TLS = server
	}
	s := siptest.Server(t, cfg, siptest.Polite{})
	for _, network := range []string{"tcp", "tls", "ws", "wss"} {
		for range 20 {
			c, err := net.Dial("tcp", s.Addr(network).String())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() }) // the server may have been faster
		}
	}
	siptest.TCP(t, s.Addr("tcp")).Ping()
	siptest.TLS(t, s.Addr("tls"), client).Ping()
	siptest.WebSocket(t, "ws://"+s.Addr("ws").String()+"/ws", nil, nil).Ping()
	siptest.WebSocket(t, "wss://"+s.Addr("wss").String()+"/ws", client, nil).Ping()
}

// ends waits until the server has closed a connection.
func ends(t *testing.T, c net.Conn) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(siptest.Patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, c); err != nil && strings.Contains(err.Error(), "timeout") {
		t.Error("the connection was not closed")
	}
}

// TestSlowConnectionsEnd: silence and dribble have their limits on every transport.
func TestSlowConnectionsEnd(t *testing.T) {
	certificate, _ := siptest.Certificate(t)
	server := func(t *testing.T, limit func(*transport.Limits), networks ...string) *sip.Server {
		cfg := siptest.Config(networks...)
		for i := range cfg.Transport.Listeners {
			cfg.Transport.Listeners[i].TLS = certificate
		}
		limit(&cfg.Transport.Limits)
		return siptest.Server(t, cfg, siptest.Polite{})
	}
	const short = 100 * time.Millisecond
	s := server(t, func(l *transport.Limits) {
		l.HandshakeTimeout, l.FirstMessageTimeout, l.MessageTimeout, l.IdleTimeout = short, short, short, short
	}, "tcp", "tls", "ws", "wss")
	for _, c := range []struct{ name, network, say string }{
		{"silent", "tcp", ""}, {"silent", "tls", ""}, {"silent", "ws", ""}, {"silent", "wss", ""},
		{"half a message", "tcp", "OPTIONS sip:x SIP/2.0\r\nVia: "},
		{"half a body", "tcp", "OPTIONS sip:x SIP/2.0\r\nContent-Length: 10\r\n\r\nabc"},
		{"half a head", "ws", "GET /ws HTTP/1.1\r\nHost: "},
		{"idle", "tcp", "\r\n"},
	} {
		t.Run(c.network+" "+c.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", s.Addr(c.network).String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, c.say); err != nil {
				t.Fatal(err)
			}
			ends(t, conn)
		})
	}
	for name, say := range map[string][2]string{"line ends": {"", "\r\n\r\n"}, "line ends in halves": {"\r", "\n\r\n\r"}} {
		t.Run(name+" without a message", func(t *testing.T) {
			s := server(t, func(l *transport.Limits) { l.FirstMessageTimeout = short }, "tcp")
			conn, err := net.Dial("tcp", s.Addr("tcp").String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := conn.SetDeadline(time.Now().Add(siptest.Patience)); err != nil {
				t.Fatal(err)
			}
			_, err = io.WriteString(conn, say[0])
			pong := make([]byte, 2)
			for err == nil {
				if _, err = io.WriteString(conn, say[1]); err == nil {
					_, err = io.ReadFull(conn, pong)
				}
			}
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the connection was not closed")
			}
		})
	}
	t.Run("half a message after a line end in two parts", func(t *testing.T) {
		s := server(t, func(l *transport.Limits) { l.MessageTimeout = short }, "tcp")
		conn, err := net.Dial("tcp", s.Addr("tcp").String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		pong := make([]byte, 2)
		for _, part := range []string{"\r\n\r\n\r", "\n\r\n"} {
			if _, err := io.WriteString(conn, part); err != nil {
				return // this machine was as slow
			}
			if _, err := io.ReadFull(conn, pong); err != nil {
				return
			}
		}
		_, _ = io.WriteString(conn, "OPTIONS ") // fails where it has ended
		ends(t, conn)
	})
	t.Run("idle after a message", func(t *testing.T) {
		s := server(t, func(l *transport.Limits) { l.IdleTimeout = short }, "tcp")
		p := siptest.TCP(t, s.Addr("tcp"))
		p.Ping()
		siptest.Wait(t, p.Ended())
	})
	t.Run("WebSocket that does not pong", func(t *testing.T) {
		s := server(t, func(l *transport.Limits) { l.PingInterval = short }, "ws")
		d := websocket.Dialer{Subprotocols: []string{"sip"}}
		c, res, err := d.Dial("ws://"+s.Addr("ws").String()+"/ws", nil)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		defer c.Close()
		ends(t, c.NetConn()) // reads frames as bytes, and so answers no ping
	})
	t.Run("WebSocket that pongs stays", func(t *testing.T) {
		// The limit is three intervals: more than a machine stands still for.
		s := server(t, func(l *transport.Limits) { l.PingInterval = time.Second }, "ws")
		d := websocket.Dialer{Subprotocols: []string{"sip"}}
		c, res, err := d.Dial("ws://"+s.Addr("ws").String()+"/ws", nil)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		defer c.Close()
		pings, pong := 0, c.PingHandler()
		c.SetPingHandler(func(data string) error {
			if pings++; pings == 4 {
				text := siptest.UDP(t, s.Addr("ws")).NewCall("sip:x").Request("OPTIONS", "")
				return c.WriteMessage(websocket.TextMessage, []byte(text))
			}
			return pong(data)
		})
		if _, b, err := c.ReadMessage(); err != nil || !bytes.HasPrefix(b, []byte("SIP/2.0 200")) {
			t.Errorf("after %d pings: %q %v", pings, b, err)
		}
	})
}

func TestConnectionCaps(t *testing.T) {
	cfg := siptest.Config("tcp", "ws")
	cfg.Transport.Limits.ConnectionsPerIP = 3
	s := siptest.Server(t, cfg, siptest.Polite{})
	var peers []*siptest.Peer
	for range 3 {
		p := siptest.TCP(t, s.Addr("tcp"))
		p.Ping()
		peers = append(peers, p)
	}
	for _, network := range []string{"tcp", "ws"} {
		c, err := net.Dial("tcp", s.Addr(network).String())
		if err != nil {
			t.Fatal(err)
		}
		ends(t, c)
		c.Close()
	}
	if n := s.Stats().ConnectionsRefused; n != 2 {
		t.Errorf("%d refused", n)
	}
	peers[0].Ping()
	peers[1].Close()
	for { // the server sees the end a moment later
		c, err := net.Dial("tcp", s.Addr("tcp").String())
		if err != nil {
			t.Fatal(err)
		}
		p := siptest.Conn(t, "tcp", c)
		call := p.NewCall("sip:x")
		if _, err := io.WriteString(c, call.Request("OPTIONS", "")); err == nil {
			select {
			case <-p.Ended():
				continue
			case <-p.Arrived():
				return
			}
		}
	}
}

func TestValidate(t *testing.T) {
	for _, n := range []string{"tls", "wss"} {
		c := transport.Default()
		c.Listeners = []transport.Listener{{Network: n, Address: "127.0.0.1:0"}}
		if err := c.Validate(); fault.Of(err) != fault.Invalid {
			t.Errorf("%s without a certificate: %v", n, err)
		}
		c.Listeners[0].TLS = &tls.Config{}
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", n, err)
		}
		c.Limits.Connections = 0
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "Connections") {
			t.Errorf("limit of zero: %v", err)
		}
	}
}
