package limit

import (
	"net"
	"net/netip"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// The headers that answers have; browsers are to show them to pages of other origins.
const (
	Header       = "RateLimit"
	PolicyHeader = "RateLimit-Policy"
)

// peerOf is who has sent a request over its connection.
func peerOf(c *fasthttp.RequestCtx) netip.Addr {
	if tcp, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// Client is where a request comes from, for all that is known.
func (l *Limiter) Client(c *fiber.Ctx) netip.Addr {
	peer, proxies := peerOf(c.Context()), *l.proxies.Load()
	if !contains(proxies, peer) {
		return peer
	}
	h := &c.Request().Header
	return originOf(peer, proxies, h.PeekAll("Forwarded"), h.PeekAll("X-Forwarded-For"))
}

// Local tells whether a request was sent on this machine and by nobody else's order: neither a
// proxy's, nor a page's that has had its name lead here.
func Local(c *fiber.Ctx) bool {
	h := &c.Request().Header
	if !peerOf(c.Context()).IsLoopback() || len(h.Peek("Forwarded")) > 0 || len(h.Peek("X-Forwarded-For")) > 0 || len(h.Peek("Origin")) > 0 {
		return false
	}
	host := string(h.Host())
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if host == "localhost" {
		return true
	}
	a, ok := node(host)
	return ok && a.IsLoopback()
}

// ByAddress refuses requests of addresses that send too many.
func (l *Limiter) ByAddress(c *fiber.Ctx) error {
	if err := l.AskAddress(c); err != nil {
		return err
	}
	return c.Next()
}

// AskAddress counts a request of its address, with the headers of the answer.
func (l *Limiter) AskAddress(c *fiber.Ctx) error {
	return l.say(c, OfAddress, l.TakeAddress(l.Client(c)))
}

// AskUser counts a request of a user, AskKey one of an API key, of whom it is known that they are
// who they say.
func (l *Limiter) AskUser(c *fiber.Ctx, user string) error {
	return l.say(c, OfUser, l.Take(OfUser, user))
}

// AskKey is AskUser for API keys.
func (l *Limiter) AskKey(c *fiber.Ctx, key string) error { return l.say(c, OfKey, l.Take(OfKey, key)) }

// AskFailures refuses an address that has shown too many tokens and keys that were none.
func (l *Limiter) AskFailures(c *fiber.Ctx) error {
	if s := l.MayFail(l.Client(c)); !s.OK {
		return l.say(c, OfFailures, s)
	}
	return nil
}

// say adds what is left to the headers of the answer.
func (l *Limiter) say(c *fiber.Ctx, p Policy, s State) error {
	r := l.tables[p].rate.Load()
	if !r.Limited() {
		return nil
	}
	var room [192]byte
	h := &c.Response().Header
	h.SetBytesV(PolicyHeader, appendPolicy(append(room[:0], h.Peek(PolicyHeader)...), p, *r))
	h.SetBytesV(Header, appendState(append(room[:0], h.Peek(Header)...), p, s))
	if !s.OK {
		return refusal(p, s)
	}
	return nil
}
