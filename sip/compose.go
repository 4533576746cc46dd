package sip

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transaction"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// draft is a request of ours before it is known how it will travel; it can be
// composed again for another attempt.
type draft struct {
	method      string
	uri         message.URI
	route       []message.Address
	from, to    message.Address
	callID      string
	seq         uint32
	contact     bool              // our own Contact goes in
	contactUser string            // of our own Contact
	contacts    []message.Address // instead of our own
	maxForwards int
	extra       []message.Header
	content     Content
	attempts    []*digest.Attempt // at being let in, one for each credential
	auth        []message.Header  // the answers to challenges, as last sent
}

// begin sends a draft over a flow in a new transaction.
func (s *Server) begin(d *draft, f transport.Flow, l transaction.Listener) (*transaction.Client, error) {
	out, err := s.compose(d, f)
	if err != nil {
		return nil, err
	}
	return s.txs.Send(out, f, l)
}

// compose makes the message for one attempt over a flow, with a new branch.
func (s *Server) compose(d *draft, f transport.Flow) (out transaction.Outgoing, err error) {
	if len(d.content.Body) > 0 && d.content.Type == "" {
		return out, fault.New(fault.Invalid, "sip: body without a content type")
	}
	branch := message.NewBranch()
	m := &message.Message{Method: d.method, Body: d.content.Body}
	uri, route := looseRoute(d.uri, d.route)
	m.URI = uri
	m.Headers = make(message.Headers, 0, len(d.extra)+len(route)+14)
	host, port, err := s.ourAddr(f)
	if err != nil {
		return out, err
	}
	v := message.Via{
		Version: "2.0", Transport: strings.ToUpper(f.Source().Network), Host: host, Port: port,
		Params: message.Params{{Name: "branch", Value: branch}, {Name: "rport"}},
	}
	m.Headers.Add("Via", v.String())
	for _, a := range route {
		m.Headers.Add("Route", a.String())
	}
	m.Headers.Add("Max-Forwards", strconv.Itoa(d.maxForwards))
	m.Headers.Add("From", d.from.String())
	m.Headers.Add("To", d.to.String())
	m.Headers.Add("Call-ID", d.callID)
	m.Headers.Add("CSeq", message.FormatCSeq(d.seq, d.method))
	for _, c := range d.contacts {
		m.Headers.Add("Contact", c.String())
	}
	if d.contact && len(d.contacts) == 0 {
		c, err := s.ourContact(f, d.contactUser, d.uri.Secure())
		if err != nil {
			return out, err
		}
		m.Headers.Add("Contact", c.String())
	}
	d.authorize()
	m.Headers = append(m.Headers, d.auth...)
	switch d.method {
	case "INVITE", "UPDATE", "OPTIONS", "SUBSCRIBE", "REFER":
		m.Headers.Add("Allow", s.allow)
		s.addSupported(m)
	}
	if s.cfg.UserAgent != "" {
		m.Headers.Add("User-Agent", s.cfg.UserAgent)
	}
	m.Headers = append(m.Headers, d.extra...)
	if len(m.Body) > 0 {
		m.Headers.Add("Content-Type", d.content.Type)
	}
	raw, err := m.Encode()
	return transaction.Outgoing{Message: m, Raw: raw, Branch: branch, Seq: d.seq}, err
}

// looseRoute gives the Request-URI and the Route headers for a route set
// (RFC 3261 §12.2.1.1): a first hop without lr is a strict router, which wants
// itself in the Request-URI and the target at the end of the route.
func looseRoute(target message.URI, route []message.Address) (message.URI, []message.Address) {
	if len(route) == 0 || route[0].URI.Params.Has("lr") {
		return target, route
	}
	uri := route[0].URI
	uri.Headers = nil
	uri.Params = uri.Params.Without("method")
	out := append(make([]message.Address, 0, len(route)), route[1:]...)
	return uri, append(out, message.Address{URI: target})
}

// ourAddr is the host and port that the peer of a flow reaches us at.
func (s *Server) ourAddr(f transport.Flow) (string, int, error) {
	local, err := s.tr.Local(f)
	if err != nil {
		return "", 0, err
	}
	if e := s.cfg.External; e.Host != "" && !inNetworks(e.LocalNetworks, f.Source().Remote.Addr()) {
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
func (s *Server) ourContact(f transport.Flow, user string, secure bool) (message.Address, error) {
	host, port, err := s.ourAddr(f)
	if err != nil {
		return message.Address{}, err
	}
	u := message.URI{Scheme: "sip", User: user, Host: host, Port: port}
	n := f.Source().Network
	switch {
	case n == "wss":
		n = "ws" // RFC 7118 §5.2.1 knows one name
	case n == "tls" && secure:
		u.Scheme, n = "sips", "tcp" // RFC 3261 §26.2.2
	}
	if n != "udp" {
		u.Params = message.Params{{Name: "transport", Value: n}}
	}
	return message.Address{URI: u}, nil
}

// reserved are the headers that the stack writes itself; a caller's are refused.
var reserved = []string{
	"Via", "From", "To", "Call-ID", "CSeq", "Contact", "Route", "Record-Route",
	"Max-Forwards", "Content-Length", "Content-Type", "Authorization", "Proxy-Authorization",
}

// checkExtra checks the headers that a caller wants added.
func checkExtra(hs []message.Header) error {
	for _, h := range hs {
		if err := message.CheckHeader(h.Name, h.Value); err != nil {
			return err
		}
		if containsFold(reserved, message.LongName(h.Name)) {
			return fault.New(fault.Invalid, "header %s is the stack's own", h.Name)
		}
	}
	return nil
}

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(e string) bool { return strings.EqualFold(e, s) })
}
