package turn

import (
	"crypto/tls"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

func TestSTUN(t *testing.T) {
	s := serve(t, nil)
	for _, network := range []string{"udp", "tcp"} {
		u := dial(t, s, network, "alice")
		code, m := u.ask(stun.MethodBinding)
		var at stun.XORMappedAddress
		if err := at.GetFrom(m); code != 0 || err != nil {
			t.Fatal(code, err)
		}
		if got, want := (&net.UDPAddr{IP: at.IP, Port: at.Port}).String(), u.conn.LocalAddr().String(); got != want {
			t.Errorf("%s: mapped %s, want %s", network, got, want)
		}
	}
}

// A relay carries packets both ways, over each transport, by Send and Data as by channels.
func TestARelay(t *testing.T) {
	var trust *tls.Config
	s := serve(t, func(c *Config) {
		c.AllowPeers = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		trust = certified(t, c)
	})
	for network, connect := range map[string]func() (net.Conn, error){
		"udp": func() (net.Conn, error) { return net.Dial("udp", s.Addr().String()) },
		"tcp": func() (net.Conn, error) { return net.Dial("tcp", s.Addr().String()) },
		"tls": func() (net.Conn, error) { return tls.Dial("tcp", s.TLSAddr().String(), trust) },
	} {
		t.Run(network, func(t *testing.T) {
			conn, err := connect()
			if err != nil {
				t.Fatal(err)
			}
			u := use(t, s, conn, "alice")
			at := u.allocated()
			if at.Addr() != netip.MustParseAddr("127.0.0.1") || at.Port() < 49152 {
				t.Errorf("a relay at %s", at)
			}
			p := newPeer(t, "127.0.0.1:0")
			u.indicate(p.at, "too early")
			if code := u.permission(p.at); code != 0 {
				t.Fatalf("permission: %d", code)
			}
			u.indicate(p.at, "by Send")
			if from := p.hears(t, "by Send"); from != at {
				t.Errorf("heard from %s, want %s", from, at)
			}
			if _, err := p.WriteToUDPAddrPort([]byte("hello"), at); err != nil {
				t.Fatal(err)
			}
			m, err := u.read()
			if err != nil {
				t.Fatal(err)
			}
			if data, err := m.Get(stun.AttrData); err != nil || string(data) != "hello" {
				t.Errorf("Data of %q: %v", data, err)
			}
			if code := u.bind(0x4001, p.at); code != 0 {
				t.Fatalf("channel: %d", code)
			}
			if _, err := u.conn.Write([]byte("\x40\x01\x00\x05chan!\x00\x00\x00")); err != nil {
				t.Fatal(err)
			}
			p.hears(t, "chan!")
			if code, _ := u.ask(stun.MethodRefresh, raw{stun.AttrLifetime, []byte{0, 0, 0, 0}}); code != 0 {
				t.Errorf("given back: %d", code)
			}
		})
	}
	if n := s.Stats(); n.Allocations != 0 || n.Allocated != 3 || n.SentPackets != 6 || n.ReceivedPackets != 3 || n.SentBytes != 36 || n.ReceivedBytes != 15 {
		t.Errorf("%+v", n)
	}
}

// Each form of each address is refused in each way that there is to send to it.
func TestNobodyInsideIsReached(t *testing.T) {
	for _, listen := range []string{"127.0.0.1:0", "[::1]:0"} {
		s := serve(t, func(c *Config) { c.Listen = listen })
		s.peers.list = newPeers(t, "", "").list
		s.peers.own.Store(nil)
		if err := s.peers.refresh(s.now()); err != nil {
			t.Fatal(err)
		}
		u := dial(t, s, "udp", "alice")
		v6 := u.allocated().Addr().Is6()
		var opened *relay
		s.mu.Lock()
		for r := range s.relays {
			opened = r
		}
		s.mu.Unlock()
		for i, ca := range forbidden {
			at := netip.AddrPortFrom(netip.MustParseAddr(ca.addr), 4000)
			want := stun.CodeForbidden
			if at.Addr().Unmap().Is6() != v6 {
				want = stun.CodePeerAddrFamilyMismatch
			}
			if code := u.permission(at); code != want {
				t.Errorf("%s: a permission for %s: %d, want %d", ca.name, at, code, want)
			}
			if code := u.bind(0x4000+uint16(i), at); code != want {
				t.Errorf("%s: a channel to %s: %d, want %d", ca.name, at, code, want)
			}
			u.indicate(at, "inside")
			// Nor if there were a permission.
			if _, err := opened.WriteTo([]byte("inside"), net.UDPAddrFromAddrPort(at)); err != nil {
				t.Error(err)
			}
		}
		u.ask(stun.MethodBinding) // answered when all before has been
		if n := s.Stats(); n.SentPackets != 0 || n.DroppedPeers < uint64(len(forbidden)) || n.RefusedPeers == 0 {
			t.Errorf("%+v", n)
		}
	}
}

// What of this machine the media are at is reached, nothing else of it is.
func TestTheMediaOfThisMachineAreReached(t *testing.T) {
	media, other := newPeer(t, "127.0.0.1:0"), newPeer(t, "127.0.0.1:0")
	s := serve(t, func(c *Config) { c.Media = media.at })
	u := dial(t, s, "udp", "alice")
	at := u.allocated()
	if code := u.permission(media.at); code != 0 {
		t.Fatalf("permission: %d", code)
	}
	if code := u.bind(0x4001, other.at); code != 0 {
		t.Fatalf("a channel: %d", code) // the address alone is looked at here
	}
	u.indicate(other.at, "to another port")
	if _, err := u.conn.Write([]byte("\x40\x01\x00\x04chan")); err != nil {
		t.Fatal(err)
	}
	u.indicate(media.at, "to the media")
	if from := media.hears(t, "to the media"); from != at {
		t.Errorf("from %s", from)
	}
	if n := s.Stats(); n.SentPackets != 1 || n.DroppedPeers != 2 {
		t.Errorf("%+v", n)
	}
	for _, p := range []*peer{other, media} {
		if _, err := p.WriteToUDPAddrPort([]byte("from "+p.at.String()), at); err != nil {
			t.Fatal(err)
		}
	}
	m, err := u.read()
	if err != nil {
		t.Fatal(err)
	}
	if data, err := m.Get(stun.AttrData); err != nil || string(data) != "from "+media.at.String() {
		t.Errorf("heard %q: %v", data, err)
	}
}

// What a service that is not for everybody refuses.
func TestRefusals(t *testing.T) {
	now := time.Now()
	var ahead atomic.Int64
	s := serve(t, func(c *Config) {
		c.Lifetime = time.Hour
		c.Now = func() time.Time { return now.Add(time.Duration(ahead.Load())) }
	})
	wrong := dial(t, s, "udp", "alice")
	wrong.password += "x"
	if code, _ := wrong.allocate(); code != stun.CodeBadRequest {
		t.Errorf("a wrong password: %d", code)
	}
	forged := dial(t, s, "udp", "alice")
	forged.name = strings.Replace(forged.name, ":alice", ":admin", 1)
	if code, _ := forged.allocate(); code != stun.CodeBadRequest {
		t.Errorf("another's name: %d", code)
	}
	longer := dial(t, s, "udp", "alice")
	longer.name = "9" + longer.name
	if code, _ := longer.allocate(); code != stun.CodeBadRequest {
		t.Errorf("a later end: %d", code)
	}
	if n := s.Stats().RefusedCredentials; n != 3 {
		t.Errorf("%d refused", n)
	}
	u := dial(t, s, "udp", "alice")
	for what, set := range map[string][]stun.Setter{
		"TCP":         {raw{stun.AttrRequestedTransport, []byte{6, 0, 0, 0}}},
		"reservation": {overUDP, raw{stun.AttrReservationToken, []byte("12345678")}},
	} {
		if u.realm == nil {
			u.challenged()
		}
		if code, _ := u.ask(stun.MethodAllocate, set...); code != stun.CodeInsufficientCapacity {
			t.Errorf("%s: %d", what, code)
		}
	}
	if n := s.Stats(); n.Allocations != 0 {
		t.Errorf("%+v", n)
	}
	for what, set := range map[string][]stun.Setter{
		"no lifetime":              {overUDP, raw{stun.AttrLifetime, []byte{0, 0, 0, 0}}},
		"EVEN-PORT beside a token": {overUDP, raw{stun.AttrEvenPort, []byte{0x80}}, raw{stun.AttrReservationToken, []byte("12345678")}},
	} {
		if code, _ := u.ask(stun.MethodAllocate, set...); code == 0 {
			t.Errorf("%s is taken", what)
		}
	}
	if n := s.Stats(); n.Allocations != 0 {
		t.Errorf("%+v", n)
	}
	// What stands outlives its credentials, by their lifetime again.
	u.allocated()
	for _, ca := range []struct {
		ahead    time.Duration
		standing stun.ErrorCode
		fresh    stun.ErrorCode
	}{
		{0, 0, 0},
		{time.Hour, 0, stun.CodeBadRequest},
		{2*time.Hour - time.Minute, 0, stun.CodeBadRequest},
		{2 * time.Hour, stun.CodeBadRequest, stun.CodeBadRequest},
	} {
		ahead.Store(int64(ca.ahead))
		if code, _ := u.ask(stun.MethodRefresh); code != ca.standing {
			t.Errorf("after %v a refresh: %d", ca.ahead, code)
		}
		another := dial(t, s, "udp", "alice")
		another.name, another.password = u.name, u.password
		if code, _ := another.allocate(); code != ca.fresh {
			t.Errorf("after %v a new one: %d", ca.ahead, code)
		}
	}
}
