package turn

import (
	"crypto/tls"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// Connections that bring nothing end: those that are silent, in the middle of TLS or of a
// message, and those that have no allocation although they talk.
func TestConnectionsThatBringNothing(t *testing.T) {
	var trust *tls.Config
	s := serve(t, func(c *Config) {
		trust = certified(t, c)
		const short = 50 * time.Millisecond
		c.patience.half, c.patience.idle = short, short
	})
	quick := serve(t, func(c *Config) {
		certified(t, c)
		c.patience.handshake = 50 * time.Millisecond
	})
	for name, first := range map[string]string{"silent": "", "half a message": string(binding(t)[:10]), "half a header": "\x00"} {
		for _, over := range []string{"tcp", "tls"} {
			var conn net.Conn
			var err error
			if over == "tcp" {
				conn, err = net.Dial("tcp", s.Addr().String())
			} else {
				conn, err = tls.Dial("tcp", s.TLSAddr().String(), trust)
			}
			if err != nil {
				t.Fatal(err)
			}
			_, _ = conn.Write([]byte(first)) // it may be closed already
			closed(t, conn, name+" over "+over)
			_ = conn.Close() // the server has closed it
		}
	}
	for name, first := range map[string]string{"no hello": "", "half a hello": "\x16\x03\x01\x02\x00"} {
		conn, err := net.Dial("tcp", quick.TLSAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write([]byte(first)) // it may be closed already
		closed(t, conn, name)
		_ = conn.Close() // the server has closed it
	}
	plain := serve(t, nil)
	chatty, err := net.Dial("tcp", plain.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for range mostStrange + 1 {
		if _, err := chatty.Write(binding(t)); err != nil {
			break // closed
		}
	}
	closed(t, chatty, "one who only asks")
	_ = chatty.Close() // the server has closed it
	if n := plain.Stats().DroppedStrangers; n != 1 {
		t.Errorf("%d dropped", n)
	}
}

// A connection with an allocation may be silent; when that has ended, it may not.
func TestAConnectionLivesAsLongAsItsAllocation(t *testing.T) {
	t.Parallel()
	s := serve(t, func(c *Config) { c.patience.idle = 3 * time.Second })
	u := dial(t, s, "tcp", "alice")
	u.allocated()
	closed(t, dial(t, s, "tcp", "bob").conn, "one without, which is silent for less long")
	if code, _ := u.ask(stun.MethodRefresh); code != 0 {
		t.Errorf("then %d", code)
	}
	if code, _ := u.ask(stun.MethodRefresh, raw{stun.AttrLifetime, []byte{0, 0, 0, 0}}); code != 0 {
		t.Fatal(code)
	}
	closed(t, u.conn, "one whose allocation has ended")
	over := dial(t, s, "tcp", "alice")
	over.allocated(raw{stun.AttrLifetime, []byte{0, 0, 0, 1}})
	closed(t, over.conn, "one whose allocation has come to its end")
}

// A client that receives nothing is gone, and holds up nobody.
func TestAClientThatDoesNotReceive(t *testing.T) {
	s := serve(t, func(c *Config) {
		c.patience.slow = 100 * time.Millisecond
		c.AllowPeers, c.Bitrate = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, 0
	})
	u := dial(t, s, "tcp", "alice")
	at := u.allocated()
	p := newPeer(t, "127.0.0.1:0")
	if code := u.bind(0x4000, p.at); code != 0 {
		t.Fatal(code)
	}
	packet := make([]byte, 1400)
	await(t, func() bool {
		for range 1000 {
			if _, err := p.WriteToUDPAddrPort(packet, at); err != nil {
				return true // its port is closed
			}
		}
		return s.Stats().Connections == 0
	})
	await(t, func() bool { return s.Stats().Allocations == 0 })
}
