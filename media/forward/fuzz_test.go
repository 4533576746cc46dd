package forward

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/video/payload"
)

// FuzzForward passes on anything that is RTP, behind a key frame: what comes out is RTP of the
// stream, and no longer than there is room for.
func FuzzForward(f *testing.F) {
	for i := range recordings {
		for k, p := range recordings[i].packetsOf(f) {
			if !p.RTCP && k > 30 && k < 50 {
				f.Add(uint8(recordings[i].codec), p.Packet, p.Packet)
			}
		}
	}
	f.Fuzz(func(t *testing.T, codec uint8, first, second []byte) {
		cfg := Config{
			Codec: payload.Codec(codec%4 + 1), PayloadType: 96, RTXPayloadType: 97, Extensions: theirs,
			Requests: rtp.RequestNACK | rtp.RequestPLI, Layers: []LayerConfig{{SSRC: 5, RTX: 6}}, History: 8,
		}
		s, err := NewSource(cfg)
		if err != nil {
			t.Fatal(err)
		}
		b := subscribe(t, s, NewReceiver(ours), 0)
		now := time.Hour
		b.Aim(now, 0, 1)
		buf := make([]byte, MaxPacket)
		for i, packet := range [][]byte{first, second, first} {
			var h rtp.Header
			if rtp.Parse(packet, &h) != nil {
				return
			}
			h.SSRC, h.PayloadType = 5+h.SSRC&1, 96+h.PayloadType&1
			h.SequenceNumber += uint16(i)
			now += 20 * ms
			ref, ok := s.Packet(now, &h)
			if !ok {
				continue
			}
			for n := b.Write(now, ref, buf); n > 0; n = b.More(now, buf) {
				if rtp.Parse(buf[:n], &h) != nil || h.SSRC != 0xabcd || h.PayloadType != 120 {
					t.Fatalf("%x", buf[:n])
				}
				if n := b.Resend(now, h.SequenceNumber, buf); n > 0 && rtp.Parse(buf[:n], &h) != nil {
					t.Fatalf("%x", buf[:n])
				}
			}
			s.Feedback(now, nil)
		}
	})
}
