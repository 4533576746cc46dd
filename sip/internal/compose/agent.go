// Package compose writes what this end of SIP says: requests from their drafts, responses
// from the requests that they answer, with every header that is the stack's own to write
// (RFC 3261 §8.1.1, §8.2.6, §12.2.1.1), and the answers to challenges (§22).
//
// It starts no goroutine and sends nothing.
package compose

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/internal/settings"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// Agent is what our messages say of ourselves.
type Agent struct {
	UserAgent string // the Server and User-Agent headers; "" for none
	Allow     string // the header of that name
	// Accept are media types, Supported option tags.
	Accept, Supported []string
	// External is what peers beyond a NAT are told in place of the socket's own; nil for
	// nothing else.
	External func() settings.External
	// Local is the address of our end of a flow.
	Local func(transport.Flow) (netip.AddrPort, error)
}

// AddSupported tells the extensions.
func (a *Agent) AddSupported(m *message.Message) {
	if len(a.Supported) > 0 {
		m.Headers.Add("Supported", strings.Join(a.Supported, ", "))
	}
}

// tags are the headers that list option tags, which are kept on one line: there are peers
// that read no second one.
var tags = []string{"Supported", "Require"}

// join adds headers of the caller's own.
func join(hs message.Headers, more []message.Header) message.Headers {
	for _, h := range more {
		if slices.Contains(tags, h.Name) {
			if at := slices.IndexFunc(hs, func(have message.Header) bool { return have.Name == h.Name }); at >= 0 {
				hs[at].Value += ", " + h.Value
				continue
			}
		}
		hs = append(hs, h)
	}
	return hs
}

// AddCapabilities is what an answer to OPTIONS tells (RFC 3261 §11.2).
func (a *Agent) AddCapabilities(m *message.Message) {
	m.Headers.Add("Accept", strings.Join(a.Accept, ", "))
	a.AddSupported(m)
}

// address is the host and port that the peer of a flow reaches us at.
func (a *Agent) address(f transport.Flow) (string, int, error) {
	local, err := a.Local(f)
	if err != nil {
		return "", 0, err
	}
	if a.External != nil {
		e := a.External()
		if host := e.For(f.Source().Remote.Addr()); host != "" {
			return host, int(cmp.Or(e.Ports[f.Source().Network], local.Port())), nil
		}
	}
	return local.Addr().String(), int(local.Port()), nil
}

// ContactTo is the Contact that we give the peer of a flow; a sips request wants
// a sips Contact (RFC 3261 §12.1.1).
func (a *Agent) ContactTo(f transport.Flow, user string, secure bool) (message.Address, error) {
	host, port, err := a.address(f)
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

// place gives a contact without a host the one that the peer of a flow reaches us at.
func (a *Agent) place(c message.Address, f transport.Flow, secure bool) (message.Address, error) {
	if c.Wildcard || c.URI.Opaque != "" || c.URI.Host != "" {
		return c, nil
	}
	own, err := a.ContactTo(f, c.URI.User, secure)
	c.URI.Scheme, c.URI.Host, c.URI.Port = own.URI.Scheme, own.URI.Host, own.URI.Port
	c.URI.Params = slices.Concat(c.URI.Params, own.URI.Params)
	return c, err
}

// reserved are the headers that the stack writes itself; a caller's are refused.
var reserved = []string{
	"Via", "From", "To", "Call-ID", "CSeq", "Contact", "Route", "Record-Route",
	"Max-Forwards", "Content-Length", "Content-Type", "Authorization", "Proxy-Authorization",
}

// CheckHeaders checks the headers that a caller wants added: fault.Invalid for those that
// cannot be sent, or that are the stack's own.
func CheckHeaders(hs []message.Header) error {
	for _, h := range hs {
		if err := message.CheckHeader(h.Name, h.Value); err != nil {
			return err
		}
		name := message.LongName(h.Name)
		if slices.ContainsFunc(reserved, func(own string) bool { return len(own) == len(name) && strings.EqualFold(own, name) }) {
			return fault.New(fault.Invalid, "header %s is the stack's own", h.Name)
		}
	}
	return nil
}
