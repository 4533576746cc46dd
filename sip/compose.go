package sip

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
)

// draft is a request of ours before it is known how it will travel; it can be
// composed again for another attempt.
type draft struct {
	method      string
	uri         URI
	route       []Address
	from, to    Address
	callID      string
	seq         uint32
	contact     bool      // our own Contact goes in
	contactUser string    // of our own Contact
	contacts    []Address // instead of our own
	maxForwards int
	extra       []Header
	content     Content
	attempts    []*digest.Attempt // at being let in, one for each credential
	auth        []Header          // the answers to challenges, as last sent
}

// compose makes the message for one attempt over a flow, with a new branch.
func (s *Server) compose(d *draft, f flow) (m *message, raw []byte, branch string, err error) {
	if len(d.content.Body) > 0 && d.content.Type == "" {
		return nil, nil, "", fault.New(fault.Invalid, "sip: body without a content type")
	}
	branch = newBranch()
	m = &message{method: d.method, body: d.content.Body, cseq: d.seq, callID: d.callID}
	uri, route := looseRoute(d.uri, d.route)
	m.uri = uri
	m.headers = make(headers, 0, len(d.extra)+len(route)+14)
	host, port, err := s.ourAddr(f)
	if err != nil {
		return nil, nil, "", err
	}
	v := via{
		version: "2.0", transport: strings.ToUpper(f.source().Network), host: host, port: port,
		params: Params{{Name: "branch", Value: branch}, {Name: "rport"}},
	}
	m.headers.add("Via", v.String())
	for _, a := range route {
		m.headers.add("Route", a.String())
	}
	m.headers.add("Max-Forwards", strconv.Itoa(d.maxForwards))
	m.headers.add("From", d.from.String())
	m.headers.add("To", d.to.String())
	m.headers.add("Call-ID", d.callID)
	m.headers.add("CSeq", cseqText(d.seq, d.method))
	for _, c := range d.contacts {
		m.headers.add("Contact", c.String())
	}
	if d.contact && len(d.contacts) == 0 {
		c, err := s.ourContact(f, d.contactUser, d.uri.Secure())
		if err != nil {
			return nil, nil, "", err
		}
		m.headers.add("Contact", c.String())
	}
	d.authorize()
	m.headers = append(m.headers, d.auth...)
	switch d.method {
	case "INVITE", "UPDATE", "OPTIONS", "SUBSCRIBE", "REFER":
		m.headers.add("Allow", allowValue)
		s.addSupported(m)
	}
	if s.cfg.UserAgent != "" {
		m.headers.add("User-Agent", s.cfg.UserAgent)
	}
	m.headers = append(m.headers, d.extra...)
	if len(m.body) > 0 {
		m.headers.add("Content-Type", d.content.Type)
	}
	raw, err = m.encode()
	return m, raw, branch, err
}

// looseRoute gives the Request-URI and the Route headers for a route set
// (RFC 3261 §12.2.1.1): a first hop without lr is a strict router, which wants
// itself in the Request-URI and the target at the end of the route.
func looseRoute(target URI, route []Address) (URI, []Address) {
	if len(route) == 0 || route[0].URI.Params.Has("lr") {
		return target, route
	}
	uri := route[0].URI
	uri.Headers = nil
	uri.Params = uri.Params.Without("method")
	out := append(make([]Address, 0, len(route)), route[1:]...)
	return uri, append(out, Address{URI: target})
}

// ourAddr is the host and port that the peer of a flow reaches us at.
func (s *Server) ourAddr(f flow) (string, int, error) {
	src := f.source()
	local := src.Local
	if src.Network != "udp" {
		// The connection's own port on our side, unless we listen.
		if a := s.tr.addr(src.Network); a.IsValid() {
			local = netip.AddrPortFrom(local.Addr(), a.Port())
		}
	} else if local.Addr().IsUnspecified() {
		ip, err := routeAddr(src.Remote)
		if err != nil {
			return "", 0, err
		}
		local = netip.AddrPortFrom(ip.Unmap(), local.Port())
	}
	if e := s.cfg.External; e.Host != "" && !inNetworks(e.LocalNetworks, src.Remote.Addr()) {
		return e.Host, int(local.Port()), nil
	}
	return local.Addr().String(), int(local.Port()), nil
}

func inNetworks(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// ourContact is the Contact that we give the peer of a flow; a sips request wants
// a sips Contact (RFC 3261 §12.1.1).
func (s *Server) ourContact(f flow, user string, secure bool) (Address, error) {
	host, port, err := s.ourAddr(f)
	if err != nil {
		return Address{}, err
	}
	u := URI{Scheme: "sip", User: user, Host: host, Port: port}
	n := f.source().Network
	switch {
	case n == "wss":
		n = "ws" // RFC 7118 §5.2.1 knows one name
	case n == "tls" && secure:
		u.Scheme, n = "sips", "tcp" // RFC 3261 §26.2.2
	}
	if n != "udp" {
		u.Params = Params{{Name: "transport", Value: n}}
	}
	return Address{URI: u}, nil
}
