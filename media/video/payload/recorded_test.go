package payload

import (
	"testing"

	"github.com/pion/rtp/codecs"

	"github.com/skygenesisenterprise/skybridge/media/mediatest"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// dependencyID is the extension's id in what Chromium sent.
const dependencyID = 13

// TestRecorded reads what encoders have made: those of Chromium (libvpx, OpenH264, libaom)
// and of ffmpeg. testdata/video/README.md tells how.
func TestRecorded(t *testing.T) {
	for _, c := range []struct {
		file          string
		codec         Codec
		ssrc          uint32
		frames, keys  int
		width, height uint16
		temporal      [8]int // frames
	}{
		{"vp8-ffmpeg", VP8, 0, 30, 3, 320, 180, [8]int{30}},
		{"vp9-ffmpeg", VP9, 0, 30, 3, 320, 180, [8]int{30}},
		{"h264-ffmpeg", H264, 0, 30, 3, 320, 180, [8]int{30}},
		{"vp8-simulcast", VP8, 1747009082, 120, 7, 120, 67, [8]int{33, 27, 60}},
		{"vp8-simulcast", VP8, 3187384778, 120, 7, 240, 134, [8]int{33, 27, 60}},
		{"vp8-described", VP8, 2844018472, 120, 7, 120, 67, [8]int{40, 25, 55}},
		{"vp8-described", VP8, 243468353, 120, 7, 240, 134, [8]int{40, 25, 55}},
		{"h264-simulcast", H264, 485755806, 116, 7, 120, 66, [8]int{116}},
		{"h264-simulcast", H264, 4158903632, 116, 7, 240, 134, [8]int{116}},
		{"vp9-simulcast", VP9, 2870355289, 118, 7, 120, 67, [8]int{33, 27, 58}},
		{"vp9-simulcast", VP9, 44118076, 118, 7, 240, 134, [8]int{33, 27, 58}},
		{"av1-simulcast", AV1, 376463145, 120, 7, 120, 67, [8]int{40, 25, 55}},
		{"av1-simulcast", AV1, 2555271485, 120, 7, 240, 134, [8]int{40, 25, 55}},
		{"vp9-svc", VP9, 3036276007, 119, 7, 480, 270, [8]int{33, 26, 60}},
	} {
		t.Run(c.file, func(t *testing.T) {
			var d Dependencies
			var keys, frames int
			var temporal [8]int
			var width, height uint16
			for _, r := range mediatest.RTPDump(t, "../../../testdata/video/"+c.file+".rtpdump") {
				var h rtp.Header
				if r.RTCP {
					continue
				}
				if err := rtp.Parse(r.Packet, &h); err != nil {
					t.Fatal(err)
				}
				if c.ssrc != 0 && h.SSRC != c.ssrc || len(h.Payload) == 0 {
					continue
				}
				var p Packet
				if err := Read(c.codec, h.Payload, &p); err != nil {
					t.Fatalf("packet %d: %v", h.SequenceNumber, err)
				}
				agree(t, c.codec, h.Payload, &p)
				if ext := h.Element(dependencyID); ext != nil {
					// What was recorded begins before a key frame, which has the structure.
					if err := d.Read(ext, &p); err != nil && keys > 0 {
						t.Errorf("packet %d: %v", h.SequenceNumber, err)
					}
				}
				if p.Width > 0 {
					width, height = p.Width, p.Height
				}
				if p.Key {
					keys++
				}
				if h.Marker {
					frames++
					temporal[p.Temporal]++
				}
			}
			if frames != c.frames || keys != c.keys || width != c.width || height != c.height || temporal != c.temporal {
				t.Errorf("%d frames, %d keys, %dx%d, %v; want %+v", frames, keys, width, height, temporal, c)
			}
		})
	}
}

// agree compares with what pion reads.
func agree(t *testing.T, c Codec, b []byte, p *Packet) {
	t.Helper()
	switch c {
	case VP8:
		var q codecs.VP8Packet
		if _, err := q.Unmarshal(b); err != nil {
			t.Fatal(err)
		}
		if q.PictureID != p.PictureID || q.TL0PICIDX != p.BaseIndex || q.TID != p.Temporal || q.T == 1 != p.Layered {
			t.Errorf("%+v, pion reads %+v", p, q)
		}
	case VP9:
		var q codecs.VP9Packet
		if _, err := q.Unmarshal(b); err != nil {
			t.Fatal(err)
		}
		if q.PictureID != p.PictureID || q.TL0PICIDX != p.BaseIndex || q.TID != p.Temporal || q.SID != p.Spatial ||
			q.B && q.SID == 0 != p.Begins || q.E != p.Ends {
			t.Errorf("%+v, pion reads %+v", p, q)
		}
	}
}
