package forward

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/video/payload"
)

// TestLayersChange sends what Chromium has made, and changes the layer three times: ffmpeg
// decodes what comes out, every frame of it.
func TestLayersChange(t *testing.T) {
	for _, r := range recordings {
		t.Run(r.name, func(t *testing.T) {
			s := r.source(t)
			b := subscribe(t, s, NewReceiver(ours), 0)
			w := newWatcher(t, r.codec)
			buf := make([]byte, MaxPacket)
			aims := []struct {
				at    time.Duration
				layer int
			}{{0, 0}, {1500 * ms, 1}, {3000 * ms, 0}, {4500 * ms, 1}}
			begin := time.Duration(-1)
			for _, p := range r.packetsOf(t) {
				if begin < 0 && !p.RTCP {
					begin = p.At
				}
				now := p.At - begin + time.Hour
				for begin >= 0 && len(aims) > 0 && p.At-begin >= aims[0].at {
					b.Aim(now, aims[0].layer, MaxTemporal)
					aims = aims[1:]
				}
				if p.RTCP {
					var report rtp.Report
					if err := rtp.ParseRTCP(p.Packet, &report); err != nil {
						t.Fatal(err)
					}
					if report.Sender != nil {
						s.Report(now, report.SSRC, report.Sender)
					}
					continue
				}
				var h rtp.Header
				if err := rtp.Parse(p.Packet, &h); err != nil {
					t.Fatal(err)
				}
				if ref, ok := s.Packet(now, &h); ok {
					for n := b.Write(now, ref, buf); n > 0; n = b.More(now, buf) {
						w.take(buf[:n])
					}
				}
			}
			frames, missing, broken := w.frames()
			if missing > 0 || broken > 0 {
				t.Errorf("%d numbers missing, %d frames broken", missing, broken)
			}
			if b.Stats().Switches != 4 {
				t.Errorf("%d layers begun, want 4", b.Stats().Switches)
			}
			if got := decode(t, r.codec, frames); got != len(frames) {
				t.Errorf("%d pictures of %d frames", got, len(frames))
			}
			steady(t, r.codec, frames)
		})
	}
}

// steady finds fault with time stamps and numbers that do not go on across layers: at 20 Hz
// there are 50 ms between frames, and one more or less where a layer begins.
func steady(t *testing.T, c payload.Codec, frames []watched) {
	t.Helper()
	for i := 1; i < len(frames); i++ {
		a, b := frames[i-1], frames[i]
		if step := b.timestamp - a.timestamp; step > 4*clockRate/20 {
			t.Errorf("frame %d: time stamp %d after %d", i, b.timestamp, a.timestamp)
		}
		// Frames are left out while a smaller layer is waited for; in VP8 that leaves no hole.
		most := uint16(1)
		if c != payload.VP8 {
			most = 4
		}
		step := (b.packet.PictureID - a.packet.PictureID) & (1<<b.packet.PictureBits - 1)
		if b.packet.PictureBits > 0 && (step < 1 || step > most) {
			t.Errorf("frame %d: picture %d after %d", i, b.packet.PictureID, a.packet.PictureID)
		}
		// Chromium numbers the frames of all layers together.
		if step := b.packet.Frame - a.packet.Frame; b.packet.Described && (step < 1 || step > 8) {
			t.Errorf("frame %d: number %d after %d", i, b.packet.Frame, a.packet.Frame)
		}
		if step := b.packet.BaseIndex - a.packet.BaseIndex; b.packet.BaseAt > 0 && step > 1 {
			t.Errorf("frame %d: TL0PICIDX %d after %d", i, b.packet.BaseIndex, a.packet.BaseIndex)
		}
	}
}
