package video

import (
	"log/slog"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/forward"
	"github.com/skygenesisenterprise/skybridge/media/forward/router"
	"github.com/skygenesisenterprise/skybridge/media/mediatest"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// FuzzMember has one who sends and one who watches say anything, after a stream has begun.
func FuzzMember(f *testing.F) {
	list := mediatest.RTPDump(f, "../../testdata/video/vp8-simulcast.rtpdump")
	for i, p := range list[40:80] {
		f.Add(p.Packet, list[i].Packet)
	}
	f.Add(list[50].Packet, (&rtp.Feedback{Kind: rtp.TransportFeedback, Format: rtp.FormatNACK, Media: 1, Detail: []byte{0, 0, 0xff, 0xff}}).Append(nil))
	f.Add(list[50].Packet, (&rtp.Feedback{Kind: rtp.TransportFeedback, Format: rtp.FormatTransportWide, Detail: []byte{0, 1, 0, 1, 0, 0, 1, 0, 0x20, 1, 4, 0}}).Append(nil))
	room := NewForwarding(slog.New(slog.DiscardHandler), Settings{}, func(Event) {}, nil)
	f.Cleanup(room.Close)
	f.Fuzz(func(t *testing.T, sent, said []byte) {
		config := router.Config{
			Extensions: forward.Extensions{MID: 1, TransportWide: 2}, TransportWide: theirs.TransportWide, SSRC: 77, CNAME: []byte("us"),
			Send: func(b []byte) bool {
				var h rtp.Header
				if err := rtp.Parse(b, &h); err != nil || len(b) > forward.MaxPacket {
					t.Errorf("%x: %v", b, err)
				}
				return true
			},
			SendRTCP: func(b []byte) {
				var r rtp.Report
				if err := rtp.ParseRTCP(b, &r); err != nil {
					t.Errorf("%x: %v", b, err)
				}
			},
		}
		a, err := room.Join("ann", config)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Leave()
		b, err := room.Join("ben", config)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Leave()
		if err := a.Publish(Camera, track()); err != nil {
			t.Fatal(err)
		}
		if err := b.Watch(SourceID{"ann", Camera}, forward.Stream{SSRC: 1, PayloadType: 100, RTX: 2, RTXPayloadType: 101, MID: "3"}); err != nil {
			t.Fatal(err)
		}
		for i, p := range list[:60] {
			if i == 36 { // a key frame follows
				room.settle()
				room.tick()
			}
			if !p.RTCP {
				a.Packet("", p.Packet, time.Time{})
			}
		}
		room.settle()
		room.mu.Lock()
		packets := b.views[SourceID{"ann", Camera}].Stats().Packets
		room.mu.Unlock()
		if packets == 0 {
			t.Fatal("the stream does not begin")
		}
		a.Packet("", sent, time.Time{})
		b.Control(said, time.Time{})
		a.Control(said, time.Now())
		a.Packet("", sent, time.Now())
		room.settle()
		room.tick()
	})
}
