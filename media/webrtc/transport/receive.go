package transport

import (
	"encoding/binary"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

const (
	// MaxSources bounds the SSRCs of one peer that are in use. A browser has one per track,
	// layer and kind of repair that it sends, and one for reports.
	MaxSources = 64
	// maxEnded bounds those that are in use no more, as a camera's that was switched off:
	// what is known of them is kept, so that none of their packets counts twice. Packets of
	// one more source are refused.
	maxEnded = 1024
)

// inbound is what opens what comes. Each SSRC has receivers of its own, made when its first
// packet has proved authentic.
type inbound struct {
	refused atomic.Uint64 // not RTP, not authentic, or repeated

	mu      sync.Mutex // one packet at a time
	closed  bool
	ready   bool // there are keys
	master  srtp.Master
	media   sources
	control sources
}

// sources are the SSRCs of RTP, or of RTCP.
type sources struct {
	part  srtp.Part
	probe *srtp.Receiver // of SSRCs that none is known of
	ssrcs []uint32
	open  []*srtp.Receiver
	used  []uint64 // when each was used last, in packets
	now   uint64
	last  int // the source of the latest packet
	ended map[uint32]*srtp.Receiver
}

func (in *inbound) key(m srtp.Master) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.master = m
	in.media.part, in.control.part = srtp.RTPResent, srtp.RTCPOnly
	for _, s := range []*sources{&in.media, &in.control} {
		var err error
		if s.probe, err = srtp.NewReceiver(m, srtp.State{}, s.part); err != nil {
			return err
		}
	}
	in.ready = true
	return nil
}

// close lets nothing through any more, and waits for the packet under way.
func (in *inbound) close() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.closed = true
}

// Refused is how many packets were none, not the peer's, or there before.
func (t *Transport) Refused() uint64 { return t.in.refused.Load() }

// Receive takes a packet of RTP or RTCP, which is opened in its place (mux.Receiver). What
// comes before there are keys is lost.
func (t *Transport) Receive(packet []byte, arrival time.Time) {
	defer guard.Recover(t.cfg.Log, "a browser's packet", t.undo...)
	in := &t.in
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.closed || !in.ready || len(packet) < rtp.HeaderBytes {
		return
	}
	if rtp.IsRTCP(packet) {
		plain, err := in.control.unprotect(&in.master, packet, binary.BigEndian.Uint32(packet[4:]), (*srtp.Receiver).UnprotectRTCP)
		if t.opened(err) {
			t.cfg.Control(plain, arrival)
		}
		return
	}
	plain, err := in.media.unprotect(&in.master, packet, binary.BigEndian.Uint32(packet[8:]), (*srtp.Receiver).Unprotect)
	if t.opened(err) {
		t.cfg.Media(plain, arrival)
	}
}

var errSources = fault.New(fault.TooMany, "webrtc: more than %d sources", MaxSources+maxEnded)

// opened reports whether a packet was.
func (t *Transport) opened(err error) bool {
	if err != nil {
		t.in.refused.Add(1)
	}
	return err == nil
}

// unprotect opens a packet of an SSRC.
func (s *sources) unprotect(
	m *srtp.Master, packet []byte, ssrc uint32, open func(*srtp.Receiver, []byte) ([]byte, error),
) ([]byte, error) {
	s.now++
	if s.last < len(s.ssrcs) && s.ssrcs[s.last] == ssrc {
		s.used[s.last] = s.now
		return open(s.open[s.last], packet)
	}
	for i, known := range s.ssrcs {
		if known == ssrc {
			s.last, s.used[i] = i, s.now
			return open(s.open[i], packet)
		}
	}
	if again := s.ended[ssrc]; again != nil {
		plain, err := open(again, packet)
		if err == nil {
			delete(s.ended, ssrc)
			s.use(ssrc, again)
		}
		return plain, err
	}
	if len(s.ended) == maxEnded {
		return nil, errSources
	}
	plain, err := open(s.probe, packet)
	if err != nil {
		return nil, err
	}
	state := s.probe.State()
	for i := range state.Streams[:state.N] {
		if state.Streams[i].SSRC == ssrc {
			state.Streams[0], state.N = state.Streams[i], 1
			break
		}
	}
	receiver, err := srtp.NewReceiver(*m, state, s.part)
	if err != nil {
		return nil, err
	}
	s.use(ssrc, receiver)
	return plain, nil
}

// use takes a source into use, in the place of the one that has been silent longest if there
// are too many.
func (s *sources) use(ssrc uint32, r *srtp.Receiver) {
	if len(s.ssrcs) < MaxSources {
		s.last = len(s.ssrcs)
		s.ssrcs, s.open, s.used = append(s.ssrcs, ssrc), append(s.open, r), append(s.used, s.now)
		return
	}
	s.last = slices.Index(s.used, slices.Min(s.used))
	if s.ended == nil {
		s.ended = map[uint32]*srtp.Receiver{}
	}
	s.ended[s.ssrcs[s.last]] = s.open[s.last]
	s.ssrcs[s.last], s.open[s.last], s.used[s.last] = ssrc, r, s.now
}
