// Package tracks makes of what a section of video came to (media/webrtc/jsep) what is forwarded
// (media/forward): the track that a browser sends in it, or the stream that it is sent.
//
// It does no I/O and starts no goroutine.
package tracks

import (
	"cmp"
	"slices"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/forward"
	"github.com/skygenesisenterprise/skybridge/media/forward/router"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/video"
	"github.com/skygenesisenterprise/skybridge/media/video/payload"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
)

// Extensions are those of a section, in both directions.
func Extensions(m *jsep.Media) forward.Extensions {
	e := m.Extensions
	return forward.Extensions{
		MID: e.MID, RID: e.RID, RepairedRID: e.RepairedRID, TransportWide: e.TransportCC, AbsSendTime: e.AbsSendTime,
		Dependency: e.DependencyDescriptor, Orientation: e.VideoOrientation,
	}
}

// Incoming is the track that the peer sends in a section: in the first codec of those that it
// may send, which is the one that browsers choose. The error is of kind fault.NotAcceptable for
// a section in which no video comes, or in no codec that is forwarded.
func Incoming(m *jsep.Media) (router.TrackConfig, error) {
	cfg := router.TrackConfig{MID: m.MID, Screen: m.Remote.Content == "slides"}
	if m.Kind != jsep.Video || m.Refused || !m.Direction.Receives() {
		return cfg, fault.New(fault.NotAcceptable, "tracks: no video comes in section %q", m.MID)
	}
	i := slices.IndexFunc(m.Receive, func(c jsep.Codec) bool { return payload.ByName(c.Name) != payload.Unknown })
	if i < 0 {
		return cfg, fault.New(fault.NotAcceptable, "tracks: the video of section %q is in no codec that is forwarded", m.MID)
	}
	c := &m.Receive[i]
	cfg.Codec, cfg.PayloadType, cfg.RTXPayloadType = payload.ByName(c.Name), c.PayloadType, c.RTX
	cfg.Extensions, cfg.Requests = Extensions(m), rtp.RequestsOf(c.Feedback)
	cfg.Layers = layers(&m.Remote)
	return cfg, nil
}

// layers are those that the peer names: by their rids, else by its sources, of which there is
// mostly one; else what comes is the only one. With rids only those are layers that can be told
// apart by them.
func layers(r *jsep.Remote) (list []forward.LayerConfig) {
	for _, l := range r.RIDs {
		list = append(list, forward.LayerConfig{RID: l.RID})
	}
	if len(list) == 0 {
		for _, s := range r.Sources {
			list = append(list, forward.LayerConfig{SSRC: s.SSRC, RTX: s.RTX})
		}
	}
	if len(list) == 0 {
		list = append(list, forward.LayerConfig{})
	}
	return list[:min(len(list), forward.MaxLayers)]
}

// IsForwarded tells whether video of an encoding name is forwarded.
func IsForwarded(name string) bool { return payload.ByName(name) != payload.Unknown }

// Variant is the format of the video that the peer sends in a section, by which receivers are
// found that can be sent it (video.Variant); empty for none.
func Variant(m *jsep.Media) string {
	i := slices.IndexFunc(m.Receive, func(c jsep.Codec) bool { return payload.ByName(c.Name) != payload.Unknown })
	if i < 0 {
		return ""
	}
	return video.Variant(m.Receive[i].Name, m.Receive[i].Fmtp)
}

// Outgoing is the stream that the peer is sent in a section, of a format (Variant). What it
// begins with, at random, is the caller's. The error is of kind fault.NotAcceptable for a
// section in which nothing is sent, or which does not take the format.
func Outgoing(m *jsep.Media, variant string) (forward.Stream, error) {
	s := forward.Stream{MID: m.MID}
	if m.Kind != jsep.Video || m.Refused || !m.Direction.Sends() || m.Track == nil {
		return s, fault.New(fault.NotAcceptable, "tracks: no video is sent in section %q", m.MID)
	}
	for i := range m.Send {
		if c := &m.Send[i]; variant != "" && video.Variant(c.Name, c.Fmtp) == variant {
			s.SSRC, s.PayloadType = m.Track.SSRC, c.PayloadType
			if c.RTX != 0 && m.Track.RTX != 0 {
				s.RTX, s.RTXPayloadType = m.Track.RTX, c.RTX
			}
			return s, nil
		}
	}
	return s, fault.New(fault.NotAcceptable, "tracks: section %q does not take %s", m.MID, cmp.Or(variant, "what is no video"))
}
