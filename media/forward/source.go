package forward

import (
	"encoding/binary"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/video/payload"
)

// MaxLayers is how many layers of simulcast a track may have.
const MaxLayers = 4

// DefaultHistory is how many packets of each layer are kept: two seconds of 2.5 Mbit/s.
const DefaultHistory = 512

// Config says what track a Source is.
type Config struct {
	Codec       payload.Codec
	PayloadType uint8
	// RTXPayloadType is that of what is sent again (RFC 4588); 0 is none.
	RTXPayloadType uint8
	Extensions     Extensions
	// Requests are what the sender can be asked for (a=rtcp-fb).
	Requests rtp.Requests
	// Layers are from the smallest to the largest, as far as that is known before their pictures
	// tell. One without a RID is a track without simulcast.
	Layers []LayerConfig
	// History is how many packets of each layer are kept; 0 is DefaultHistory.
	History int
	// ReceiverSSRC is who we are in feedback to the sender.
	ReceiverSSRC uint32
}

// LayerConfig is one layer: its RID (RFC 8852), its SSRC and that of what is sent again.
// SSRCs that are 0 are learned from packets that bear the RID.
type LayerConfig struct {
	RID       string
	SSRC, RTX uint32
}

// Source is a track that is sent to us.
type Source struct {
	cfg     Config
	carried [carriedKinds]uint8
	layers  []layer
	picture uint8         // number of the last FIR
	between time.Duration // two tries to have what is missing
	scratch [nackBytes]byte
	stats   SourceStats
}

// SourceStats counts what came.
type SourceStats struct {
	Packets, Bytes uint64
	// Repeated came twice, Foreign are of no layer or payload type of the track, Damaged
	// cannot be read, Oversized are longer than is kept, Suspect are far from where the
	// stream is.
	Repeated, Foreign, Damaged, Oversized, Suspect uint64
	// Recovered came after they were missed.
	Recovered uint64
	// Keyframes is how many pictures came with which decoding can begin; Asked is how often
	// one was asked for, Missed how many packets were, all tries counted.
	Keyframes, Asked, Missed uint64
}

// Ref names a packet in its source's history.
type Ref struct {
	ext   uint32
	layer int8
}

// NewSource makes a source. It fails with fault.Invalid for a config that no track has.
func NewSource(cfg Config) (*Source, error) {
	switch {
	case cfg.Codec == payload.Unknown:
		return nil, fault.New(fault.Invalid, "forward: a track without a known codec")
	case len(cfg.Layers) == 0 || len(cfg.Layers) > MaxLayers:
		return nil, fault.New(fault.Invalid, "forward: a track of %d layers; it has 1 to %d", len(cfg.Layers), MaxLayers)
	case cfg.History < 0 || cfg.History > 1<<14:
		return nil, fault.New(fault.Invalid, "forward: a history of %d packets", cfg.History)
	}
	if cfg.History == 0 {
		cfg.History = DefaultHistory
	}
	s := &Source{cfg: cfg, carried: cfg.Extensions.carried(), layers: make([]layer, len(cfg.Layers))}
	s.SetRoundTrip(defaultTrip)
	for i := range s.layers {
		l := &s.layers[i]
		l.rid, l.ssrc, l.rtx = cfg.Layers[i].RID, cfg.Layers[i].SSRC, cfg.Layers[i].RTX
		l.seq.Resends = true
		l.history = newHistory(cfg.History)
	}
	return s, nil
}

// Stats is what was counted.
func (s *Source) Stats() SourceStats { return s.stats }

// Codec is the track's.
func (s *Source) Codec() payload.Codec { return s.cfg.Codec }

// Known are the layers with the SSRCs that were learned of them, for another Source of the same
// track.
func (s *Source) Known() []LayerConfig {
	list := make([]LayerConfig, len(s.layers))
	for i := range s.layers {
		l := &s.layers[i]
		list[i] = LayerConfig{RID: l.rid, SSRC: l.ssrc, RTX: l.rtx}
	}
	return list
}

// Packet takes a packet of the track. It is false for one that is not to be passed on. The
// header's slices are copied.
func (s *Source) Packet(now time.Duration, h *rtp.Header) (Ref, bool) {
	s.stats.Packets++
	s.stats.Bytes += uint64(len(h.Payload))
	i, again := s.layerOf(h)
	if i < 0 {
		s.stats.Foreign++
		return Ref{}, false
	}
	seq, body := h.SequenceNumber, h.Payload
	if again {
		if len(body) < 2 {
			if len(body) == 1 {
				s.stats.Damaged++
			}
			return Ref{}, false // padding, which probes the way here
		}
		seq, body = binary.BigEndian.Uint16(body), body[2:] // RFC 4588 §4
	}
	return s.take(now, i, h, seq, body, again)
}

