package turn

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// closed waits for the server to close a connection.
func closed(t *testing.T, conn net.Conn, what string) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(limit)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%s: not closed", what)
	}
}

// binding is a request that anybody may make.
func binding(t testing.TB) []byte {
	t.Helper()
	m, err := stun.Build(stun.TransactionID, stun.BindingRequest)
	if err != nil {
		t.Fatal(err)
	}
	return m.Raw
}

// What is no message ends its connection, and nothing else; a length that wraps round is
// one such.
func TestGarbage(t *testing.T) {
	request := binding(t)
	long := func(n int) []byte {
		out := bytes.Clone(request)
		out[2], out[3] = byte(n>>8), byte(n)
		return append(out, make([]byte, 100)...)
	}
	cases := map[string][]byte{
		"HTTP":                     []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		"TLS":                      {0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3},
		"zeros":                    make([]byte, 100),
		"another cookie":           append(bytes.Clone(request[:4]), make([]byte, 16)...),
		"no multiple of four":      long(3),
		"too long":                 long(4000),
		"a length of 65516":        long(65516),
		"a length of 65532":        long(65532),
		"a channel of 65532 bytes": append([]byte{0x40, 0, 0xff, 0xfc}, make([]byte, 100)...),
		"a channel of 65535 bytes": append([]byte{0x40, 0, 0xff, 0xff}, make([]byte, 100)...),
		"RTP":                      append([]byte{0x80, 0}, make([]byte, 20)...),
	}
	s := serve(t, nil)
	beside := dial(t, s, "tcp", "alice")
	beside.allocated()
	for name, garbage := range cases {
		conn, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write(garbage); err != nil {
			t.Fatal(err)
		}
		closed(t, conn, name)
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		u := dial(t, s, "udp", "alice")
		if _, err := u.conn.Write(garbage); err != nil {
			t.Fatal(err)
		}
		if code, _ := u.ask(stun.MethodBinding); code != 0 {
			t.Errorf("%s: then %d", name, code)
		}
	}
	if code, _ := beside.ask(stun.MethodRefresh); code != 0 {
		t.Errorf("another connection: %d", code)
	}
	if n := s.Stats(); n.DroppedGarbage != 2*uint64(len(cases)) {
		t.Errorf("%+v", n)
	}
	await(t, func() bool { return s.Stats().Connections == 1 })
}

// Messages come in whatever pieces a stream brings them in.
func TestPieces(t *testing.T) {
	s := serve(t, nil)
	u := dial(t, s, "tcp", "alice")
	u.conn = slowly{u.conn}
	u.allocated()
	u.conn = u.conn.(slowly).Conn
	two := append(binding(t), binding(t)...)
	if _, err := u.conn.Write(two); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := u.read(); err != nil {
			t.Error(err)
		}
	}
}

// slowly sends byte by byte.
type slowly struct{ net.Conn }

func (s slowly) Write(b []byte) (int, error) {
	for i := range b {
		if _, err := s.Conn.Write(b[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(b), nil
}

// One address has its number of connections; others are not in its way.
func TestConnectionsAreBounded(t *testing.T) {
	for name, set := range map[string]func(*Config){
		"per address": func(c *Config) { c.ConnectionsPerAddress = 3 },
		"in all":      func(c *Config) { c.Connections = 3 },
	} {
		s := serve(t, set)
		var conns []*user
		for range 3 {
			u := dial(t, s, "tcp", "alice")
			u.allocated()
			conns = append(conns, u)
		}
		closed(t, dial(t, s, "tcp", "alice").conn, name)
		if n := s.Stats(); n.RefusedConnections != 1 || n.Connections != 3 {
			t.Errorf("%s: %+v", name, n)
		}
		elsewhere, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}).Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if name == "in all" {
			closed(t, elsewhere, name+", from elsewhere")
			_ = elsewhere.Close()
		} else {
			use(t, s, elsewhere, "bob").allocated()
		}
		if err := conns[0].conn.Close(); err != nil {
			t.Error(err)
		}
		await(t, func() bool { return s.Stats().Connections < 4 && s.Stats().Allocations < 4 })
		if name == "in all" {
			await(t, func() bool { return s.Stats().Connections == 2 })
			dial(t, s, "tcp", "carol").allocated()
		}
	}
}

// await looks until something is so that no event tells of.
func await(t testing.TB, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatal("it does not come about")
		case <-tick.C:
		}
	}
}

// Who has no allocation is answered so often and no more, so that nobody is flooded in
// his name; who has one is not in the way of the flood.
func TestStrangersAreBounded(t *testing.T) {
	now := time.Now()
	s := serve(t, func(c *Config) {
		c.Strangers = 20
		c.Now = func() time.Time { return now }
	})
	known := dial(t, s, "udp", "alice")
	known.allocated() // takes two
	stranger := dial(t, s, "udp", "bob")
	for range 100 {
		if _, err := stranger.conn.Write(binding(t)); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		if code, _ := known.ask(stun.MethodBinding); code != 0 {
			t.Fatal(code)
		}
	}
	await(t, func() bool { return s.Stats().DroppedStrangers == 82 })
	elsewhere, err := net.DialUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2)}, net.UDPAddrFromAddrPort(s.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	use(t, s, elsewhere, "carol").allocated()
}

