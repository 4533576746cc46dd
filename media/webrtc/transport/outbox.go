package transport

import (
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/internal/mux"
)

// outboxPackets is how many packets leave together at most: one of a camera to all of a room of
// fifty, and some more.
const outboxPackets = 64

// Outbox is packets to many peers that leave together, by one system call for all that go from
// one port of our own. It is for one goroutine at a time.
type Outbox struct {
	list   *rtp.Departures
	socket *mux.Socket // that they leave from
}

// NewOutbox makes an empty one.
func NewOutbox() *Outbox {
	return &Outbox{list: newDepartures()}
}

// Flush sends what waits. What the network does not take is lost, as on any path.
func (o *Outbox) Flush() {
	if o.list.Len() > 0 && o.socket.SendAll(o.list) != nil {
		o.list = newDepartures() // the port is closed, and has no peers any more
	}
}

func newDepartures() *rtp.Departures {
	return rtp.NewDepartures(outboxPackets, MaxPacketBytes+sealedBytes)
}

// SendBy is Send, but for that the packet leaves with others, by the next Flush at the latest. One
// that takes another path than a port of our own leaves at once.
func (s *Stream) SendBy(o *Outbox, packet []byte) error {
	r := s.transport.to.Load()
	if r == nil {
		return s.Send(packet)
	}
	if o.socket != r.socket {
		o.Flush()
		o.socket = r.socket
	}
	slot := o.list.Slot()
	if slot == nil {
		o.Flush()
		slot = o.list.Slot()
	}
	sealed, err := s.seal(slot, packet)
	if err == nil {
		o.list.Add(len(sealed), r.peer)
	}
	return err
}