// layerOf is the layer that a packet is of, and whether it is sent again on a stream of its
// own; -1 is none.
func (s *Source) layerOf(h *rtp.Header) (layer int, again bool) {
	again = s.cfg.RTXPayloadType != 0 && h.PayloadType == s.cfg.RTXPayloadType
	if !again && h.PayloadType != s.cfg.PayloadType {
		return -1, false
	}
	for i := range s.layers {
		l := &s.layers[i]
		if !again && h.SSRC == l.ssrc && l.ssrc != 0 || again && h.SSRC == l.rtx && l.rtx != 0 {
			return i, again
		}
	}
	return s.learn(h, again), again
}

// learn is the layer whose RID a packet of an unknown SSRC bears; -1 is none. A sender that
// begins with a new SSRC, as after a reload, is followed.
//
// A track without simulcast takes any, as its caller knows by other means that it is the
// track's: its mid, or its payload type.
func (s *Source) learn(h *rtp.Header, again bool) int {
	if len(s.layers) == 1 && s.layers[0].rid == "" {
		s.layers[0].follow(h, again)
		return 0
	}
	id := s.cfg.Extensions.RID
	if again {
		id = s.cfg.Extensions.RepairedRID
	}
	if id == 0 || h.Extension == nil {
		return -1
	}
	rid := h.Element(id)
	if len(rid) == 0 {
		return -1
	}
	for i := range s.layers {
		l := &s.layers[i]
		if l.rid == string(rid) {
			l.follow(h, again)
			return i
		}
	}
	return -1
}

// take puts a packet into its layer.
func (s *Source) take(now time.Duration, i int, h *rtp.Header, seq uint16, body []byte, again bool) (Ref, bool) {
	l := &s.layers[i]
	ext, order := l.seq.Update(seq, l.replaced || now-l.arrival > silence)
	l.replaced = false
	if order == rtp.Suspect {
		s.stats.Suspect++
		return Ref{}, false
	}
	ahead := order != rtp.Behind
	behind := uint32(0)
	if !ahead {
		behind = l.newest - ext
	}
	if !l.history.make(now, ext, behind) {
		s.stats.Suspect++ // so late that a newer one has its place
		return Ref{}, false
	}
	p, data := l.history.at(ext)
	if p.ext == ext {
		s.stats.Repeated++
		return Ref{}, false
	}
	if order == rtp.Restart {
		l.restarted(ext)
	}
	l.expect(now, ext, ahead, s.cfg.Requests&rtp.RequestNACK != 0)
	if again || !ahead {
		s.stats.Recovered++
	}
	if len(body) == 0 { // padding alone keeps its number
		p.clear(ext, h.Timestamp, now)
		l.came(now, p, ahead, 0)
		return Ref{ext: ext, layer: int8(i)}, true
	}
	if len(body) > slotBytes {
		s.stats.Oversized++
		l.spoilt(ext, ahead)
		return Ref{}, false
	}
	p.clear(ext, h.Timestamp, now)
	if payload.Read(s.cfg.Codec, body, &p.info) != nil {
		p.ext = 0
		s.stats.Damaged++
		l.spoilt(ext, ahead)
		return Ref{}, false
	}
	p.marker = h.Marker
	n := keep(data[:slotBytes-len(body)], h, &s.carried)
	p.kept, p.size = uint16(n), uint16(n+len(body))
	copy(data[n:], body)
	if id := s.cfg.Extensions.Dependency; id != 0 && h.Extension != nil {
		if v := h.Element(id); v != nil && !l.describe(ext, v, &p.info) {
			s.stats.Damaged++ // its payload is what it is
		}
	}
	l.findKey(p)
	l.came(now, p, ahead, len(body))
	if p.key {
		s.stats.Keyframes++
	}
	return Ref{ext: ext, layer: int8(i)}, true
}

// describe reads a packet's dependency descriptor by the structure that its key frame brought. One
// that comes so late that a newer structure is there is told nothing by that, and takes nothing
// from those that come.
func (l *layer) describe(ext uint32, descriptor []byte, info *payload.Packet) bool {
	if l.structured != 0 && int32(ext-l.structured) < 0 {
		return true
	}
	if payload.HasStructure(descriptor) {
		l.structured = ext
	}
	return l.dependencies.Read(descriptor, info) == nil
}

// spoilt takes note of a packet that came and is of no use: what is missing before it has been
// noted, and it is not missing itself.
func (l *layer) spoilt(ext uint32, ahead bool) {
	if ahead {
		l.newest = ext
	}
}

// clear makes the slot that of another packet.
func (p *packet) clear(ext, timestamp uint32, now time.Duration) {
	*p = packet{ext: ext, timestamp: timestamp, arrival: now}
}