// However many sources there are, what is remembered of them is bounded.
func TestSourcesAreBounded(t *testing.T) {
	now := time.Now()
	s := strangers{perSecond: 2, sources: make(map[netip.Addr]*bucket)}
	source := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{9, byte(i >> 16), byte(i >> 8), byte(i)}) }
	for i := range mostSources {
		s.take(source(i), now)
	}
	taken := 0
	for i := range 100 {
		if s.take(source(mostSources+i), now) {
			taken++
		}
	}
	if len(s.sources) > mostSources || taken != 2 {
		t.Errorf("%d sources, %d of the others answered", len(s.sources), taken)
	}
	if s.take(source(mostSources), now.Add(2*time.Second)); len(s.sources) != 1 {
		t.Errorf("%d sources are remembered for ever", len(s.sources))
	}
	a, b := netip.MustParseAddr("2a00::1"), netip.MustParseAddr("2a00::2")
	if origin(a) != origin(b) || origin(a) == origin(netip.MustParseAddr("2a00:0:0:1::1")) {
		t.Error("a /64 is not one source")
	}
}

// The log has no user names, passwords or nonces, and few lines of what anybody may send.
func TestTheLogTellsNoSecrets(t *testing.T) {
	var text strings.Builder
	var mu sync.Mutex
	now := time.Now()
	s := serve(t, func(c *Config) {
		c.Log = slog.New(slog.NewTextHandler(writer(func(b []byte) (int, error) {
			mu.Lock()
			defer mu.Unlock()
			return text.Write(b)
		}), &slog.HandlerOptions{Level: slog.LevelDebug}))
		c.Now = func() time.Time { return now }
	})
	u := dial(t, s, "udp", "mallory")
	u.allocated()
	u.permission(netip.MustParseAddrPort("127.0.0.1:1"))
	u.password += "x"
	u.ask(stun.MethodRefresh)
	for range 30 {
		u.ask(stun.MethodBinding, raw{stun.AttrType(0x7777), []byte("mallory")})
	}
	mu.Lock()
	defer mu.Unlock()
	for _, secret := range []string{"mallory", u.password[:10], u.nonce.String(), string(secret)} {
		if strings.Contains(text.String(), secret) {
			t.Errorf("the log tells %q:\n%s", secret, text.String())
		}
	}
	if n := strings.Count(text.String(), "\n"); n != linesPerSecond {
		t.Errorf("%d lines:\n%s", n, text.String())
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

// The end of the service is that of everything on it.
func TestClose(t *testing.T) {
	var trust *tls.Config
	s := serve(t, func(c *Config) {
		trust = certified(t, c)
		c.AllowPeers = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	})
	over, err := tls.Dial("tcp", s.TLSAddr().String(), trust)
	if err != nil {
		t.Fatal(err)
	}
	users := []*user{dial(t, s, "udp", "a"), dial(t, s, "tcp", "b"), use(t, s, over, "c")}
	p := newPeer(t, "127.0.0.1:0")
	for _, u := range users {
		u.allocated()
		if code := u.bind(0x4000, p.at); code != 0 {
			t.Fatal(code)
		}
	}
	silent, err := net.Dial("tcp", s.TLSAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for _, conn := range []net.Conn{users[1].conn, users[2].conn, silent} {
		closed(t, conn, "after the end")
	}
	if n := s.Stats(); n.Allocations != 0 {
		t.Errorf("%+v", n)
	}
	await(t, func() bool { return s.Stats().Connections == 0 })
	again := s.config
	again.Listen, again.TLSListen = s.Addr().String(), s.TLSAddr().String()
	same, err := New(again)
	if err != nil {
		t.Fatalf("its ports are not free: %v", err)
	}
	if err := errors.Join(same.Close(), s.Close(), silent.Close()); err != nil {
		t.Error(err)
	}
}

// Whatever comes, a frame is within its bounds and what a stream is split into.
func FuzzFrame(f *testing.F) {
	f.Add(binding(f))
	f.Add([]byte("\x40\x01\x00\x05chan!\x00\x00\x00"))
	f.Add([]byte{0x40, 0, 0xff, 0xfc})
	f.Add([]byte{0, 1, 0xff, 0xec, 0x21, 0x12, 0xa4, 0x42})
	f.Fuzz(func(t *testing.T, b []byte) {
		n := frame(b)
		if n > mtu-4 || n > 0 && n < channelHeader || n == 0 && len(b) >= 8 {
			t.Errorf("%d bytes: a frame of %d", len(b), n)
		}
		for i := range b { // what is known of the whole its beginning does not deny
			if m := frame(b[:i]); m != 0 && m != n {
				t.Errorf("%d bytes: %d, %d bytes: %d", i, m, len(b), n)
			}
		}
		if right := corrected(b); right != nil && (len(right) > 64 || bytes.Equal(right, b)) {
			t.Errorf("corrected to %x", right)
		}
	})
}
