package mixer

import (
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/ring"
)

// Transport carries one port's packets: an *rtp.Socket, or a *Ring for media
// that something else sends and receives (WebRTC). The port owns it: after
// NewPort succeeded the port closes it, and a socket is used by nothing else.
type Transport interface {
	// Send gives one packet away. It never blocks, allocates nothing and keeps
	// nothing of packet. Loss is no error; an error means that the transport is
	// of no more use.
	Send(packet []byte) error
	// Close ends the transport.
	Close() error
}

var (
	_ Transport = (*rtp.Socket)(nil)
	_ Transport = (*Ring)(nil)
)

// Ring is a Transport in memory, for packets that another component has decrypted and
// will encrypt (WebRTC): one goroutine Delivers what it received, one calls Next for what
// is to be sent. Both directions are bounded; what does not fit is lost and counted.
type Ring = ring.Packets

// MaxPacketBytes is the longest packet a Ring takes.
const MaxPacketBytes = ring.MaxPacketBytes

// NewRing makes a Ring.
func NewRing() *Ring { return ring.NewPackets() }
