// Package settings is what the stack's server is made from.
package settings

import (
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/internal/inspect"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/overload"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// Config is what a Server is made from. Start from Default.
type Config struct {
	// Transport is the sockets and their limits.
	Transport transport.Config
	// Resolver finds where a URI leads; nil takes a resolver.Resolver.
	Resolver transport.Resolver
	// UDPMax is the largest request, in bytes, that goes over UDP where a TCP
	// connection can be had (RFC 3261 §18.1.1); 0 has all do so.
	UDPMax int
	// UserAgent is the Server and User-Agent header; "" sends none.
	UserAgent string
	// T1, T2 and T4 are the timers of RFC 3261 §17; every other timer and
	// time-out of the protocol follows from them.
	T1, T2, T4 time.Duration
	// External is what peers outside LocalNetworks are told.
	External External
	// ForceRport answers UDP requests to the address they came from even when
	// their Via does not ask for it (RFC 3581), as NATed phones need.
	ForceRport bool
	// Extensions are the option tags that the layers above implement, beside 100rel, which
	// Outbound and IncomingInvite.SetReliable have used; others
	// in a Require are refused with 420 (RFC 3261 §8.2.2.3).
	Extensions []string
	// Understood are option tags that a Require may have as well, but that the layers above
	// speak of call by call.
	Understood []string
	// Allow are the methods that the layers above implement, for the header of
	// that name (RFC 3261 §20.5); all that the stack can carry come to them.
	Allow []string
	// Accept are the media types a call's body may have; others get 415.
	Accept []string
	// Admission decides what new work is taken; nil takes all.
	Admission *overload.Gate
	// Realms are those of our own accounts; nil has a memory of the server's own.
	Realms *digest.Realms
	// MaxTransactions bounds server transactions; past it new requests get 503. Those of T2
	// make no room for others, so that a quarter of it is what can be served in a second.
	MaxTransactions int
	// MaxHandlers bounds requests whose handler runs; past it they get 503.
	MaxHandlers int
}

// External tells peers another address than the socket's, as behind a NAT.
type External struct {
	// Hosts are names or addresses for Contact and Via: a peer is told the first that is a
	// name or an address of its family (RFC 6157 §3).
	Hosts []string
	// Ports are what others reach our listeners by, for each network where it is another
	// than the listener's own.
	Ports map[string]uint16
	// LocalNetworks are peers that get the socket's own address nevertheless.
	LocalNetworks []netip.Prefix
}

// Default is a configuration without listeners, with the RFC's timers.
func Default() Config {
	return Config{
		Transport:       transport.Default(),
		UDPMax:          1300,
		UserAgent:       "Skybridge",
		T1:              500 * time.Millisecond,
		T2:              4 * time.Second,
		T4:              5 * time.Second,
		ForceRport:      true,
		Allow:           []string{"INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "REGISTER", "INFO", "UPDATE", "PRACK", "REFER", "NOTIFY"},
		Extensions:      []string{"replaces", "norefersub"},
		Accept:          []string{"application/sdp", "multipart/mixed"},
		MaxTransactions: 200000,
		MaxHandlers:     2000,
	}
}

// Memory is Realms, or a new one.
func (c *Config) Memory(log *slog.Logger) *digest.Realms {
	if c.Realms == nil {
		return digest.NewRealms(log)
	}
	return c.Realms
}

// Validate says what a Server could not work with; the error is of kind
// fault.Invalid and names the field.
func (c *Config) Validate() error {
	if c.T1 <= 0 || c.T2 < c.T1 || c.T4 <= 0 {
		return fault.New(fault.Invalid, "sip: timers must be positive, T2 no less than T1")
	}
	if err := message.CheckHeader("User-Agent", c.UserAgent); err != nil {
		return fmt.Errorf("sip: %w", err)
	}
	for _, m := range c.Allow {
		if !slices.Contains(inspect.Methods, m) {
			return fault.New(fault.Invalid, "sip: allowed method %q is not one that the stack carries", m)
		}
	}
	if err := c.External.Validate(); err != nil {
		return err
	}
	if c.MaxTransactions <= 0 || c.MaxHandlers <= 0 {
		return fault.New(fault.Invalid, "sip: MaxTransactions and MaxHandlers must be positive")
	}
	if c.UDPMax < 0 {
		return fault.New(fault.Invalid, "sip: UDPMax must not be negative")
	}
	return c.Transport.Validate()
}

// Validate says what could not be told to anybody, as fault.Invalid.
func (e *External) Validate() error {
	for _, h := range e.Hosts {
		if !message.IsHost(h) {
			return fault.New(fault.Invalid, "sip: external host %q is neither a name nor an address", h)
		}
	}
	return nil
}

// For is what a peer is told in place of the socket's own address; "" for nothing.
func (e *External) For(peer netip.Addr) string {
	peer = peer.Unmap()
	if slices.ContainsFunc(e.LocalNetworks, func(p netip.Prefix) bool { return p.Contains(peer.WithZone("")) }) {
		return ""
	}
	for _, h := range e.Hosts {
		if a, err := netip.ParseAddr(h); err != nil || a.Unmap().Is4() == peer.Is4() {
			return h
		}
	}
	return ""
}
