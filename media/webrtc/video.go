package webrtc

import (
	"crypto/rand"
	"encoding/binary"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/transport"
)

// VideoConfig is what a peer's owner does with its video. Its functions are called by the
// socket's reader, one at a time; they must not block and keep nothing of the packet.
type VideoConfig struct {
	// Receive is in how many sections the peer may send at once; 0 is 2, a camera and a
	// screen.
	Receive int
	// Ask is how many sections of ours the first offer of ours has for the peer to send in.
	Ask int
	// Packet takes each RTP packet of video, with the mid of its section.
	Packet func(mid string, packet []byte, arrival time.Time)
	// Control takes each compound RTCP packet whole, also those that are about audio, which
	// the peer reads itself.
	Control func(packet []byte, arrival time.Time)
}

// defaultVideos is VideoConfig.Receive unless it says otherwise.
const defaultVideos = 2

// Track is video that the peer is sent in a section of its own.
type Track struct {
	// ID names the track among ours, Stream what it is of; they are the two names of a=msid
	// (RFC 8830). Beside what may stand in a token they may have colons, which browsers take.
	ID, Stream string
	// Screen says that it shows a screen (a=content:slides, RFC 4796).
	Screen bool
	// Codec is the encoding name of what is sent: sections that are made for the track have
	// no other. Empty is any.
	Codec string
}

// errNoTrack is made once: it is met on the packet path.
var errNoTrack = fault.New(fault.NotFound, "webrtc: a packet of no track that is sent")

// watched is the video of a peer.
type watched struct {
	mu    sync.Mutex // Demux is for one at a time
	demux transport.Demux
	mids  []string // of its sections

	// sent are the streams of tracks and of their repairs; replaced, never changed.
	sent   atomic.Pointer[map[uint32]*transport.Stream]
	tracks map[string]sources // by their IDs; guarded by negotiation
}

// sources are the SSRCs of a track.
type sources struct{ ssrc, rtx uint32 }

// AddTrack has a track sent from the next exchange on; one of the same ID takes the place of
// the earlier. OnNegotiation tells if that needs an offer of ours. Its SSRCs are new ones, and
// stand in what was agreed then (jsep.Media.Track). It may wait while a description is being
// written. The error is of kind Invalid, Unsupported (video is refused), TooMany or Gone.
func (p *Peer) AddTrack(t Track) error {
	p.negotiation.Lock()
	defer p.negotiation.Unlock()
	switch {
	case p.gone():
		return errClosed
	case p.config.Video == nil:
		return fault.New(fault.Unsupported, "webrtc: video to a peer that has none")
	}
	s := sources{p.unusedSSRC(), p.unusedSSRC()}
	track := jsep.Track{
		ID: t.ID, Stream: t.Stream, Kind: jsep.Video, SSRC: s.ssrc, RTX: s.rtx, CName: p.session.cname, Codec: t.Codec,
	}
	if t.Screen {
		track.Content = "slides"
	}
	media, err := p.path.Stream(s.ssrc)
	if err != nil {
		return err
	}
	repair, err := p.path.Stream(s.rtx)
	if err == nil {
		err = p.session.text.AddTrack(track)
	}
	if err != nil {
		p.path.Forget(s.ssrc)
		p.path.Forget(s.rtx)
		return err
	}
	p.stopTrack(t.ID)
	p.video.tracks[t.ID] = s
	p.changeSent(func(sent map[uint32]*transport.Stream) { sent[s.ssrc], sent[s.rtx] = media, repair })
	p.needsOffer()
	return nil
}

// RemoveTrack has a track sent no more: none of its packets from now on, and no section of
// it from the next exchange on. It may wait as AddTrack.
func (p *Peer) RemoveTrack(id string) {
	p.negotiation.Lock()
	defer p.negotiation.Unlock()
	if _, there := p.video.tracks[id]; !there {
		return
	}
	p.session.text.RemoveTrack(id)
	p.stopTrack(id)
	p.needsOffer()
}

// stopTrack lets no packet of a track out any more. The caller holds negotiation.
func (p *Peer) stopTrack(id string) {
	s, there := p.video.tracks[id]
	if !there {
		return
	}
	delete(p.video.tracks, id)
	p.changeSent(func(sent map[uint32]*transport.Stream) {
		delete(sent, s.ssrc)
		delete(sent, s.rtx)
	})
	p.path.Forget(s.ssrc)
	p.path.Forget(s.rtx)
}

