package siptest

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fasthttp/websocket"
)

// Patience is how long a Peer waits for a message before it fails the test.
const Patience = time.Minute

// Peer is one side of a raw conversation: a UDP socket, or a connection.
type Peer struct {
	t       testing.TB
	network string
	local   netip.AddrPort
	send    func([]byte) error
	close   func() error
	in      chan *Message
	ended   chan struct{}
}

// counter makes ids that differ within one test run.
var counter atomic.Uint64

// ID is a short text that is used only once in a test run.
func ID(prefix string) string { return prefix + strconv.FormatUint(counter.Add(1), 36) }

// UDP opens a socket that talks to addr; the zero AddrPort talks to whom it heard
// from last.
func UDP(t testing.TB, addr netip.AddrPort) *Peer {
	t.Helper()
	return UDPFrom(t, netip.MustParseAddr("127.0.0.1"), addr)
}

// UDPFrom is UDP with an address of its own: all of 127.0.0.0/8 is this machine.
func UDPFrom(t testing.TB, local netip.Addr, addr netip.AddrPort) *Peer {
	t.Helper()
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(local, 0)))
	if err != nil {
		t.Fatalf("siptest: %v", err)
	}
	p := newPeer(t, "udp", c.LocalAddr(), c.Close)
	var remote atomic.Value
	fixed := addr.IsValid()
	if fixed {
		remote.Store(addr)
	}
	p.send = func(b []byte) error {
		to, ok := remote.Load().(netip.AddrPort)
		if !ok {
			return fmt.Errorf("nobody has spoken yet")
		}
		_, err := c.WriteToUDPAddrPort(b, to)
		return err
	}
	p.start(func() error {
		buf := make([]byte, 65536)
		for {
			n, from, err := c.ReadFromUDPAddrPort(buf)
			if err != nil {
				return err
			}
			if !fixed {
				remote.Store(from)
			}
			p.take(string(buf[:n]))
		}
	})
	return p
}

// NeedIPv6 skips a test on a machine without IPv6.
func NeedIPv6(t testing.TB) {
	t.Helper()
	c, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		t.Skipf("no IPv6: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatalf("siptest: %v", err)
	}
}

// TCP connects to addr.
func TCP(t testing.TB, addr netip.AddrPort) *Peer {
	t.Helper()
	c, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatalf("siptest: %v", err)
	}
	return Conn(t, "tcp", c)
}

// TLS connects to addr with cfg.
func TLS(t testing.TB, addr netip.AddrPort, cfg *tls.Config) *Peer {
	t.Helper()
	c, err := tls.Dial("tcp", addr.String(), cfg)
	if err != nil {
		t.Fatalf("siptest: %v", err)
	}
	return Conn(t, "tls", c)
}

// Conn talks over a connection that is there, such as an accepted one.
func Conn(t testing.TB, network string, c net.Conn) *Peer {
	p := newPeer(t, network, c.LocalAddr(), c.Close)
	p.send = func(b []byte) error {
		_, err := c.Write(b)
		return err
	}
	p.start(func() error {
		r := bufio.NewReader(c)
		for {
			text, err := readStream(r)
			if err != nil {
				return err
			}
			p.take(text)
		}
	})
	return p
}

// readStream reads one message, or one line end that stands alone (a pong).
func readStream(r *bufio.Reader) (string, error) {
	var head strings.Builder
	length := 0
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return "", err
		}
		head.WriteString(line)
		if strings.TrimRight(line, "\r\n") == "" {
			break
		}
		if name, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(strings.TrimSpace(name), "Content-Length") {
			if length, err = strconv.Atoi(strings.TrimSpace(v)); err != nil {
				return "", err
			}
		}
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(r, body); err != nil {
		return "", err
	}
	return head.String() + string(body), nil
}

