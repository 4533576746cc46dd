// Package router joins those who send video and those who watch in one room: it drives
// media/forward with what comes from each party, and shares out what each can take
// (media/bandwidth, media/forward/allocation).
//
// It is as pure as they are: no I/O, no goroutine, no clock, no lock. A Router with all its
// parties belongs to one goroutine, or is called under one lock. What goes out is given to the
// functions of a party's Config, unprotected, in a buffer that is valid for the call. A
// transport calls
//
//	party.Packet    with each RTP packet of video that came, decrypted
//	party.Reported  with each RTCP packet of others' that was read
//	party.Requested with the feedback in it
//	router.Tick     every 10 to 50 ms
//
// and party.Sent for audio, if that has transport-wide numbers too.
package router

import (
	"slices"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/bandwidth"
	"github.com/skygenesisenterprise/skybridge/media/forward"
	"github.com/skygenesisenterprise/skybridge/media/forward/allocation"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

const (
	// reportEvery is how often reports go out.
	reportEvery = time.Second
	// shareEvery is how often it is looked again at who is sent what.
	shareEvery = 200 * time.Millisecond
	// maxRTCP is how long an RTCP packet may become.
	maxRTCP = 1200
)

// Config is what a party's transport brings.
type Config struct {
	// Send takes an RTP packet that is to be protected and sent, and tells whether it is: one that
	// it leaves out counts as never sent. What is lost from there on counts as lost on the way.
	Send func(packet []byte) bool
	// SendRTCP takes an RTCP packet.
	SendRTCP func(packet []byte)
	// Extensions are those of video that the party takes, TransportWide the id of that number
	// in what it sends; 0 is none.
	Extensions    forward.Extensions
	TransportWide uint8
	// SSRC is who we are in reports, CNAME our name there.
	SSRC  uint32
	CNAME []byte
	// Bandwidth bounds what it is sent.
	Bandwidth bandwidth.Config
}

// Router is a room's.
type Router struct {
	parties []*Party
	shared  time.Duration
	rtp     [forward.MaxPacket]byte
	rtcp    []byte
	blocks  []rtp.ReportBlock
	// compound is the RTCP packet that is sent now.
	compound []byte
}

// New makes a router of nobody.
func New() *Router {
	return &Router{
		rtcp: make([]byte, 0, 4*maxRTCP), blocks: make([]rtp.ReportBlock, 0, 31), compound: make([]byte, 0, 2*maxRTCP),
	}
}

// Party is one who sends, or watches, or both.
type Party struct {
	router   *Router
	cfg      Config
	head     []byte // of each RTCP packet: a report of nothing, and our name
	tracks   []*Track
	views    []*View
	arrivals bandwidth.Arrivals
	receiver *forward.Receiver
	estimate *bandwidth.Estimator
	share    allocation.Allocator
	wishes   []allocation.Wish // of views, in their order
	result   allocation.Result
	reported time.Duration
	changed  bool // a wish
}

// Track is what a party sends.
type Track struct {
	*forward.Source
	party *Party
	views []*View
	cfg   TrackConfig
	began bool // something has come
}

// TrackConfig says what a track is.
type TrackConfig struct {
	forward.Config
	// MID is that of its media section; empty where the sender does not say it in packets.
	MID string
	// Screen is a shared screen, a camera otherwise.
	Screen bool
}

// View is what a party is sent of a track.
type View struct {
	*forward.Subscription
	track  *Track
	party  *Party
	stream forward.Stream
	order  [forward.MaxLayers]int8 // the track's layers, from the smallest on
}

// Join adds a party.
func (r *Router) Join(cfg Config) *Party {
	head := rtp.Report{SSRC: cfg.SSRC, CNAME: cfg.CNAME}
	p := &Party{
		router: r, cfg: cfg, head: head.Append(nil),
		receiver: forward.NewReceiver(cfg.Extensions), estimate: bandwidth.NewEstimator(cfg.Bandwidth),
	}
	r.parties = append(r.parties, p)
	return p
}

// SetExtensions changes those of Config, as a later exchange agrees on more of them.
func (p *Party) SetExtensions(ext forward.Extensions, transportWide uint8) {
	p.cfg.Extensions, p.cfg.TransportWide = ext, transportWide
	p.receiver.SetExtensions(ext)
}

// Leave ends all that a party sends and watches.
func (p *Party) Leave() {
	for len(p.tracks) > 0 {
		p.tracks[0].Stop()
	}
	for len(p.views) > 0 {
		p.views[0].Stop()
	}
	p.router.parties = remove(p.router.parties, p)
}

// Publish adds a track that the party sends.
func (p *Party) Publish(cfg TrackConfig) (*Track, error) {
	cfg.ReceiverSSRC = p.cfg.SSRC
	s, err := forward.NewSource(cfg.Config)
	if err != nil {
		return nil, err
	}
	t := &Track{Source: s, party: p, cfg: cfg}
	p.tracks = append(p.tracks, t)
	return t, nil
}

// Stop ends a track, for all who watch it.
func (t *Track) Stop() {
	for len(t.views) > 0 {
		t.views[0].Stop()
	}
	t.party.tracks = remove(t.party.tracks, t)
}

// Watch lets a party see a track. Nothing is sent until it is shown.
func (p *Party) Watch(t *Track, stream forward.Stream) (*View, error) {
	b, err := forward.NewSubscription(t.Source, p.receiver, stream)
	if err != nil {
		return nil, err
	}
	v := &View{Subscription: b, track: t, party: p, stream: stream}
	t.Order(&v.order)
	t.views = append(t.views, v)
	p.views = append(p.views, v)
	p.wishes = append(p.wishes, allocation.Wish{Count: t.Layers(), Screen: t.cfg.Screen})
	p.changed = true
	return v, nil
}

// Stop ends a view.
func (v *View) Stop() {
	v.track.views = remove(v.track.views, v)
	if i := slices.Index(v.party.views, v); i >= 0 {
		v.party.views = slices.Delete(v.party.views, i, i+1)
		v.party.wishes = slices.Delete(v.party.wishes, i, i+1)
	}
}

// Show says how large the view is shown, in lines (allocation.Hidden is not at all), and
// whether who sends it speaks. The next Tick acts on it.
func (v *View) Show(lines int, speaking bool) {
	i := slices.Index(v.party.views, v)
	if i < 0 {
		return
	}
	if w := &v.party.wishes[i]; w.Height != lines || w.Speaking != speaking {
		w.Height, w.Speaking = lines, speaking
		v.party.changed = true
	}
}

func remove[T comparable](list []T, one T) []T {
	if i := slices.Index(list, one); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// Estimate is what the party can be sent, in bit/s.
func (p *Party) Estimate() int { return p.estimate.Estimate() }

// Sent takes note of a packet that is sent to the party beside the video, of so many bytes, and
// gives it its transport-wide number.
func (p *Party) Sent(now time.Duration, bytes int) uint16 {
	n := p.receiver.NextNumber()
	p.estimate.Sent(now, n, bytes)
	return n
}

// Packet takes a packet of video that came from the party, at its arrival. mid is that of its media
// section, where the transport knows it: it is of that section's track then, or of none that is
// there yet.
func (p *Party) Packet(now, arrival time.Duration, mid string, h *rtp.Header) {
	if id := p.cfg.TransportWide; id != 0 {
		if v := h.Element(id); len(v) >= 2 {
			p.arrivals.Record(arrival, uint16(v[0])<<8|uint16(v[1]))
		}
	}
	t := p.track(mid, h)
	if t == nil {
		return
	}
	ref, ok := t.Packet(arrival, h)
	if !ok {
		return
	}
	if !t.began {
		t.began = true
		for _, v := range t.views { // they have waited for it
			v.party.changed = true
		}
	}
	buf := p.router.rtp[:]
	for _, v := range t.views {
		for n := v.Write(now, ref, buf); n > 0; n = v.More(now, buf) {
			v.party.send(now, buf[:n])
		}
	}
}

// track is the one that a packet is of: that of its section, else by its SSRC, the mid that it
// bears, or as it is the only one.
func (p *Party) track(mid string, h *rtp.Header) *Track {
	if mid != "" {
		i := slices.IndexFunc(p.tracks, func(t *Track) bool { return t.cfg.MID == mid })
		if i < 0 {
			return nil
		}
		return p.tracks[i]
	}
	for _, t := range p.tracks {
		if t.Has(h.SSRC) {
			return t
		}
	}
	for _, t := range p.tracks {
		if id := t.cfg.Extensions.MID; id != 0 && t.cfg.MID != "" {
			if v := h.Element(id); v != nil && string(v) == t.cfg.MID {
				return t
			}
		}
	}
	if len(p.tracks) == 1 {
		return p.tracks[0]
	}
	return nil
}

// send gives a packet to the transport, and tells whether that sends it.
func (p *Party) send(now time.Duration, packet []byte) bool {
	if !p.cfg.Send(packet) {
		return false // its number is one that was never sent
	}
	if p.cfg.Extensions.TransportWide != 0 {
		p.estimate.Sent(now, p.receiver.Number(), len(packet))
	}
	return true
}
