package limit

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

var (
	proxy   = netip.MustParseAddr("10.0.0.1")
	proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
)

// origins are headers of a request that 10.0.0.1 passes on, and whose it is for that.
var origins = []struct{ name, forwarded, xff, want string }{
	{"nothing", "", "", "10.0.0.1"},
	{"one", "", "192.0.2.43", "192.0.2.43"},
	{"what a client wrote before", "", "203.0.113.9, 192.0.2.43", "192.0.2.43"},
	{"two proxies of ours", "", "192.0.2.43, 10.0.0.2", "192.0.2.43"},
	{"proxies alone", "", "10.0.0.3, 10.0.0.2", "10.0.0.3"},
	{"with a port", "", "192.0.2.43:51234", "192.0.2.43"},
	{"IPv6", "", "2001:db8::1", "2001:db8::1"},
	{"IPv6 in brackets with a port", "", "[2001:db8::1]:4711", "2001:db8::1"},
	{"mapped", "", "::ffff:192.0.2.43", "192.0.2.43"},
	{"empty members", "", ", ,192.0.2.43,", "192.0.2.43"},
	{"unknown", "", "unknown", "10.0.0.1"},
	{"no address", "", "192.0.2.43, example.com", "10.0.0.1"},
	{"a zone", "", "fe80::1%eth0", "10.0.0.1"},
	{"too many hops", "", strings.Repeat("10.0.0.2,", maxHops) + "192.0.2.43", "10.0.0.1"},
	{"RFC 7239 §4", `for=192.0.2.60;proto=http;by=203.0.113.43`, "", "192.0.2.60"},
	{"RFC 7239 §4, a list", `for=192.0.2.43, for=198.51.100.17`, "", "198.51.100.17"},
	{"RFC 7239 §4, IPv6", `For="[2001:db8:cafe::17]:4711"`, "", "2001:db8:cafe::17"},
	{"RFC 7239 §6.3, a name", `for="_gazonk"`, "", "10.0.0.1"},
	{"behind a name", `for=192.0.2.43, for=_hidden`, "", "10.0.0.1"},
	{"no for", `proto=https`, "", "10.0.0.1"},
	{"spaces and empty members", ` , for=192.0.2.43 ; proto=https,, `, "", "192.0.2.43"},
	{"quoted comma", `secret="a,for=203.0.113.9";for=192.0.2.43`, "", "192.0.2.43"},
	{"quoted pair", `secret="a\",";for=192.0.2.43`, "", "192.0.2.43"},
	{"no quotes around IPv6", `for=[2001:db8::1]`, "", "2001:db8::1"},
	{"no end of quotes", `for="192.0.2.43`, "", "10.0.0.1"},
	{"for twice", `for=192.0.2.43;for=192.0.2.44`, "", "10.0.0.1"},
	{"no value", `for=`, "", "10.0.0.1"},
	{"no equals", `for`, "", "10.0.0.1"},
	{"both agree", `for=192.0.2.43`, "192.0.2.43", "192.0.2.43"},
	{"one is a client's lie", `for=203.0.113.9`, "192.0.2.43", "10.0.0.1"},
	{"one is rubbish", `;;;`, "192.0.2.43", "10.0.0.1"},
}

func lines(s string) [][]byte {
	if s == "" {
		return nil
	}
	return [][]byte{[]byte(s)}
}

func TestOrigins(t *testing.T) {
	for _, c := range origins {
		if got := originOf(proxy, proxies, lines(c.forwarded), lines(c.xff)); got.String() != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	// several lines are one list
	if got := originOf(proxy, proxies, nil, [][]byte{[]byte("192.0.2.43"), []byte("10.0.0.2")}); got.String() != "192.0.2.43" {
		t.Errorf("two lines: %s", got)
	}
}

// Nothing that a client writes makes it another than the nearest proxy's word, and nothing panics.
func FuzzOrigin(f *testing.F) {
	for _, c := range origins {
		f.Add(c.forwarded, c.xff)
	}
	f.Fuzz(func(t *testing.T, forwarded, xff string) {
		got := originOf(proxy, proxies, lines(forwarded), lines(xff))
		if !got.IsValid() || got.Zone() != "" || got.Is4In6() {
			t.Errorf("%v", got)
		}
		// The proxy adds the true one: it alone counts, or the proxy where the rest is rubbish.
		got = originOf(proxy, proxies, nil, lines(xff+", 192.0.2.43"))
		if got.String() != "192.0.2.43" && got != proxy {
			t.Errorf("X-Forwarded-For %q: %v", xff, got)
		}
		got = originOf(proxy, proxies, lines(forwarded+", for=192.0.2.43"), nil)
		if got.String() != "192.0.2.43" && got != proxy {
			t.Errorf("Forwarded %q: %v", forwarded, got)
		}
	})
}

// request is one from an address.
func request(t testing.TB, app *fiber.App, from string, headers ...string) *fiber.Ctx {
	t.Helper()
	var raw fasthttp.RequestCtx
	raw.Init(&fasthttp.Request{}, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(from)), nil)
	raw.Request.Header.SetHost("localhost:8080")
	for i := 0; i < len(headers); i += 2 {
		raw.Request.Header.Set(headers[i], headers[i+1])
	}
	c := app.AcquireCtx(&raw)
	t.Cleanup(func() { app.ReleaseCtx(c) })
	return c
}

