package sip

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Config is what a Server is made from. Start from Default.
type Config struct {
	// Listeners are the sockets to open. Requests leave through them too, so a
	// UDP destination needs a UDP listener.
	Listeners []Listener
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
	// SwitchToTCP sends requests of more than 1300 bytes over TCP first when
	// nothing asks for UDP (RFC 3261 §18.1.1). Many phones behind a NAT would
	// then be waited for in vain, so it is off.
	SwitchToTCP bool
	// Extensions are the option tags that the layers above implement; others
	// in a Require are refused with 420 (RFC 3261 §8.2.2.3).
	Extensions []string
	// Accept are the media types a call's body may have; others get 415.
	Accept []string
	// TLSClient is the configuration of TLS connections that we open. Its
	// ServerName is set to the host of the next hop. Nil takes Go's defaults.
	TLSClient *tls.Config
	// Resolver finds where a URI leads; nil takes DNS.
	Resolver Resolver
	Limits   Limits
}

// Listener is one socket to open.
type Listener struct {
	// Network is "udp", "tcp", "tls", "ws" or "wss".
	Network string
	// Address is "host:port"; port 0 takes a free one, see Server.Addr.
	Address string
	// TLS is the server's side of tls and wss.
	TLS *tls.Config
	// Path is where ws and wss take SIP (RFC 7118); "" means "/ws".
	Path string
	// Origins are the origins that may open a WebSocket: "https://phone.example"
	// or "*". The server's own host and clients without an Origin always may.
	Origins []string
	// HTTP takes the other paths of a ws or wss listener; nil answers 404.
	HTTP http.Handler
}

// External tells peers another address than the socket's, as behind a NAT.
type External struct {
	// Host is a name or an address for Contact and Via; "" for none.
	Host string
	// LocalNetworks are peers that get the socket's own address nevertheless.
	LocalNetworks []netip.Prefix
}

// Limits bound what peers can make the server hold.
type Limits struct {
	// Connections bounds accepted connections in all, ConnectionsPerIP those of
	// one address.
	Connections      int
	ConnectionsPerIP int
	// Transactions bounds server transactions; past it new requests get 503.
	Transactions int
	// Handlers bounds requests whose handler runs; past it they get 503.
	Handlers int
	// MessageBytes bounds one message, and what one WebSocket message may hold.
	MessageBytes int
	// HandshakeTimeout bounds a TLS handshake and an HTTP head.
	HandshakeTimeout time.Duration
	// FirstMessageTimeout bounds the silence before a connection's first message.
	FirstMessageTimeout time.Duration
	// MessageTimeout bounds the time from the first byte of a message to its last.
	MessageTimeout time.Duration
	// IdleTimeout bounds the silence after a message.
	IdleTimeout time.Duration
	// PingInterval is how often a WebSocket peer is pinged; one that is silent
	// for twice as long is closed.
	PingInterval time.Duration
	// WriteTimeout bounds one write to a connection; then it is closed.
	WriteTimeout time.Duration
	// DialTimeout bounds opening a connection, handshake included.
	DialTimeout time.Duration
}

// Default is a configuration without listeners, with the RFC's timers.
func Default() Config {
	return Config{
		UserAgent:  "Skybridge",
		T1:         500 * time.Millisecond,
		T2:         4 * time.Second,
		T4:         5 * time.Second,
		ForceRport: true,
		Accept:     []string{"application/sdp", "multipart/mixed"},
		Limits: Limits{
			Connections:         10000,
			ConnectionsPerIP:    500,
			Transactions:        50000,
			Handlers:            2000,
			MessageBytes:        65535,
			HandshakeTimeout:    5 * time.Second,
			FirstMessageTimeout: 30 * time.Second,
			MessageTimeout:      10 * time.Second,
			IdleTimeout:         time.Hour,
			PingInterval:        30 * time.Second,
			WriteTimeout:        5 * time.Second,
			DialTimeout:         5 * time.Second,
		},
	}
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
	if h := c.External.Host; h != "" && !message.IsHost(h) {
		return fault.New(fault.Invalid, "sip: external host %q is neither a name nor an address", h)
	}
	for _, l := range []struct {
		name  string
		value int64
	}{
		{"Connections", int64(c.Limits.Connections)},
		{"ConnectionsPerIP", int64(c.Limits.ConnectionsPerIP)},
		{"Transactions", int64(c.Limits.Transactions)},
		{"Handlers", int64(c.Limits.Handlers)},
		{"MessageBytes", int64(c.Limits.MessageBytes)},
		{"HandshakeTimeout", int64(c.Limits.HandshakeTimeout)},
		{"FirstMessageTimeout", int64(c.Limits.FirstMessageTimeout)},
		{"MessageTimeout", int64(c.Limits.MessageTimeout)},
		{"IdleTimeout", int64(c.Limits.IdleTimeout)},
		{"PingInterval", int64(c.Limits.PingInterval)},
		{"WriteTimeout", int64(c.Limits.WriteTimeout)},
		{"DialTimeout", int64(c.Limits.DialTimeout)},
	} {
		if l.value <= 0 {
			return fault.New(fault.Invalid, "sip: limit %s must be positive", l.name)
		}
	}
	for i := range c.Listeners {
		if err := c.Listeners[i].validate(); err != nil {
			return fmt.Errorf("sip: listener %d: %w", i, err)
		}
	}
	return nil
}

func (l *Listener) validate() error {
	switch l.Network {
	case "udp", "tcp", "ws":
	case "tls", "wss":
		if l.TLS == nil {
			return fault.New(fault.Invalid, "%s without a TLS configuration", l.Network)
		}
	default:
		return fault.New(fault.Invalid, "network %q is none of udp, tcp, tls, ws, wss", l.Network)
	}
	if _, _, err := net.SplitHostPort(l.Address); err != nil {
		return fault.New(fault.Invalid, "address %q: %w", l.Address, err)
	}
	if l.Path != "" && !strings.HasPrefix(l.Path, "/") {
		return fault.New(fault.Invalid, "path %q does not begin with /", l.Path)
	}
	for _, o := range l.Origins {
		if u, err := url.Parse(o); o != "*" && (err != nil || u.Scheme == "" || u.Host == "") {
			return fault.New(fault.Invalid, "origin %q is not scheme://host", o)
		}
	}
	return nil
}
