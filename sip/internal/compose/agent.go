// Package compose writes what this end of SIP says: requests from their drafts, responses
// from the requests that they answer, with every header that is the stack's own to write
// (RFC 3261 §8.1.1, §8.2.6, §12.2.1.1), and the answers to challenges (§22).
//
// It starts no goroutine and sends nothing.
package compose

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// Agent is what our messages say of ourselves.
type Agent struct {
	UserAgent string // the Server and User-Agent headers; "" for none
	Allow     string // the header of that name
	// Accept are media types, Supported option tags.
	Accept, Supported []string
	// Host is a name or an address that peers outside LocalNetworks are told; "" for the
	// socket's own.
	Host          string
	LocalNetworks []netip.Prefix
	// Local is the address of our end of a flow.
	Local func(transport.Flow) (netip.AddrPort, error)
}

// AddSupported tells the extensions.
func (a *Agent) AddSupported(m *message.Message) {
	if len(a.Supported) > 0 {
		m.Headers.Add("Supported", strings.Join(a.Supported, ", "))
	}
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
	if a.Host != "" && !inNetworks(a.LocalNetworks, f.Source().Remote.Addr()) {
		return a.Host, int(local.Port()), nil
	}
	return local.Addr().String(), int(local.Port()), nil
}

func inNetworks(list []netip.Prefix, peer netip.Addr) bool {
	for _, p := range list {
		if p.Contains(peer) {
			return true
		}
	}
	return false
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
		if slices.ContainsFunc(reserved, func(own string) bool { return strings.EqualFold(own, message.LongName(h.Name)) }) {
			return fault.New(fault.Invalid, "header %s is the stack's own", h.Name)
		}
	}
	return nil
}