func (p *Peer) changeSent(change func(map[uint32]*transport.Stream)) {
	next := maps.Clone(*p.video.sent.Load())
	change(next)
	p.video.sent.Store(&next)
}

// unusedSSRC is one that nothing of ours has.
func (p *Peer) unusedSSRC() uint32 {
	for {
		var random [4]byte
		_, _ = rand.Read(random[:]) // never fails (it ends the process instead)
		if n := binary.BigEndian.Uint32(random[:]); n != 0 && !p.path.Used(n) {
			return n
		}
	}
}

// SSRC is who we are in reports to the peer, CNAME our name there.
func (p *Peer) SSRC() uint32 { return p.session.ssrc }

// CNAME is our name in reports to the peer.
func (p *Peer) CNAME() string { return p.session.cname }

// WriteVideo sends an RTP packet of a track, or of its repairs: that of its SSRC. Nothing of
// packet is kept. It never waits for the peer, allocates nothing, and is for one goroutine at
// a time for each track. The error is of kind Unavailable while the peer is not connected,
// NotFound for an SSRC of no track, or about the packet.
func (p *Peer) WriteVideo(packet []byte) error {
	stream, err := p.streamOf(packet)
	if err != nil {
		return err
	}
	return stream.Send(packet)
}

// WriteVideoBy is WriteVideo, but for that the packet leaves with others, by the next Flush of the
// outbox at the latest.
func (p *Peer) WriteVideoBy(o *transport.Outbox, packet []byte) error {
	stream, err := p.streamOf(packet)
	if err != nil {
		return err
	}
	return stream.SendBy(o, packet)
}

// streamOf is the stream of a packet of video, while it can be sent.
func (p *Peer) streamOf(packet []byte) (*transport.Stream, error) {
	if len(packet) < rtp.HeaderBytes {
		return nil, rtp.ErrShort
	}
	stream := (*p.video.sent.Load())[binary.BigEndian.Uint32(packet[8:])]
	switch {
	case stream == nil:
		return nil, errNoTrack
	case !p.connected.Load():
		return nil, errNotConnected
	}
	return stream, nil
}

// WriteControl sends a compound RTCP packet, which begins with a report of SSRC's. Errors are
// as WriteVideo's.
func (p *Peer) WriteControl(packet []byte) error {
	if !p.connected.Load() {
		return errNotConnected
	}
	return p.path.SendControl(packet)
}

// expectVideo takes the sections in which video may come.
func (p *Peer) expectVideo(a *jsep.Agreed) {
	var sections []transport.Section
	var ids transport.Extensions
	var mids []string
	for i := range a.Media {
		m := &a.Media[i]
		if m.Kind != jsep.Video || m.Refused {
			continue
		}
		ids = transport.Extensions{MID: m.Extensions.MID, RID: m.Extensions.RID, RepairedRID: m.Extensions.RepairedRID}
		if !m.Direction.Receives() {
			continue
		}
		s := transport.Section{MID: m.MID}
		for _, c := range m.Receive {
			if s.PayloadTypes = append(s.PayloadTypes, c.PayloadType); c.RTX != 0 {
				s.PayloadTypes = append(s.PayloadTypes, c.RTX)
			}
		}
		for _, r := range m.Remote.Sources {
			if s.SSRCs = append(s.SSRCs, r.SSRC); r.RTX != 0 {
				s.SSRCs = append(s.SSRCs, r.RTX)
			}
		}
		sections, mids = append(sections, s), append(mids, m.MID)
	}
	p.video.mu.Lock()
	defer p.video.mu.Unlock()
	p.video.demux.Update(sections, ids)
	p.video.mids = mids
}

// receiveVideo takes a packet that is no audio; false for one of nothing that was agreed on.
func (p *Peer) receiveVideo(h *rtp.Header, packet []byte, arrival time.Time) bool {
	if p.config.Video == nil {
		return false
	}
	v := &p.video
	v.mu.Lock()
	source, ok := v.demux.Find(h)
	var mid string
	if ok {
		mid = v.mids[source.Section]
	}
	v.mu.Unlock()
	if ok && p.config.Video.Packet != nil {
		p.config.Video.Packet(mid, packet, arrival)
	}
	return ok
}
