package tracks_test

import (
	"reflect"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/forward"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/video/payload"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/tracks"
)

// section is one of video, both ways.
func section(change func(*jsep.Media)) *jsep.Media {
	codecs := []jsep.Codec{
		{PayloadType: 116, Name: "H265", ClockRate: 90000},
		{PayloadType: 108, Name: "H264", ClockRate: 90000, Fmtp: "packetization-mode=1;profile-level-id=42e01f", RTX: 109, Feedback: []string{"nack", "nack pli", "transport-cc"}},
		{PayloadType: 98, Name: "vp9", ClockRate: 90000, Fmtp: "profile-id=0", Feedback: []string{"ccm fir"}},
	}
	m := &jsep.Media{
		MID: "2", Kind: jsep.Video, Direction: media.SendRecv, Send: codecs, Receive: codecs,
		Extensions: jsep.Extensions{MID: 4, RID: 10, RepairedRID: 11, TransportCC: 3, AbsSendTime: 2, DependencyDescriptor: 8, VideoOrientation: 13},
		Track:      &jsep.Track{SSRC: 7, RTX: 8},
	}
	change(m)
	return m
}

func TestIncoming(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*jsep.Media)
		layers []forward.LayerConfig
		refuse bool
	}{
		"one that says nothing": {change: func(*jsep.Media) {}, layers: []forward.LayerConfig{{}}},
		"one source":            {change: func(m *jsep.Media) { m.Remote.Sources = []jsep.Pair{{SSRC: 5, RTX: 6}} }, layers: []forward.LayerConfig{{SSRC: 5, RTX: 6}}},
		"rids":                  {change: func(m *jsep.Media) { m.Remote.RIDs = []jsep.Layer{{RID: "q"}, {RID: "h"}} }, layers: []forward.LayerConfig{{RID: "q"}, {RID: "h"}}},
		"too many": {change: func(m *jsep.Media) { m.Remote.RIDs = make([]jsep.Layer, 9) },
			layers: make([]forward.LayerConfig, forward.MaxLayers)},
		"audio":            {change: func(m *jsep.Media) { m.Kind = jsep.Audio }, refuse: true},
		"refused":          {change: func(m *jsep.Media) { m.Refused = true }, refuse: true},
		"sent alone":       {change: func(m *jsep.Media) { m.Direction = media.SendOnly }, refuse: true},
		"no codec of ours": {change: func(m *jsep.Media) { m.Receive = m.Receive[:1] }, refuse: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tracks.Incoming(section(c.change))
			if c.refuse {
				if fault.Of(err) != fault.NotAcceptable {
					t.Errorf("%+v, %v", got, err)
				}
				return
			}
			if err != nil || got.MID != "2" || got.Codec != payload.H264 || got.PayloadType != 108 || got.RTXPayloadType != 109 ||
				got.Requests != rtp.RequestNACK|rtp.RequestPLI || !reflect.DeepEqual(got.Layers, c.layers) {
				t.Errorf("%+v, %v", got, err)
			}
			want := forward.Extensions{MID: 4, RID: 10, RepairedRID: 11, TransportWide: 3, AbsSendTime: 2, Dependency: 8, Orientation: 13}
			if got.Extensions != want {
				t.Errorf("%+v", got.Extensions)
			}
		})
	}
	if m := section(func(m *jsep.Media) { m.Remote.Content = "slides" }); !must(tracks.Incoming(m)).Screen {
		t.Error("slides are no screen")
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestOutgoing: the payload type is the receiver's for the format that the sender has.
func TestOutgoing(t *testing.T) {
	m := section(func(*jsep.Media) {})
	variant := tracks.Variant(m)
	got, err := tracks.Outgoing(m, variant)
	if want := (forward.Stream{SSRC: 7, PayloadType: 108, RTX: 8, RTXPayloadType: 109, MID: "2"}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = tracks.Outgoing(m, tracks.Variant(section(func(m *jsep.Media) { m.Receive = m.Receive[2:] })))
	if want := (forward.Stream{SSRC: 7, PayloadType: 98, MID: "2"}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	for name, m := range map[string]*jsep.Media{
		"nothing is sent": section(func(m *jsep.Media) { m.Track = nil }),
		"received alone":  section(func(m *jsep.Media) { m.Direction = media.RecvOnly }),
		"another profile": section(func(m *jsep.Media) {
			m.Send = []jsep.Codec{{PayloadType: 1, Name: "H264", Fmtp: "packetization-mode=0;profile-level-id=42e01f"}}
		}),
	} {
		if s, err := tracks.Outgoing(m, variant); fault.Of(err) != fault.NotAcceptable {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
	if s, err := tracks.Outgoing(m, ""); fault.Of(err) != fault.NotAcceptable {
		t.Errorf("no format: %+v, %v", s, err)
	}
}
