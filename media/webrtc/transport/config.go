package transport

import (
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
	"github.com/pion/stun/v4"

	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp/dtls"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/internal/mux"
)

// Config is what a Transport is made of.
type Config struct {
	// Ufrag and Pwd are our credentials of the first generation (RFC 8445 §5.3); random
	// ones where they are empty.
	Ufrag, Pwd string

	Log  *slog.Logger
	Logs logging.LoggerFactory // pion's

	// Sockets are the ports that all transports share. Networks are the families and
	// protocols used, External what stands in our candidates instead of local addresses, one of
	// a family at most, Servers who is asked for candidates of our own.
	Sockets      *mux.Sockets
	Networks     []ice.NetworkType
	Loopback     bool
	External     []netip.Addr
	Servers      []*stun.URI
	RemoteFilter func(net.IP) bool // false for addresses that nothing is sent to

	// Certificate is ours, Suites what media may be protected by, best first.
	Certificate *dtls.Certificate
	Suites      []srtp.Suite

	GatherTimeout       time.Duration
	HandshakeTimeout    time.Duration
	DisconnectedTimeout time.Duration // silence until Disconnected
	FailedTimeout       time.Duration // further silence until Failed
	KeepaliveInterval   time.Duration // between consent checks

	// Candidate is told each candidate of ours, without "candidate:", and "" when there
	// are no more. Calls come one at a time.
	Candidate func(text string)
	// Changed is told that State may have changed. It must not block.
	Changed func()
	// Media is given what has come of RTP, Control what has come of RTCP, opened and
	// authentic. They are called by one goroutine at a time, must not block, and keep
	// nothing of the packet. arrival is when it came to the socket, where that is known.
	Media   func(packet []byte, arrival time.Time)
	Control func(packet []byte, arrival time.Time)
	// Data, where set, is given the connection of what is neither (data channels), once
	// there are keys. Closing it ends reading alone; what comes after Data has returned is
	// dropped.
	Data func(net.Conn)
}

// options are pion's.
func (c *Config) options(accept func(net.IP) bool) []ice.AgentOption {
	options := []ice.AgentOption{
		ice.WithUDPMux(c.Sockets.UDP), ice.WithTCPMux(c.Sockets.TCP),
		// Connecting to the TCP address that a stranger names is not for a server.
		ice.WithDisableActiveTCP(),
		ice.WithNetworkTypes(c.Networks),
		ice.WithUrls(c.Servers),
		ice.WithRemoteIPFilter(accept),
		ice.WithMulticastDNSMode(ice.MulticastDNSModeDisabled),
		ice.WithDisconnectedTimeout(c.DisconnectedTimeout),
		ice.WithFailedTimeout(c.FailedTimeout),
		ice.WithKeepaliveInterval(c.KeepaliveInterval),
		ice.WithSTUNGatherTimeout(c.GatherTimeout),
		// When we nominate, the first path that works is good enough: most browsers hide
		// their addresses and are known to us by their checks only, and the agent would look
		// again after 200 ms.
		ice.WithPrflxAcceptanceMinWait(0),
		ice.WithSrflxAcceptanceMinWait(reflexiveWait),
		ice.WithRelayAcceptanceMinWait(relayWait),
		ice.WithLoggerFactory(c.Logs),
	}
	if c.Ufrag != "" || c.Pwd != "" {
		options = append(options, ice.WithLocalCredentials(c.Ufrag, c.Pwd))
	}
	if c.Loopback {
		options = append(options, ice.WithIncludeLoopback())
	}
	return options
}

const (
	// reflexiveWait is how long a host candidate may yet turn out to work when we choose.
	reflexiveWait = 100 * time.Millisecond
	relayWait     = 500 * time.Millisecond
)
