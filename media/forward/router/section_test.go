package router

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/forward"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/video/payload"
)

// TestASectionsTrack: what comes in a section whose track is not there yet is not taken for another
// one's, however alone that is.
func TestASectionsTrack(t *testing.T) {
	p := New().Join(Config{Send: func([]byte) bool { return true }, SendRTCP: func([]byte) {}, SSRC: 1})
	publish := func(mid string) *Track {
		cfg := TrackConfig{MID: mid}
		cfg.Codec, cfg.PayloadType, cfg.Layers = payload.VP8, 96, []forward.LayerConfig{{}}
		track, err := p.Publish(cfg)
		if err != nil {
			t.Fatal(err)
		}
		return track
	}
	packet := func(ssrc uint32) *rtp.Header {
		return &rtp.Header{SSRC: ssrc, PayloadType: 96, Marker: true, SequenceNumber: 7, Payload: []byte{0x10, 0, 0, 0, 0x9d, 1, 0x2a, 64, 1, 180, 0}}
	}
	camera := publish("1")
	p.Packet(ms, ms, "1", packet(10))
	p.Packet(ms, ms, "2", packet(20))
	if camera.SSRC() != 10 || camera.Stats().Packets != 1 {
		t.Fatalf("the camera is stream %d of %d packets", camera.SSRC(), camera.Stats().Packets)
	}
	screen := publish("2")
	p.Packet(2*ms, 2*ms, "2", packet(20))
	if camera.SSRC() != 10 || screen.SSRC() != 20 {
		t.Errorf("the camera is stream %d, the screen %d", camera.SSRC(), screen.SSRC())
	}
}
