package transport

import (
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/internal/mux"
)

// outboxPackets is how many packets leave together at most: one of a camera to all of a room of
// fifty, and some more.
const outboxPackets = 64

// outboxKept is how many times there may be nothing to flush, in a row, before the room for packets,
// some 100 KiB, is given back: ten seconds of who looks every 20 ms.
const outboxKept = 500

// Outbox is packets to many peers that leave together, by one system call for all that go from
// one port of our own. It is for one goroutine at a time. The zero one is empty; room for packets
// it has only while there are some to be sent.
type Outbox struct {
	list   *rtp.Departures // nil while it is not needed
	socket *mux.Socket     // that they leave from
	idle   int             // how often there was nothing to flush, in a row
}

// Flush sends what waits. What the network does not take is lost, as on any path.
func (o *Outbox) Flush() {
	switch {
	case o.list == nil:
	case o.list.Len() == 0:
		if o.idle++; o.idle >= outboxKept {
			o.list = nil
		}
	default:
		o.idle = 0
		if o.socket.SendAll(o.list) != nil {
			o.list = nil // the port is closed, and has no peers any more
		}
	}
}

// slot is where the next packet goes; nil where there is no room before a Flush.
func (o *Outbox) slot() []byte {
	if o.list == nil {
		o.list, o.idle = newDepartures(), 0
	}
	return o.list.Slot()
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
	slot := o.slot()
	if slot == nil {
		o.Flush()
		slot = o.slot()
	}
	sealed, err := s.seal(slot, packet)
	if err == nil {
		o.list.Add(len(sealed), r.peer)
	}
	return err
}
