package webrtc

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/internal/mux"
)

// Config is where browsers reach us and how patient we are with them.
type Config struct {
	// Listen is the address of the one UDP and the one TCP port that all peers
	// share, ":7882" for every address of both families. Port 0 lets the system choose
	// one for both.
	Listen string
	// ExternalIP replaces the local addresses in our candidates when the server
	// stands behind a one-to-one NAT; at most one per address family. Loopback
	// candidates stay as they are.
	ExternalIP []netip.Addr
	// Loopback adds loopback addresses to our candidates and accepts theirs. It
	// is implied when Listen is a loopback address, and when Listen means every
	// address and the machine has no other.
	Loopback bool
	// ICEServers are STUN and TURN servers that we ask for candidates of our
	// own. A server with a public or a forwarded address needs none.
	ICEServers []ICEServer

	// Encoder is how what browsers hear is encoded, where they leave that open.
	Encoder media.EncoderConfig

	// GatherTimeout bounds how long a description without trickle waits for
	// our own candidates; what is known by then is sent.
	GatherTimeout time.Duration
	// HandshakeTimeout bounds the DTLS handshake.
	HandshakeTimeout time.Duration
	// DisconnectedTimeout is the silence after which a peer counts as
	// disconnected, FailedTimeout the further silence after which it has failed.
	// Their sum also bounds the first connection.
	DisconnectedTimeout time.Duration
	FailedTimeout       time.Duration
	// KeepaliveInterval is the time between consent checks on the chosen path
	// (RFC 7675).
	KeepaliveInterval time.Duration

	// MaxPeers bounds the peers alive at once, MaxTCP the TCP connections
	// accepted for ICE at once.
	MaxPeers int
	MaxTCP   int
}

// ICEServer is one STUN or TURN server (RFC 7064, RFC 7065).
type ICEServer struct {
	URLs       []string
	Username   string
	Credential string
}

// Default is the configuration of a server on port 7882 of every address.
func Default() Config {
	return Config{
		Listen:              ":7882",
		GatherTimeout:       2 * time.Second,
		HandshakeTimeout:    10 * time.Second,
		DisconnectedTimeout: 5 * time.Second,
		FailedTimeout:       25 * time.Second,
		KeepaliveInterval:   2 * time.Second,
		MaxPeers:            10_000,
		MaxTCP:              4096,
	}
}

// Validate says what is wrong with the configuration, naming the key. Its error is of
// kind Invalid.
func (c Config) Validate() error {
	if _, err := c.address(); err != nil {
		return err
	}
	if err := checkExternal(c.ExternalIP); err != nil {
		return err
	}
	for _, s := range c.ICEServers {
		if len(s.URLs) == 0 {
			return fault.New(fault.Invalid, "ice_servers: an entry without urls")
		}
		for _, u := range s.URLs {
			scheme, rest, _ := strings.Cut(u, ":")
			switch scheme {
			case "stun", "stuns", "turn", "turns":
			default:
				return fault.New(fault.Invalid, "ice_servers: %q is no stun, stuns, turn or turns URL", u)
			}
			if rest == "" {
				return fault.New(fault.Invalid, "ice_servers: %q names no host", u)
			}
		}
	}
	for _, d := range []struct {
		key   string
		value time.Duration
	}{
		{"gather_timeout", c.GatherTimeout},
		{"handshake_timeout", c.HandshakeTimeout},
		{"disconnected_timeout", c.DisconnectedTimeout},
		{"failed_timeout", c.FailedTimeout},
		{"keepalive_interval", c.KeepaliveInterval},
	} {
		if d.value <= 0 {
			return fault.New(fault.Invalid, "%s: %v is not above zero", d.key, d.value)
		}
	}
	if c.MaxPeers <= 0 {
		return fault.New(fault.Invalid, "max_peers: %d is not above zero", c.MaxPeers)
	}
	if c.MaxTCP <= 0 {
		return fault.New(fault.Invalid, "max_tcp: %d is not above zero", c.MaxTCP)
	}
	return nil
}

// everywhere is an address to listen on in Listen's place where that names none: every
// one of both families, or of IPv4 on a machine that has no other.
func (c Config) everywhere(at netip.AddrPort) netip.AddrPort {
	if !strings.HasPrefix(c.Listen, ":") {
		return at
	}
	all, err := mux.LocalAddresses(netip.IPv6Unspecified(), false)
	if err != nil || !slices.ContainsFunc(all, netip.Addr.Is6) {
		return at // what is wrong, listening tells
	}
	return netip.AddrPortFrom(netip.IPv6Unspecified(), at.Port())
}

// address is Listen as an address, every one of IPv4 for a host left out.
func (c Config) address() (netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return netip.AddrPort{}, fault.New(fault.Invalid, "listen: %w", err)
	}
	switch host {
	case "":
		host = "0.0.0.0"
	case "localhost":
		host = "127.0.0.1"
	}
	ap, err := netip.ParseAddrPort(net.JoinHostPort(host, port))
	if err != nil {
		return netip.AddrPort{}, fault.New(fault.Invalid, "listen: %q is no IP address and port", c.Listen)
	}
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()), nil
}

// loopback reports whether loopback candidates are wanted.
func (c Config) loopback() bool {
	ap, err := c.address()
	return c.Loopback || err == nil && ap.Addr().IsLoopback()
}

// checkExternal fails with fault.Invalid for what cannot stand in the place of local
// addresses.
func checkExternal(external []netip.Addr) error {
	families := map[bool]netip.Addr{}
	for _, ip := range external {
		if !ip.IsValid() || ip.IsUnspecified() || ip.IsMulticast() {
			return fault.New(fault.Invalid, "external_ip: %q is no address a browser could reach", ip)
		}
		if other, twice := families[ip.Is4()]; twice {
			return fault.New(fault.Invalid, "external_ip: %s and %s are of one family; one each is the most", other, ip)
		}
		families[ip.Is4()] = ip
	}
	return nil
}
