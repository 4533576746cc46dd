package turn

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/internal/certs/certtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var secret = []byte("a secret of some length")

// serve starts a service on loopback.
func serve(t testing.TB, set func(*Config)) *Server {
	t.Helper()
	c := Default()
	c.Listen, c.TLSListen = "127.0.0.1:0", ""
	c.Secret = secret
	c.Log = slog.New(slog.DiscardHandler)
	if set != nil {
		set(&c)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// certified adds TLS to a service, and gives what its clients trust.
func certified(t testing.TB, c *Config) *tls.Config {
	t.Helper()
	ca := certtest.New(t)
	c.TLSListen, c.TLS = "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{ca.Issue("localhost")}}
	return &tls.Config{RootCAs: ca.Pool(), ServerName: "localhost"}
}

// limit bounds the wait for what must come.
const limit = time.Minute

// user is a client that sees each message.
type user struct {
	t        testing.TB
	conn     net.Conn
	name     string
	password string
	realm    stun.Realm
	nonce    stun.Nonce
	patience time.Duration
}

// dial connects a user with credentials of the service.
func dial(t testing.TB, s *Server, network, name string) *user {
	t.Helper()
	conn, err := net.Dial(network, s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return use(t, s, conn, name)
}

func use(t testing.TB, s *Server, conn net.Conn, name string) *user {
	t.Helper()
	t.Cleanup(func() { _ = conn.Close() }) // the server may have closed it
	u := &user{t: t, conn: conn, patience: limit}
	u.name, u.password = s.credentials.issue(name, s.now())
	return u
}

// read reads one message.
func (u *user) read() (*stun.Message, error) {
	if err := u.conn.SetReadDeadline(time.Now().Add(u.patience)); err != nil {
		return nil, err
	}
	m := stun.New()
	buf := make([]byte, 4096)
	if _, udp := u.conn.(*net.UDPConn); udp {
		n, err := u.conn.Read(buf)
		if err != nil {
			return nil, err
		}
		m.Raw = buf[:n]
		return m, m.Decode()
	}
	if _, err := io.ReadFull(u.conn, buf[:stunHeader]); err != nil {
		return nil, err
	}
	n := stunHeader + int(binary.BigEndian.Uint16(buf[2:4]))
	if _, err := io.ReadFull(u.conn, buf[stunHeader:n]); err != nil {
		return nil, err
	}
	m.Raw = buf[:n]
	return m, m.Decode()
}

// send sends a message; a request is authentic once the realm is known.
func (u *user) send(typ stun.MessageType, set ...stun.Setter) [stun.TransactionIDSize]byte {
	u.t.Helper()
	all := append([]stun.Setter{stun.TransactionID, typ}, set...)
	if u.realm != nil && typ.Class == stun.ClassRequest {
		all = append(all, stun.NewUsername(u.name), u.realm, u.nonce, stun.NewLongTermIntegrity(u.name, u.realm.String(), u.password))
	}
	m, err := stun.Build(all...)
	if err != nil {
		u.t.Fatal(err)
	}
	if _, err := u.conn.Write(m.Raw); err != nil {
		u.t.Fatal(err)
	}
	return m.TransactionID
}

// ask sends a request and gives the code of its answer, 0 for success.
func (u *user) ask(method stun.Method, set ...stun.Setter) (stun.ErrorCode, *stun.Message) {
	u.t.Helper()
	id := u.send(stun.NewType(method, stun.ClassRequest), set...)
	for {
		m, err := u.read()
		if err != nil {
			u.t.Fatalf("%s: %v", method, err)
		}
		if m.TransactionID != id {
			continue
		}
		if m.Type.Class == stun.ClassSuccessResponse {
			return 0, m
		}
		var code stun.ErrorCodeAttribute
		if err := code.GetFrom(m); err != nil {
			u.t.Fatal(err)
		}
		return code.Code, m
	}
}

// raw is an attribute as it is on the wire.
type raw struct {
	typ   stun.AttrType
	value []byte
}

func (r raw) AddTo(m *stun.Message) error {
	m.Add(r.typ, r.value)
	return nil
}

var overUDP = raw{stun.AttrRequestedTransport, []byte{17, 0, 0, 0}}

func family(v6 bool) raw {
	if v6 {
		return raw{stun.AttrRequestedAddressFamily, []byte{2, 0, 0, 0}}
	}
	return raw{stun.AttrRequestedAddressFamily, []byte{1, 0, 0, 0}}
}

// peerAddress is XOR-PEER-ADDRESS; an IPv4 address in an IPv6 form stays in it.
func peerAddress(at netip.AddrPort) stun.Setter {
	return setter(func(m *stun.Message) error {
		key := append(binary.BigEndian.AppendUint32(nil, 0x2112A442), m.TransactionID[:]...)
		out := []byte{0, 1}
		if at.Addr().Is6() {
			out[1] = 2
		}
		out = binary.BigEndian.AppendUint16(out, at.Port()^0x2112)
		for i, b := range at.Addr().AsSlice() {
			out = append(out, b^key[i])
		}
		m.Add(stun.AttrXORPeerAddress, out)
		return nil
	})
}

type setter func(*stun.Message) error

func (s setter) AddTo(m *stun.Message) error { return s(m) }

// challenged lets the server say its realm and nonce.
func (u *user) challenged() {
	u.t.Helper()
	u.realm = nil
	code, m := u.ask(stun.MethodAllocate, overUDP)
	if code != stun.CodeUnauthorized {
		u.t.Fatalf("without credentials: %d", code)
	}
	if err := errors.Join(u.realm.GetFrom(m), u.nonce.GetFrom(m)); err != nil {
		u.t.Fatal(err)
	}
}

// allocate asks for a relay.
func (u *user) allocate(set ...stun.Setter) (stun.ErrorCode, netip.AddrPort) {
	u.t.Helper()
	if u.realm == nil {
		u.challenged()
	}
	code, m := u.ask(stun.MethodAllocate, append([]stun.Setter{overUDP}, set...)...)
	if code != 0 {
		return code, netip.AddrPort{}
	}
	var at stun.XORMappedAddress
	if err := at.GetFromAs(m, stun.AttrXORRelayedAddress); err != nil {
		u.t.Fatal(err)
	}
	ip, _ := netip.AddrFromSlice(at.IP)
	return 0, netip.AddrPortFrom(ip.Unmap(), uint16(at.Port))
}

// allocated has a relay.
func (u *user) allocated(set ...stun.Setter) netip.AddrPort {
	u.t.Helper()
	code, at := u.allocate(set...)
	if code != 0 {
		u.t.Fatalf("no relay: %d", code)
	}
	return at
}

func (u *user) permission(at netip.AddrPort) stun.ErrorCode {
	u.t.Helper()
	code, _ := u.ask(stun.MethodCreatePermission, peerAddress(at))
	return code
}

func (u *user) bind(channel uint16, at netip.AddrPort) stun.ErrorCode {
	u.t.Helper()
	code, _ := u.ask(stun.MethodChannelBind, raw{stun.AttrChannelNumber, []byte{byte(channel >> 8), byte(channel), 0, 0}}, peerAddress(at))
	return code
}

func (u *user) indicate(at netip.AddrPort, data string) {
	u.t.Helper()
	u.send(stun.NewType(stun.MethodSend, stun.ClassIndication), peerAddress(at), raw{stun.AttrData, []byte(data)})
}

// peer is somebody whom relays talk to.
type peer struct {
	*net.UDPConn
	at netip.AddrPort
}

func newPeer(t testing.TB, at string) *peer {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(at)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return &peer{conn, conn.LocalAddr().(*net.UDPAddr).AddrPort()}
}

// hears waits for a packet.
func (p *peer) hears(t testing.TB, want string) netip.AddrPort {
	t.Helper()
	if err := p.SetReadDeadline(time.Now().Add(limit)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	n, from, err := p.ReadFromUDPAddrPort(buf)
	if err != nil || string(buf[:n]) != want {
		t.Fatalf("heard %q (%v), want %q", buf[:n], err, want)
	}
	return from
}
