package resolver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// udpBytes is the size of answer that we take over UDP: one that is not cut to pieces
// on any path (DNS Flag Day 2020).
const udpBytes = 1232

// errNoServer is what is wrong when nobody can be asked.
var errNoServer = errors.New("no name server")

// exchange asks the servers in turn until one answers: that the name is there, or
// that it is not.
func (r *Resolver) exchange(ctx context.Context, q question) (*dns.Msg, error) {
	servers := r.cfg.Servers
	if len(servers) == 0 {
		servers = r.system.servers(r.cfg.Now())
	}
	err := errNoServer
	for range r.cfg.Rounds {
		first := int(r.good.Load())
		for i := range servers {
			n := (first + i) % len(servers)
			var m *dns.Msg
			if m, err = r.askOne(ctx, servers[n], q); err == nil {
				r.good.Store(uint32(n)) //nolint:gosec // an index of a short list
				return m, nil
			}
			if ctx.Err() != nil {
				return nil, err
			}
		}
	}
	return nil, err
}

// askOne asks one server: over UDP, and again over TCP when the answer does not fit;
// a server that does not know EDNS without it.
func (r *Resolver) askOne(ctx context.Context, server netip.AddrPort, q question) (*dns.Msg, error) {
	m := new(dns.Msg)
	m.SetQuestion(q.name, q.kind)
	m.SetEdns0(udpBytes, false)
	a, err := r.over(ctx, "udp", server, m)
	if err == nil && (a.Rcode == dns.RcodeFormatError || a.Rcode == dns.RcodeNotImplemented) {
		m.Extra = nil
		a, err = r.over(ctx, "udp", server, m)
	}
	if err == nil && a.Truncated {
		cut := a
		if a, err = r.over(ctx, "tcp", server, m); err != nil && len(extract(cut, q).records) > 0 {
			a, err = cut, nil // a part is better than none where nothing passes but UDP
		}
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("ask %s: %w", server, err)
	case a.Rcode == dns.RcodeSuccess, a.Rcode == dns.RcodeNameError:
		return a, nil
	}
	return nil, fmt.Errorf("%s answers %s", server, dns.RcodeToString[a.Rcode])
}

// over asks over one transport and waits for the answer to that question; anything
// else that comes is passed over.
func (r *Resolver) over(ctx context.Context, network string, server netip.AddrPort, m *dns.Msg) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.QuestionTimeout)
	defer cancel()
	var d net.Dialer
	c, err := d.DialContext(ctx, network, server.String())
	if err != nil {
		return nil, err
	}
	co := &dns.Conn{Conn: c, UDPSize: udpBytes}
	defer func() { _ = co.Close() }()                                             // nothing more comes over it
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) }) // its time is over
	defer stop()
	m.Id = dns.Id()
	if err := co.WriteMsg(m); err != nil {
		return nil, err
	}
	for {
		a, err := co.ReadMsg()
		switch {
		case err == nil && answers(a, m):
			return a, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case network == "tcp" && err == nil:
			return nil, errors.New("an answer to another question")
		case err != nil && (network == "tcp" || isNet(err)):
			return nil, err
		}
	}
}

// isNet tells an error of the socket from one of what came over it.
func isNet(err error) bool {
	var n net.Error
	return errors.As(err, &n) || errors.Is(err, net.ErrClosed)
}

// answers reports whether a is an answer to m, and not a forgery of one who does not
// see what we ask.
func answers(a, m *dns.Msg) bool {
	return a.Response && a.Id == m.Id && a.Opcode == dns.OpcodeQuery && len(a.Question) == 1 &&
		a.Question[0].Qtype == m.Question[0].Qtype && a.Question[0].Qclass == m.Question[0].Qclass &&
		strings.EqualFold(a.Question[0].Name, m.Question[0].Name)
}
