package transport

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// MaxSources bounds the SSRCs of one peer, as each costs memory until it ends. A browser
// uses one per track, layer and kind of repair that it ever sends, and one for reports.
const MaxSources = 64

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
	last  int // the source of the latest packet
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

var errSources = fault.New(fault.TooMany, "webrtc: more than %d sources", MaxSources)

// opened reports whether a packet was; a peer of too many sources fails.
func (t *Transport) opened(err error) bool {
	switch {
	case err == nil:
		return true
	case err == errSources: //nolint:errorlint // it is compared as it was made
		t.fail(err)
	}
	t.in.refused.Add(1)
	return false
}

// unprotect opens a packet of an SSRC.
func (s *sources) unprotect(
	m *srtp.Master, packet []byte, ssrc uint32, open func(*srtp.Receiver, []byte) ([]byte, error),
) ([]byte, error) {
	if s.last < len(s.ssrcs) && s.ssrcs[s.last] == ssrc {
		return open(s.open[s.last], packet)
	}
	for i, known := range s.ssrcs {
		if known == ssrc {
			s.last = i
			return open(s.open[i], packet)
		}
	}
	plain, err := open(s.probe, packet)
	if err != nil {
		return nil, err
	}
	if len(s.ssrcs) == MaxSources {
		return nil, errSources
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
	s.last = len(s.ssrcs)
	s.ssrcs, s.open = append(s.ssrcs, ssrc), append(s.open, receiver)
	return plain, nil
}
