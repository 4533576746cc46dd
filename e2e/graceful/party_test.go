package graceful_test

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/server"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

func newPeer(t *testing.T, s *server.Server) *siptest.Peer {
	t.Helper()
	return siptest.UDP(t, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(s.SIP))) //nolint:gosec // a port
}

// proven sends a request with credentials, and gives its final answer.
func proven(t *testing.T, c *siptest.Call, user, method, body string) *siptest.Message {
	t.Helper()
	c.Send(method, body)
	m := c.Peer.Want("SIP/2.0 401")
	if method == "INVITE" {
		c.Peer.Send(c.Again("ACK", "", "To: "+m.Header("To")))
	}
	account := digest.Account{Realm: "asterisk", Credentials: digest.Credentials{Username: user, Password: "secret"}}
	attempt := digest.NewClient(account).Begin(method, c.URI)
	if err := attempt.Challenged(401, m.Headers("WWW-Authenticate")); err != nil {
		t.Fatal(err)
	}
	c.Send(method, body, "Authorization: "+attempt.Headers()[0].Value)
	for {
		if m := c.Peer.Next(); m.Status() >= 200 && strings.HasPrefix(m.Header("CSeq"), fmt.Sprint(c.Seq)) {
			return m
		}
	}
}

// register is what a phone is told.
func register(t *testing.T, s *server.Server, user string) int {
	t.Helper()
	c := newPeer(t, s).NewCall("sip:127.0.0.1")
	c.From = "<sip:" + user + "@127.0.0.1>"
	c.To = c.From
	return proven(t, c, user, "REGISTER", "").Status()
}

// get is the status of a page.
func get(t *testing.T, s *server.Server, path string) int {
	t.Helper()
	defer http.DefaultClient.CloseIdleConnections()
	resp, err := http.Get(s.URL(path))
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}

// caller is a phone in a call to the echo, which it sends audio to all the while.
type caller struct {
	call  *siptest.Call
	media *net.UDPConn
	ssrc  uint32
	seen  bool
}

func newCaller(t *testing.T, s *server.Server, user, number string) *caller {
	t.Helper()
	media, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	p := newPeer(t, s)
	c := &caller{call: p.NewCall("sip:" + number + "@127.0.0.1"), media: media}
	c.call.From = "<sip:" + user + "@127.0.0.1>"
	offer := fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\n", media.LocalAddr().(*net.UDPAddr).Port)
	m := proven(t, c.call, user, "INVITE", offer)
	if m.Status() != 200 {
		t.Fatal(m.Text)
	}
	c.call.Take(m)
	c.call.Ack("")
	_, line, _ := strings.Cut(m.Body, "m=audio ")
	var port int
	if _, err := fmt.Sscan(line, &port); err != nil {
		t.Fatalf("%v\n%s", err, m.Body)
	}
	done, stop := make(chan struct{}), make(chan struct{})
	go func() { // ended by the test's end
		defer close(done)
		speak(media, port, stop)
	}()
	t.Cleanup(func() {
		close(stop)
		<-done
		media.Close()
	})
	return c
}

// speak sends a packet of G.711 each 20 ms.
func speak(media *net.UDPConn, port int, stop <-chan struct{}) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	packet := make([]byte, 12+160)
	packet[0] = 0x80
	binary.BigEndian.PutUint32(packet[8:], 0x5eed)
	for n := uint32(0); ; n++ {
		binary.BigEndian.PutUint16(packet[2:], uint16(n)) //nolint:gosec // it wraps
		binary.BigEndian.PutUint32(packet[4:], 160*n)
		for i := range packet[12:] {
			packet[12+i] = byte(n + uint32(i)) //nolint:gosec // some noise
		}
		// The server is gone at the end: nobody is left to hear it.
		_, _ = media.WriteToUDP(packet, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		select {
		case <-tick.C:
		case <-stop:
			return
		}
	}
}

// hears waits for so many packets of the stream that it has heard from the beginning.
func (c *caller) hears(t *testing.T, packets int) {
	t.Helper()
	buf := make([]byte, 2048)
	for n := 0; n < packets; {
		if err := c.media.SetReadDeadline(time.Now().Add(siptest.Patience)); err != nil {
			t.Fatal(err)
		}
		size, err := c.media.Read(buf)
		if err != nil {
			t.Fatalf("the call is silent after %d packets: %v", n, err)
		}
		if size < 12+160 || buf[1]&0x7f != 0 {
			continue
		}
		ssrc := binary.BigEndian.Uint32(buf[8:])
		if c.seen && ssrc != c.ssrc {
			t.Fatal("another stream: the call was made anew")
		}
		c.ssrc, c.seen = ssrc, true
		n++
	}
}

// asks sends a request in the call.
func (c *caller) asks(t *testing.T, method string) {
	t.Helper()
	c.call.Send(method, "")
	if m := c.call.Peer.Next(); m.Status() != 200 {
		t.Errorf("%s in the call:\n%s", method, m.Text)
	}
}

func (c *caller) hangsUp(t *testing.T) {
	t.Helper()
	c.asks(t, "BYE")
}

func (c *caller) isHungUp(t *testing.T) {
	t.Helper()
	p := c.call.Peer
	p.Send(p.Response(p.Skip("BYE "), 200, "", nil, ""))
}

// registrar is where a trunk registers; it answers everything with 200.
type registrar struct {
	peer  *siptest.Peer
	heard chan string // the lifetimes that it was asked for
}

func newRegistrar(t *testing.T) *registrar {
	t.Helper()
	r := &registrar{peer: siptest.UDP(t, netip.AddrPort{}), heard: make(chan string, 64)}
	done := make(chan struct{})
	go func() { // ended by the peer's end
		defer close(done)
		for {
			select {
			case m := <-r.peer.Arrived():
				expires := m.Header("Expires")
				if _, of, ok := strings.Cut(m.Header("Contact"), ";expires="); ok {
					expires = of
				}
				r.peer.Send(r.peer.Response(m, 200, "r", []string{"Contact: " + m.Header("Contact"), "Expires: " + expires}, ""))
				if strings.HasPrefix(m.Start, "REGISTER ") {
					r.heard <- expires
				}
			case <-r.peer.Ended():
				return
			}
		}
	}()
	t.Cleanup(func() {
		r.peer.Close()
		<-done
	})
	return r
}

func (r *registrar) port() int { return int(r.peer.Local().Port()) }

// registers waits for a REGISTER that ends a registration, or for one that makes it.
func (r *registrar) registers(t *testing.T, ends bool) {
	t.Helper()
	for {
		if expires := siptest.Wait(t, r.heard); (expires == "0") == ends {
			return
		}
	}
}
