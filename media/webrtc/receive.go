package webrtc

import (
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/transport/v4/packetio"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/reception"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// maxSources bounds the SSRCs of one peer, as each costs memory until it ends. A
// browser uses one per track it ever sends.
const maxSources = 64

// inbound is the receiving half of a peer.
type inbound struct {
	sources  atomic.Int32
	refused  atomic.Uint64 // payload type or direction not agreed
	panicked atomic.Bool

	mu       sync.Mutex
	stream   reception.Stream
	reported reception.Interval // what our reports told
	clock    int                // of the codec that arrives, Hz
	last     time.Time          // of the latest packet
	remote   remoteReport
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

// sink is where pion's SRTP session puts the decrypted packets of one source. Its
// reader, for which pion has its own use, gets nothing.
type sink struct {
	peer *Peer
	take func(ssrc uint32, packet []byte)
	ssrc uint32

	once sync.Once
	end  chan struct{}
}

// sink makes the place for a new source's packets. pion calls it for RTP and RTCP,
// with packets already authenticated.
func (p *Peer) sink(kind packetio.BufferPacketType, ssrc uint32) io.ReadWriteCloser {
	s := &sink{peer: p, ssrc: ssrc, end: make(chan struct{}), take: p.receive}
	if kind == packetio.RTCPBufferPacket {
		s.take = p.receiveReport
	}
	if n := p.in.sources.Add(1); n > maxSources {
		s.take = func(uint32, []byte) {}
		p.fail(fault.New(fault.TooMany, "webrtc: more than %d sources", maxSources))
		p.Close()
	}
	return s
}

// Write takes a packet. It is called by the goroutine that reads the session.
func (s *sink) Write(packet []byte) (int, error) {
	defer func() {
		if r := recover(); r != nil {
			s.peer.panicked(r)
		}
	}()
	s.take(s.ssrc, packet)
	return len(packet), nil
}

// Read waits for the end.
func (s *sink) Read([]byte) (int, error) {
	<-s.end
	return 0, io.EOF
}

// Close ends the wait.
func (s *sink) Close() error {
	s.once.Do(func() { close(s.end) })
	return nil
}

// panicked ends a peer whose owner panicked on pion's goroutine, which would have
// ended the process.
func (p *Peer) panicked(reason any) {
	p.in.panicked.Store(true)
	p.broken(fmt.Errorf("panic: %v\n%s", reason, debug.Stack()))
}

// receive takes one RTP packet; pion has checked its header.
func (p *Peer) receive(ssrc uint32, packet []byte) {
	if len(packet) < 12 || p.in.panicked.Load() {
		return
	}
	now := time.Now()
	pt := packet[1] & 0x7f
	agreed := p.media.Load()
	if agreed == nil || !agreed.Direction.Receives() || !agreed.take.has(pt) {
		p.in.refused.Add(1)
		return
	}
	var h rtp.Header
	if rtp.Parse(packet, &h) != nil {
		p.in.refused.Add(1)
		return
	}
	p.in.count(&h, agreed.clockRate(pt), now)
	if p.config.Packets != nil {
		p.config.Packets(packet, now)
	}
}
