package mixer

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// FuzzReceive sends whatever it likes to a port that is relayed, transcoded and
// mixed in turn: nothing fails, and what leaves is RTP of one stream.
func FuzzReceive(f *testing.F) {
	f.Add([]byte{4, 0x80, 0, 0, 1, 4, 0x80, 101, 0, 2})
	f.Add([]byte{200, 0x90, 111, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0xbe, 0xde, 0, 1})
	f.Add([]byte{12, 0x80, 13, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 9, 60, 0, 0, 0, 16, 0x80, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		r := newRig(t, 1)
		a, b := r.phone("a", g711.MuLaw()), r.phone("b", g711.MuLaw())
		m := mediaOf(a.format)
		m.Receive = append(m.Receive, formatOf(g722.Codec()), formatOf(opus.Codec()))
		if err := a.port.SetMedia(m); err != nil {
			t.Fatal(err)
		}
		pair, room := r.pair(a, b), r.room(RoomConfig{})
		for i := 0; len(data) > 1 && i < 200; i++ {
			n := min(int(data[0]), len(data)-1)
			p := append([]byte(nil), data[1:1+n]...)
			data = data[1+n:]
			if len(p) > 8 { // one source, mostly, so that something comes through
				copy(p[8:], []byte{0, 0, 0, p[8] & 1})
			}
			if err := a.ring.Deliver(p, time.Unix(0, r.now*int64(pace.Tick))); err != nil {
				t.Fatal(err)
			}
			r.ticks(1 + i%pace.TicksPerFrame)
			b.hear()
			if i == 100 {
				for _, ph := range []*phone{a, b} {
					if err := ph.port.Join(room, JoinOptions{}); err != nil {
						t.Fatal(err)
					}
				}
				pair.Close()
			}
		}
		for i, h := range b.heard {
			if h.SSRC != b.heard[0].SSRC || h.PayloadType != 0 && h.PayloadType != eventType || len(h.Payload) == 0 {
				t.Fatalf("packet %d: %+v", i, h.Header)
			}
		}
		if ev := r.take(PortFailed, RoomFailed); len(ev) > 0 {
			t.Fatalf("events: %+v", ev)
		}
	})
}
