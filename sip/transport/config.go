package transport

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
)

// Config is what a Layer is made from. Start from Default.
type Config struct {
	// Listeners are the sockets to open. Requests leave through them too, so a
	// UDP destination needs a UDP listener.
	Listeners []Listener
	// TLSClient gives the configuration of a TLS connection that we open to a destination; it
	// is not changed. The ServerName is the host of the next hop. Nil takes Go's defaults.
	TLSClient func(Destination) *tls.Config
	Limits    Limits
	// KeepAlive is how often an empty line goes over each TCP and TLS connection, so
	// that translators of addresses on the way stay open (RFC 5626 §4.4.1); 0 never.
	KeepAlive time.Duration
	// Screen decides what is read; nil reads everything.
	Screen Screen
	// Unread is told how long each datagram has waited in its socket; nil tells nobody.
	Unread func(time.Duration)
}

// Screen decides what is read before it is parsed. Its methods run on readers'
// goroutines and must not block.
type Screen interface {
	// Message takes what one message of a source costs, and tells how long it is to
	// wait: 0 reads it now. Over UDP what would have to wait is dropped. Never drops
	// it anywhere, and its connection with it. certain says that it came over a
	// connection: over UDP the source may be forged.
	Message(source netip.Addr, certain bool) time.Duration
	// Connection tells whether a connection may stay.
	Connection(source netip.Addr) bool
	// Expect names an address that a request of ours is about to go to.
	Expect(address netip.Addr)
}

// Never is the wait of who is not listened to.
const Never = time.Duration(-1)

// everybody is the screen of a Config without one.
type everybody struct{}

func (everybody) Message(netip.Addr, bool) time.Duration { return 0 }
func (everybody) Connection(netip.Addr) bool             { return true }
func (everybody) Expect(netip.Addr)                      {}

// Listener is one socket to open.
type Listener struct {
	// Name is what requests that are to leave by it name it by (Layer.FlowTo); "" for none.
	Name string
	// Network is "udp", "tcp", "tls", "ws" or "wss".
	Network string
	// Address is "host:port"; port 0 takes a free one, see Layer.Addr.
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

// Limits bound what peers can make the server hold.
type Limits struct {
	// Connections bounds accepted connections in all, ConnectionsPerIP those of
	// one address, or one IPv6 /64. Behind a proxy all browsers have one address.
	Connections      int
	ConnectionsPerIP int
	// MessageBytes bounds one message, and what one WebSocket message may hold.
	MessageBytes int
	// HandshakeTimeout bounds a TLS handshake and an HTTP head.
	HandshakeTimeout time.Duration
	// FirstMessageTimeout bounds the time before a connection's first message; line ends
	// are none.
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

// Default is a configuration without listeners.
func Default() Config {
	return Config{KeepAlive: 90 * time.Second, Limits: Limits{
		Connections:         10000,
		ConnectionsPerIP:    500,
		MessageBytes:        65535,
		HandshakeTimeout:    5 * time.Second,
		FirstMessageTimeout: 30 * time.Second,
		MessageTimeout:      10 * time.Second,
		IdleTimeout:         time.Hour,
		PingInterval:        30 * time.Second,
		WriteTimeout:        5 * time.Second,
		DialTimeout:         5 * time.Second,
	}}
}

// Validate says what a Layer could not work with; the error is of kind
// fault.Invalid and names the field.
func (c *Config) Validate() error {
	if c.KeepAlive < 0 {
		return fault.New(fault.Invalid, "sip: KeepAlive must not be negative")
	}
	if err := c.Limits.validate(); err != nil {
		return err
	}
	for i := range c.Listeners {
		if err := c.Listeners[i].validate(); err != nil {
			return fmt.Errorf("sip: listener %d: %w", i, err)
		}
	}
	return nil
}

func (l *Limits) validate() error {
	for _, v := range []struct {
		name  string
		value int64
	}{
		{"Connections", int64(l.Connections)},
		{"ConnectionsPerIP", int64(l.ConnectionsPerIP)},
		{"MessageBytes", int64(l.MessageBytes)},
		{"HandshakeTimeout", int64(l.HandshakeTimeout)},
		{"FirstMessageTimeout", int64(l.FirstMessageTimeout)},
		{"MessageTimeout", int64(l.MessageTimeout)},
		{"IdleTimeout", int64(l.IdleTimeout)},
		{"PingInterval", int64(l.PingInterval)},
		{"WriteTimeout", int64(l.WriteTimeout)},
		{"DialTimeout", int64(l.DialTimeout)},
	} {
		if v.value <= 0 {
			return fault.New(fault.Invalid, "sip: limit %s must be positive", v.name)
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
