package webrtc

import (
	"encoding/binary"
	"strings"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/red"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

const (
	// someLoss and muchLoss are how much of what the peer is sent has to be lost for one
	// earlier frame in each packet, and for two.
	someLoss = 0.01
	muchLoss = 0.10
	// calmReports is how many reports without such loss it takes until there is none again.
	calmReports = 6
	// maxRedundant is how long a redundant packet may be: longer ones may be lost for that alone.
	maxRedundant = 1200
)

// redundancy is how many frames before its own a packet to the peer has (RFC 2198).
type redundancy struct {
	earlier atomic.Int32
	calm    int // reports; guarded by inbound.mu

	packer red.Packer // of who has made the sending half busy
}

// reported takes how much of what was sent is lost, 0 to 1.
func (r *redundancy) reported(lost float64) {
	switch {
	case lost >= muchLoss:
		r.calm = 0
		r.earlier.Store(2)
	case lost >= someLoss:
		r.calm = 0
		r.earlier.Store(max(r.earlier.Load(), 1))
	default:
		if r.calm++; r.calm >= calmReports {
			r.earlier.Store(0)
		}
	}
}

// wanted is how many earlier frames a packet is to have: none where nothing is lost, or the
// peer does not take them.
func (r *redundancy) wanted(a *agreement, h *rtp.Header) int {
	if a.SendRedundant == 0 || h.PayloadType != a.Send.PayloadType {
		return 0
	}
	return int(r.earlier.Load())
}

// isRedundant reports whether there is a redundant form of a codec here.
func isRedundant(c *media.Codec) bool { return c != nil && strings.EqualFold(c.Name, "opus") }

// pass gives a packet of audio to the owner: as it came, or the packets that a redundant one
// stands for, so that one that was lost comes with its successor. The socket's reader calls it.
func (p *Peer) pass(a *agreement, packet []byte, h *rtp.Header, arrival time.Time) {
	if a.ReceiveRedundant == 0 {
		p.config.Packets(packet, arrival)
		return
	}
	u := &p.in.unpacker
	if h.PayloadType != a.ReceiveRedundant {
		if u.Saw(h) {
			p.config.Packets(packet, arrival)
		}
		return
	}
	list, err := u.Unpack(packet, h, a.inner)
	if err != nil {
		p.in.refused.Add(1)
		return
	}
	p.in.redundant.Add(1)
	for _, one := range list {
		if len(one) >= rtp.HeaderBytes && binary.BigEndian.Uint16(one[2:]) != h.SequenceNumber {
			p.in.recovered.Add(1)
		}
		p.config.Packets(one, arrival)
	}
}
