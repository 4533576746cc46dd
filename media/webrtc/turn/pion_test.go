package turn

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/logging"
	"github.com/pion/stun/v4"
	pion "github.com/pion/turn/v5"
)

// Pion's client, which browsers' libraries in Go are made of, talks to a peer, and to none
// that is refused.
func TestPionsClient(t *testing.T) {
	s := serve(t, func(c *Config) { c.AllowPeers = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} })
	for _, network := range []string{"udp", "tcp"} {
		t.Run(network, func(t *testing.T) {
			var conn net.PacketConn
			if network == "udp" {
				conn = must(net.ListenPacket("udp", "127.0.0.1:0"))
			} else {
				conn = pion.NewSTUNConn(must(net.Dial("tcp", s.Addr().String())))
			}
			username, password := s.credentials.issue("a:lice", s.now())
			logs := logging.NewDefaultLoggerFactory()
			logs.DefaultLogLevel = logging.LogLevelDisabled
			client, err := pion.NewClient(&pion.ClientConfig{
				STUNServerAddr: s.Addr().String(), TURNServerAddr: s.Addr().String(), Conn: conn,
				Username: username, Password: password, LoggerFactory: logs,
			})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				client.Close()
				_ = conn.Close() // the client has closed it at times
			}()
			if err := client.Listen(); err != nil {
				t.Fatal(err)
			}
			if at, err := client.SendBindingRequest(); err != nil || at.String() != conn.LocalAddr().String() && network == "udp" {
				t.Errorf("mapped to %v: %v", at, err)
			}
			relay, err := client.Allocate()
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := relay.Close(); err != nil {
					t.Error(err)
				}
			}()
			p := newPeer(t, "127.0.0.1:0")
			if _, err := relay.WriteTo([]byte("hello"), net.UDPAddrFromAddrPort(p.at)); err != nil {
				t.Fatal(err)
			}
			if from := p.hears(t, "hello"); from.String() != relay.LocalAddr().String() {
				t.Errorf("heard from %s, the relay is %s", from, relay.LocalAddr())
			}
			if _, err := p.WriteToUDPAddrPort([]byte("and back"), relay.LocalAddr().(*net.UDPAddr).AddrPort()); err != nil {
				t.Fatal(err)
			}
			if err := relay.SetReadDeadline(time.Now().Add(limit)); err != nil {
				t.Fatal(err)
			}
			buf := make([]byte, 100)
			if n, from, err := relay.ReadFrom(buf); err != nil || string(buf[:n]) != "and back" || from.String() != p.at.String() {
				t.Errorf("%q from %v: %v", buf[:n], from, err)
			}
			for _, to := range []string{"127.0.0.2:9", "10.0.0.1:9", "169.254.169.254:80", "224.0.0.1:9"} {
				if _, err := relay.WriteTo([]byte("inside"), net.UDPAddrFromAddrPort(netip.MustParseAddrPort(to))); err == nil {
					t.Errorf("%s may be sent to", to)
				}
			}
		})
	}
}

// Nothing that a stranger sends keeps others from an answer.
func FuzzStranger(f *testing.F) {
	for _, method := range []stun.Method{
		stun.MethodBinding, stun.MethodAllocate, stun.MethodRefresh, stun.MethodSend, stun.MethodData, stun.MethodCreatePermission,
		stun.MethodChannelBind, stun.MethodConnect, stun.MethodConnectionBind,
	} {
		for _, class := range []stun.MessageClass{stun.ClassRequest, stun.ClassIndication, stun.ClassSuccessResponse, stun.ClassErrorResponse} {
			m, err := stun.Build(stun.TransactionID, stun.NewType(method, class), overUDP, family(true), stun.NewUsername("1:a"), stun.NewRealm("r"),
				stun.NewNonce("n"), peerAddress(netip.MustParseAddrPort("9.9.9.9:9")), stun.NewShortTermIntegrity("x"), stun.Fingerprint)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(m.Raw)
		}
	}
	f.Add([]byte("\x40\x01\x00\x05chan!\x00\x00\x00"))
	s := serve(f, func(c *Config) { c.Strangers = 1 << 30 })
	question := binding(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1400 {
			return
		}
		over := must(net.Dial("tcp", s.Addr().String()))
		defer over.Close()
		if _, err := over.Write(b); err != nil {
			t.Fatal(err)
		}
		u := dial(t, s, "udp", "alice")
		if _, err := u.conn.Write(b); err != nil && len(b) > 0 {
			t.Fatal(err)
		}
		if _, err := u.conn.Write(question); err != nil {
			t.Fatal(err)
		}
		for {
			m, err := u.read()
			if err != nil {
				t.Fatal(err)
			}
			if [12]byte(question[8:20]) == m.TransactionID {
				return
			}
		}
	})
}
