package webrtc

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/reception"
	"github.com/skygenesisenterprise/skybridge/media/red"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// inbound is the receiving half of a peer.
type inbound struct {
	refused   atomic.Uint64 // payload type or direction not agreed
	recovered atomic.Uint64 // see Stats, as the next
	redundant atomic.Uint64

	mu       sync.Mutex
	stream   reception.Stream
	reported reception.Interval // what our reports told
	clock    int                // of the codec that arrives, Hz
	last     time.Time          // of the latest packet
	remote   remoteReport
	report   rtp.Report   // that is being read; touched by the socket's reader only
	unpacker red.Unpacker // likewise
}

// silence is how long nothing comes before another source is followed at once.
const silence = 60 * time.Millisecond

// count takes a packet that is agreed on into the statistics. clock is its codec's,
// 0 for telephone-event.
func (in *inbound) count(h *rtp.Header, clock int, now time.Time) {
	in.mu.Lock()
	defer in.mu.Unlock()
	s := &in.stream
	ext, order := s.Place(h, now.Sub(in.last) > silence)
	switch {
	case order == rtp.Suspect:
		return
	case s.Begins(order):
		s.Restart(ext)
	}
	if s.Repeated(ext, order) {
		return
	}
	if clock > 0 && clock != in.clock { // another codec: another scale of timestamps
		in.clock = clock
		s.SetClock(clock)
	}
	in.last = now
	s.Count(h, order, clock > 0, now.UnixNano())
}

// receive takes one RTP packet, authentic and opened.
func (p *Peer) receive(packet []byte, arrival time.Time) {
	pt := packet[1] & 0x7f
	agreed := p.media.Load()
	var h rtp.Header
	if agreed == nil || rtp.Parse(packet, &h) != nil {
		p.in.refused.Add(1)
		return
	}
	// A payload type has one meaning in all of a session, so that it tells audio from video.
	if !agreed.take.has(pt) || !agreed.Direction.Receives() {
		if agreed.take.has(pt) || !p.receiveVideo(&h, packet, arrival) {
			p.in.refused.Add(1)
		}
		return
	}
	p.in.count(&h, agreed.clockRate(pt), arrival)
	if p.config.Packets != nil {
		p.pass(agreed, packet, &h, arrival)
	}
}