// Only those who are trusted are believed.
func TestClient(t *testing.T) {
	app := fiber.New()
	l, _ := newLimiter(Config{Proxies: proxies})
	for _, c := range []struct{ from, want string }{
		{"10.0.0.1:1234", "192.0.2.43"}, {"[fd00::1]:1234", "192.0.2.43"}, {"203.0.113.9:1234", "203.0.113.9"},
	} {
		if got := l.Client(request(t, app, c.from, "X-Forwarded-For", "192.0.2.43")); got.String() != c.want {
			t.Errorf("from %s: %s, want %s", c.from, got, c.want)
		}
	}
}

func TestLocal(t *testing.T) {
	app := fiber.New()
	for _, c := range []struct {
		from    string
		headers []string
		want    bool
	}{
		{"127.0.0.1:1", nil, true},
		{"[::1]:1", []string{"Host", "[::1]:8080"}, true},
		{"127.0.0.1:1", []string{"Host", "127.0.0.1"}, true},
		{"127.0.0.1:1", []string{"Host", "localhost"}, true},
		{"127.0.0.1:1", []string{"Host", "evil.example"}, false}, // a page that had its name lead here
		{"127.0.0.1:1", []string{"Host", "10.0.0.1"}, false},
		{"127.0.0.1:1", []string{"Origin", "http://evil.example"}, false},
		{"127.0.0.1:1", []string{"Forwarded", "for=192.0.2.1"}, false},
		{"127.0.0.1:1", []string{"X-Forwarded-For", "127.0.0.1"}, false},
		{"192.0.2.1:1", nil, false},
	} {
		if got := Local(request(t, app, c.from, c.headers...)); got != c.want {
			t.Errorf("from %s with %q: %t", c.from, c.headers, got)
		}
	}
}

func TestHeaders(t *testing.T) {
	app := fiber.New()
	l, _ := newLimiter(Config{Address: Rate{60, 2}, User: Rate{60, 1}})
	ask := func() (*fiber.Ctx, error) {
		c := request(t, app, "192.0.2.1:1")
		if err := l.AskAddress(c); err != nil {
			return c, err
		}
		return c, l.AskUser(c, "alice")
	}
	header := func(c *fiber.Ctx, name string) string { return string(c.Response().Header.Peek(name)) }
	c, err := ask()
	if got := header(c, PolicyHeader); err != nil || got != `"address";q=2;w=2, "user";q=1;w=1` {
		t.Errorf("%v, policy %s", err, got)
	}
	if got := header(c, Header); got != `"address";r=1;t=1, "user";r=0;t=1` {
		t.Errorf("state %s", got)
	}
	if _, err = ask(); err == nil || err.Error() != "too many requests of this user; try again in 1 s" {
		t.Errorf("the user's second: %v", err)
	}
	if c, err = ask(); err == nil || err.Error() != "too many requests of this address; try again in 1 s" || header(c, Header) != `"address";r=0;t=2` {
		t.Errorf("the address's third: %v, %s", err, header(c, Header))
	}
}

func BenchmarkRequest(b *testing.B) {
	app := fiber.New()
	l := New(Config{Address: Rate{6_000_000, 100_000}, User: Rate{6_000_000, 100_000}}, time.Now)
	c := request(b, app, "192.0.2.1:1")
	b.ReportAllocs()
	for b.Loop() {
		c.Response().Header.Reset()
		if err := l.AskAddress(c); err != nil {
			b.Fatal(err)
		}
		if err := l.AskUser(c, "alice"); err != nil {
			b.Fatal(err)
		}
	}
}
