package turn

import (
	"crypto/tls"
	"log/slog"
	"net/netip"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Config is where the service is, for whom and within which bounds.
type Config struct {
	// Listen is the address of UDP and TCP, TLSListen that of TLS; "" opens none. A host
	// left out, or unspecified, is every address that the machine has at the start, each
	// with sockets of its own, so that answers leave from where the question came to.
	// Port 0 lets the system choose.
	Listen, TLSListen string
	// TLS has the certificate.
	TLS *tls.Config
	// Realm is what clients are challenged with.
	Realm string
	// Secret is what credentials are made with, Lifetime how long allocations can be
	// made with them; what was made by then can be kept for as long again.
	Secret   []byte
	Lifetime time.Duration
	// Host is the name that clients are given; "" gives the external addresses, or else
	// the machine's own.
	Host string
	// Media is where the server's own media are, the one thing of this machine that
	// relays lead to; with Loopback also at its loopback addresses. The zero AddrPort is
	// nowhere.
	Media    netip.AddrPort
	Loopback bool
	// FirstPort and LastPort bound the ports of relays.
	FirstPort, LastPort uint16
	// AllowPeers are networks that relays lead to although they are no public ones, or
	// this machine's.
	AllowPeers []netip.Prefix

	// Allocations at one time: of a user, of a source address (an IPv6 one counts with
	// its /64), and in all.
	PerUser, PerAddress, Total int
	// Bitrate is what a user's relays carry, in bits per second, both directions
	// together; more is dropped. 0 is any.
	Bitrate int
	// Connections is how many TCP and TLS connections there are at one time,
	// ConnectionsPerAddress how many of one address.
	Connections, ConnectionsPerAddress int
	// Strangers is how many packets a second are answered of one source address that has
	// no allocation at the port they come from.
	Strangers int

	Now func() time.Time // time.Now when nil
	Log *slog.Logger

	patience patience // as Default has it
}

// Default is a service on the usual ports, without a secret.
func Default() Config {
	return Config{
		Listen: ":3478", TLSListen: ":5349", Realm: "skybridge", Lifetime: 12 * time.Hour,
		FirstPort: 49152, LastPort: 65535,
		PerUser: 50, PerAddress: 500, Total: 5000, Bitrate: 20_000_000,
		Connections: 5000, ConnectionsPerAddress: 500, Strangers: 100,
		patience: patience{
			handshake: 10 * time.Second, half: 10 * time.Second, slow: 5 * time.Second, idle: 30 * time.Second, unused: 2 * time.Minute,
		},
	}
}

func (c *Config) validate() error {
	for _, n := range []struct {
		what  string
		value int
	}{
		{"per user", c.PerUser},
		{"per address", c.PerAddress},
		{"allocations", c.Total},
		{"connections", c.Connections},
		{"connections per address", c.ConnectionsPerAddress},
		{"strangers", c.Strangers},
		{"lifetime", int(c.Lifetime)},
		{"first relay port", int(c.FirstPort)},
		{"realm's length", len(c.Realm)},
	} {
		if n.value <= 0 {
			return fault.New(fault.Invalid, "turn: %s: %d is not above zero", n.what, n.value)
		}
	}
	switch {
	case len(c.Secret) < 16:
		return fault.New(fault.Invalid, "turn: a secret of %d bytes, at least 16", len(c.Secret))
	case c.LastPort < c.FirstPort:
		return fault.New(fault.Invalid, "turn: relay ports from %d to %d", c.FirstPort, c.LastPort)
	case c.Bitrate < 0:
		return fault.New(fault.Invalid, "turn: a bit rate of %d", c.Bitrate)
	case c.TLSListen != "" && c.TLS == nil:
		return fault.New(fault.Invalid, "turn: TLS without a certificate")
	}
	return nil
}