// WebSocket connects to url, such as "ws://127.0.0.1:8088/ws"; header may hold an
// Origin.
func WebSocket(t testing.TB, url string, cfg *tls.Config, header http.Header) *Peer {
	t.Helper()
	d := websocket.Dialer{Subprotocols: []string{"sip"}, TLSClientConfig: cfg, HandshakeTimeout: Patience}
	c, res, err := d.Dial(url, header)
	if err != nil {
		t.Fatalf("siptest: %s: %v", url, err)
	}
	if err := res.Body.Close(); err != nil {
		t.Fatalf("siptest: %v", err)
	}
	network := "ws"
	if cfg != nil {
		network = "wss"
	}
	p := newPeer(t, network, c.LocalAddr(), c.Close)
	p.send = func(b []byte) error { return c.WriteMessage(websocket.TextMessage, b) }
	p.start(func() error {
		for {
			_, b, err := c.ReadMessage()
			if err != nil {
				return err
			}
			p.take(string(b))
		}
	})
	return p
}

func newPeer(t testing.TB, network string, local net.Addr, end func() error) *Peer {
	p := &Peer{t: t, network: network, close: end, in: make(chan *Message, 256), ended: make(chan struct{})}
	p.local = netip.MustParseAddrPort(local.String())
	return p
}

func (p *Peer) start(read func() error) {
	go func() { // owned by p, ended by Close
		defer close(p.ended)
		_ = read() // its error is the end, which Ended tells
	}()
	p.t.Cleanup(p.Close)
}

func (p *Peer) take(text string) {
	select {
	case p.in <- Parse(text):
	default: // a test that does not look does not miss it
	}
}

// Close ends the conversation.
func (p *Peer) Close() {
	_ = p.close() // the second time it is closed already
	<-p.ended
}

// Ended is closed when the other side has closed the connection.
func (p *Peer) Ended() <-chan struct{} { return p.ended }

// Arrived gives the messages as they come, for a test that waits for several things.
func (p *Peer) Arrived() <-chan *Message { return p.in }

// Local is the peer's own address.
func (p *Peer) Local() netip.AddrPort { return p.local }

// Send sends text as it is.
func (p *Peer) Send(text string) {
	p.t.Helper()
	if err := p.send([]byte(text)); err != nil {
		p.t.Fatalf("siptest: send: %v", err)
	}
}

// Next is the next message.
func (p *Peer) Next() *Message {
	p.t.Helper()
	select {
	case m := <-p.in:
		return m
	default:
	}
	timer := time.NewTimer(Patience)
	defer timer.Stop()
	select {
	case m := <-p.in:
		return m
	case <-timer.C:
		p.t.Fatalf("siptest: no message in %v", Patience)
	}
	return nil
}

// Quiet fails the test if a message is there already. It is a check for the end
// of an exchange, after something that was sent later has been answered.
func (p *Peer) Quiet() {
	p.t.Helper()
	select {
	case m := <-p.in:
		p.t.Fatalf("siptest: unexpected message:\n%s", m.Text)
	default:
	}
}

// Want is the next message that begins so: "SIP/2.0 200", "BYE ". Others that
// come before it fail the test, but for 100 Trying.
func (p *Peer) Want(start string) *Message {
	p.t.Helper()
	for {
		m := p.Next()
		if strings.HasPrefix(m.Start, start) {
			return m
		}
		if !strings.HasPrefix(m.Start, "SIP/2.0 100") {
			p.t.Fatalf("siptest: want %q, got:\n%s", start, m.Text)
		}
	}
}

// Skip is the next message that begins so, whatever comes before it.
func (p *Peer) Skip(start string) *Message {
	p.t.Helper()
	for {
		if m := p.Next(); strings.HasPrefix(m.Start, start) {
			return m
		}
	}
}

// Ping sends an OPTIONS and waits for its answer: whoever is behind is there.
func (p *Peer) Ping() {
	p.t.Helper()
	call := p.NewCall("sip:127.0.0.1")
	call.Send("OPTIONS", "")
	for m := p.Next(); m.Header("Call-ID") != call.ID; m = p.Next() {
	}
}
