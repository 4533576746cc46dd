package payload

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/mediatest"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// seeds calls a function with the packets of a file.
func seeds(f *testing.F, file string, each func(h *rtp.Header)) {
	f.Helper()
	for i, r := range mediatest.RTPDump(f, "../../../testdata/video/"+file+".rtpdump") {
		var h rtp.Header
		if !r.RTCP && i < 60 && rtp.Parse(r.Packet, &h) == nil {
			each(&h)
		}
	}
}

// FuzzRead reads anything: what is told lies within the payload, and writing it back changes
// nothing else.
func FuzzRead(f *testing.F) {
	for file, c := range map[string]Codec{
		"vp8-simulcast": VP8, "vp9-svc": VP9, "h264-simulcast": H264, "av1-simulcast": AV1, "vp9-ffmpeg": VP9, "h264-ffmpeg": H264,
	} {
		seeds(f, file, func(h *rtp.Header) { f.Add(uint8(c), h.Payload) })
	}
	f.Fuzz(func(t *testing.T, c uint8, b []byte) {
		var p Packet
		if Read(Codec(c%5), b, &p) != nil {
			return
		}
		if p.PictureBits != 0 && p.PictureBits != 7 && p.PictureBits != 15 {
			t.Fatalf("%d bits", p.PictureBits)
		}
		if int(p.BaseAt) >= len(b) || p.PictureBits > 0 && int(p.PictureAt)+int(p.PictureBits)/15 >= len(b) {
			t.Fatalf("%+v in %d bytes", p, len(b))
		}
		if p.Key && !p.Begins && Codec(c%5) != H264 {
			t.Fatalf("a key frame that does not begin: %+v", p)
		}
		if p.PictureBits == 0 {
			return
		}
		before := p
		p.PutPicture(b, p.PictureID+1)
		var q Packet
		if err := Read(Codec(c%5), b, &q); err != nil {
			t.Fatal(err)
		}
		before.PictureID = (before.PictureID + 1) & (1<<p.PictureBits - 1)
		if q != before {
			t.Fatalf("%+v, want %+v", q, before)
		}
	})
}

// FuzzDependencies reads anything as a dependency descriptor, twice, as a structure stays.
func FuzzDependencies(f *testing.F) {
	for _, file := range []string{"av1-simulcast", "vp9-svc"} {
		var last []byte
		seeds(f, file, func(h *rtp.Header) {
			if v := h.Element(dependencyID); v != nil {
				f.Add(last, v)
				last = v
			}
		})
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		var d Dependencies
		for _, b := range [][]byte{first, second, first} {
			var p Packet
			if err := d.Read(b, &p); err == nil && (p.Temporal > 7 || p.Spatial > 3 || !p.Described) {
				t.Fatalf("%+v", p)
			}
		}
	})
}

func TestNames(t *testing.T) {
	for c := VP8; c <= AV1; c++ {
		if ByName(c.String()) != c {
			t.Errorf("%v", c)
		}
	}
	if ByName("h264") != H264 || ByName("H265") != Unknown || ByName("unknown") != Unknown {
		t.Error("unknown names are known")
	}
}

func TestReadAllocatesNothing(t *testing.T) {
	b := []byte{0x90, 0xe0, 0x80, 0x01, 0x05, 0x40, 0x01}
	var p Packet
	if n := testing.AllocsPerRun(100, func() {
		if Read(VP8, b, &p) != nil {
			t.Error("refused")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
