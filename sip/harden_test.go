package sip_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// alive sends an OPTIONS and wants its answer.
func alive(t *testing.T, p *siptest.Peer) {
	t.Helper()
	call := p.NewCall("sip:127.0.0.1")
	call.Send("OPTIONS", "")
	for m := p.Next(); m.Header("Call-ID") != call.ID; m = p.Next() {
	}
}

// TestSilentConnectionsBlockNobody: one silent client stopped every later one in
// the accept loop of the library that this replaces.
func TestSilentConnectionsBlockNobody(t *testing.T) {
	server, client := siptest.Certificate(t)
	cfg := siptest.Config("tcp", "tls", "ws", "wss")
	for i := range cfg.Listeners {
		cfg.Listeners[i].TLS = server
	}
	s := siptest.Server(t, cfg, politely{})
	for _, network := range []string{"tcp", "tls", "ws", "wss"} {
		for range 20 {
			c, err := net.Dial("tcp", s.Addr(network).String())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() }) // the server may have been faster
		}
	}
	alive(t, siptest.TCP(t, s.Addr("tcp")))
	alive(t, siptest.TLS(t, s.Addr("tls"), client))
	alive(t, siptest.WebSocket(t, "ws://"+s.Addr("ws").String()+"/ws", nil, nil))
	alive(t, siptest.WebSocket(t, "wss://"+s.Addr("wss").String()+"/ws", client, nil))
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
	server, _ := siptest.Certificate(t)
	cfg := siptest.Config("tcp", "tls", "ws", "wss")
	for i := range cfg.Listeners {
		cfg.Listeners[i].TLS = server
	}
	short := 100 * time.Millisecond
	cfg.Limits.HandshakeTimeout, cfg.Limits.FirstMessageTimeout, cfg.Limits.MessageTimeout, cfg.Limits.IdleTimeout = short, short, short, short
	cfg.Limits.PingInterval = short
	cfg.Limits.WriteTimeout = short
	s := siptest.Server(t, cfg, politely{})
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
	t.Run("idle after a message", func(t *testing.T) {
		p := siptest.TCP(t, s.Addr("tcp"))
		alive(t, p)
		siptest.Wait(t, p.Ended())
	})
	t.Run("WebSocket that does not pong", func(t *testing.T) {
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
		d := websocket.Dialer{Subprotocols: []string{"sip"}}
		c, res, err := d.Dial("ws://"+s.Addr("ws").String()+"/ws", nil)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		defer c.Close()
		pings, pong := 0, c.PingHandler()
		c.SetPingHandler(func(data string) error {
			if pings++; pings == 6 { // the limit under test is 3 intervals
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
	cfg.Limits.ConnectionsPerIP = 3
	s := siptest.Server(t, cfg, politely{})
	var peers []*siptest.Peer
	for range 3 {
		p := siptest.TCP(t, s.Addr("tcp"))
		alive(t, p)
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
	alive(t, peers[0])
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

// TestSmuggling: a length that lies never makes a second message of a body.
func TestSmuggling(t *testing.T) {
	hidden := "REGISTER sip:x SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bKhidden\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: hidden\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n"
	cfg := siptest.Config("tcp")
	cfg.Limits.MessageTimeout = 200 * time.Millisecond
	phone := siptest.NewPhoneWith(t, "bob", cfg)
	for _, lines := range [][]string{
		{"Content-Length: 4294967296"}, {"Content-Length: -1"}, {"Content-Length: +0"}, {"Content-Length: 0x0"}, {"Content-Length: 0, 0"},
		{"Content-Length: 0\r\nContent-Length: 0"}, {"Content-Length: 0\r\nl: 5"}, {"Content-Length: 0\r\nContent-Length : 5"},
		{"Content-Length:"}, {"-Content-Length"}, {"Content-Length: 99999999999999999999"}, {"Content-Length: 9 9"}, {"Content-Length: 70000"},
	} {
		t.Run(strings.Join(lines, ""), func(t *testing.T) {
			p := siptest.TCP(t, phone.Addr("tcp"))
			call := p.NewCall("sip:x")
			p.Send(call.Request("OPTIONS", "", lines...) + hidden)
			if m := p.Next(); m.Status() != 400 && m.Status() != 513 {
				t.Errorf("got\n%s", m.Text)
			}
			siptest.Wait(t, p.Ended())
			if len(phone.Requests) != 0 {
				t.Errorf("the handler was given %s", (<-phone.Requests).Request().Method())
			}
		})
	}
}

// fragile panics where it is told to.
type fragile struct{ *siptest.Leg }

func (fragile) OnInvite(*sip.IncomingInvite)   { panic("at the invite") }
func (fragile) OnRequest(*sip.IncomingRequest) { panic("at the request") }
func (fragile) OnFlowClosed(message.FlowID)    { panic("at the flow") }

type fragileDialog struct{ *siptest.Leg }

func (fragileDialog) OnRequest(*sip.InDialogRequest) { panic("in the dialog") }

func TestPanicsCostOneCall(t *testing.T) {
	s := siptest.Server(t, siptest.Config("udp", "tcp"), fragile{})
	for _, p := range []*siptest.Peer{siptest.UDP(t, s.Addr("udp")), siptest.TCP(t, s.Addr("tcp"))} {
		call := p.NewCall("sip:x")
		call.Send("INVITE", offer)
		p.Want("SIP/2.0 500")
		p.Send(call.Again("ACK", ""))
		p.NewCall("sip:x").Send("OPTIONS", "")
		p.Want("SIP/2.0 500")
		p.Close()
	}
	phone := siptest.NewPhone(t, "bob")
	p := siptest.UDP(t, phone.Addr("udp"))
	call := p.NewCall(phone.URI("udp").String())
	call.Send("INVITE", offer)
	leg := siptest.NewLeg(t)
	if _, err := siptest.Wait(t, phone.Invites).Accept(sdp(answer), fragileDialog{leg}); err != nil {
		t.Fatal(err)
	}
	call.Take(p.Want("SIP/2.0 200"))
	call.Ack("")
	call.Send("INFO", "")
	p.Send(p.Response(p.Skip("BYE "), 200, "", nil, ""))
	if e := siptest.Wait(t, leg.Ended); e.Cause != sip.EndPanic || e.Err == nil {
		t.Errorf("end %+v", e)
	}
	if n := phone.Stats().Panics; n != 1 {
		t.Errorf("%d panics", n)
	}
}

func TestOverload(t *testing.T) {
	cfg := siptest.Config("udp")
	cfg.Limits.Handlers = 2
	block := make(chan struct{})
	s := siptest.Server(t, cfg, blocking{block})
	p := siptest.UDP(t, s.Addr("udp"))
	for range 2 {
		p.NewCall("sip:x").Send("OPTIONS", "")
	}
	p.NewCall("sip:x").Send("OPTIONS", "")
	if m := p.Want("SIP/2.0 503"); m.Header("Retry-After") == "" {
		t.Errorf("got\n%s", m.Text)
	}
	close(block)
	p.Want("SIP/2.0 200")
	p.Want("SIP/2.0 200")

	cfg = siptest.Config("udp")
	cfg.Limits.Transactions = 3
	s = siptest.Server(t, cfg, politely{})
	p = siptest.UDP(t, s.Addr("udp"))
	for range 3 {
		p.NewCall("sip:x").Send("OPTIONS", "")
		p.Want("SIP/2.0 200")
	}
	p.NewCall("sip:x").Send("OPTIONS", "")
	p.Want("SIP/2.0 503")
	if st := s.Stats(); st.Refused != 1 || st.ServerTransactions != 3 {
		t.Errorf("stats %+v", st)
	}
}

type blocking struct{ until chan struct{} }

func (blocking) OnInvite(*sip.IncomingInvite) {}

func (b blocking) OnRequest(r *sip.IncomingRequest) {
	<-b.until
	_ = r.Respond(sip.Reply{}) // the test reads it
}

// TestLogFlood: 10,000 malformed messages make a few lines, without their text.
func TestLogFlood(t *testing.T) {
	var mu sync.Mutex
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(writerFunc(func(b []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return out.Write(b)
	}), nil))
	s, err := sip.NewServer(siptest.Config("udp"), politely{}, log)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := siptest.UDP(t, s.Addr("udp"))
	for i := range 10000 {
		p.Send("INVITE sip:secret-number SIP/2.0\r\nsecret-header\r\n\r\n")
		if i%100 == 99 {
			alive(t, p) // so that none is lost
		}
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	text := out.String()
	if strings.Contains(text, "secret") || len(text) > 20000 || text == "" {
		t.Errorf("%d bytes of log:\n%.500s", len(text), text)
	}
	if n := s.Stats().Malformed; n != 10000 {
		t.Errorf("%d malformed", n)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// TestAnswersAreNoAmplifier: no answer is twice as long as what it answers.
func TestAnswersAreNoAmplifier(t *testing.T) {
	s := siptest.Server(t, siptest.Config("udp"), politely{})
	p := siptest.UDP(t, s.Addr("udp"))
	for _, c := range []struct{ method, line string }{{"OPTIONS", "X: y"}, {"DANCE", "X: y"}, {"OPTIONS", "Require: x"}, {"INVITE", "Content-Length: x"}} {
		call := p.NewCall("sip:127.0.0.1")
		text := call.Request(c.method, "", c.line)
		p.Send(text)
		if m := p.Next(); len(m.Text) > 2*len(text) {
			t.Errorf("%s: %d bytes for %d", c.method, len(m.Text), len(text))
		}
	}
}

func TestServerCertificateIsNeeded(t *testing.T) {
	for _, n := range []string{"tls", "wss"} {
		if _, err := sip.NewServer(siptest.Config(n), politely{}, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%s without a certificate", n)
		}
	}
	cfg := siptest.Config("tls")
	cfg.Listeners[0].TLS = &tls.Config{}
	cfg.Limits.Connections = 0
	if _, err := sip.NewServer(cfg, politely{}, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(fmt.Sprint(err), "Connections") {
		t.Errorf("limit of zero: %v", err)
	}
}
