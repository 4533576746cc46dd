package sip

import (
	"bytes"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/sdp"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// mouth is a party's audio: PCMU packets of one sample said over and over, on a real socket.
type mouth struct {
	t    *testing.T
	conn *net.UDPConn
	says byte
	to   netip.AddrPort
	seq  uint16
}

func (r *rig) mouth(says byte) *mouth { return &mouth{t: r.t, conn: r.socket(), says: says} }

// content describes it.
func (m *mouth) content(r *rig) ua.Content {
	c := r.offer(0, "PCMU", "sendrecv")
	text := strings.Replace(string(c.Body), portLine(r.media), portLine(m.conn), 1)
	return ua.Content{Type: c.Type, Body: []byte(text)}
}

func (m *mouth) reply(r *rig, status int) ua.Reply {
	c := m.content(r)
	return ua.Reply{Status: status, ContentType: c.Type, Body: c.Body}
}

func portLine(c *net.UDPConn) string {
	_, port, _ := net.SplitHostPort(c.LocalAddr().String())
	return "m=audio " + port + " "
}

// toward takes where to speak to from a description of the server's.
func (m *mouth) toward(body []byte) {
	m.t.Helper()
	s, err := sdp.Parse(body)
	if err != nil {
		m.t.Fatalf("%v in\n%s", err, body)
	}
	target, err := s.Target(s.Media[0])
	if err != nil {
		m.t.Fatal(err)
	}
	m.to = target.RTP
}

// hear speaks until it hears what the other one says.
func (m *mouth) hear(says byte) {
	m.t.Helper()
	want, buf := bytes.Repeat([]byte{says}, 160), make([]byte, 2048)
	for end := time.Now().Add(siptest.Patience); time.Now().Before(end); {
		m.speak()
		if err := m.conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
			m.t.Fatal(err)
		}
		n, err := m.conn.Read(buf)
		if err == nil && n >= 172 && bytes.Equal(buf[12:172], want) {
			return
		}
	}
	m.t.Fatalf("%x does not hear %x", m.says, says)
}

func (m *mouth) speak() {
	m.seq++
	packet := append([]byte{0x80, 0, byte(m.seq >> 8), byte(m.seq), 0, byte(m.seq >> 9), byte(m.seq * 160 >> 8), byte(m.seq * 160), 0, 0, 0, m.says},
		bytes.Repeat([]byte{m.says}, 160)...)
	if _, err := m.conn.WriteToUDPAddrPort(packet, m.to); err != nil {
		m.t.Fatal(err)
	}
}

// converse has both hear each other.
func converse(a, b *mouth) {
	a.t.Helper()
	listen(a, b)
	listen(b, a)
}

// listen has one speak until the other one, who speaks too, hears it.
func listen(who, to *mouth) {
	who.t.Helper()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { // ended by stop
		defer close(stopped)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				to.speak()
			case <-stop:
				return
			}
		}
	}()
	defer func() {
		close(stop)
		<-stopped
	}()
	who.hear(to.says)
}
