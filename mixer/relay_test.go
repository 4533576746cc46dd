package mixer

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
)

// Packets longer than the peer wants are cut anew, those of a codec that cannot be
// pass as they are.
func TestRelayKeepsPacketLength(t *testing.T) {
	for _, tt := range []struct {
		name  string
		says  int // ms
		wants int
		mode  PairMode
		hears int
	}{
		{"as asked", 20, 20, PairRelay, 20},
		{"shorter", 10, 20, PairRelay, 10},
		{"usual, though less is asked for", 20, 10, PairRelay, 20},
		{"longer", 60, 20, PairPCM, 20},
		{"longer, cut to 40", 60, 40, PairPCM, 40},
		{"longer, nothing asked", 60, 0, PairRelay, 60},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, 1)
			f := formatOf(g711.MuLaw())
			f.Ptime = time.Duration(tt.wants) * time.Millisecond
			a, b := r.phone("a", g711.MuLaw()), r.phoneWith("b", f)
			pair := r.pair(a, b)
			n, at := 8*tt.says, 0
			for tick := range 400 {
				for ; at < (tick*40+200)/n*n; at += n {
					payload := make([]byte, n)
					g711.EncodeMuLaw(payload, tone(440, 6000, 8000, at, n))
					a.send(0, false, uint32(at), payload)
				}
				r.tick()
				b.hear()
			}
			wantModes(t, pair, tt.mode, PairRelay)
			b.continuous()
			odd := 0
			for _, h := range b.heard {
				if len(h.payload) != 8*tt.hears {
					odd++
				}
			}
			if odd > 1 || len(b.heard) < 1800/tt.hears { // the first of those cut may be shorter
				t.Errorf("%d of %d packets are not of %d ms", odd, len(b.heard), tt.hears)
			}
			if db := level(b.pcm[4000:], 8000, 440); db < -15.5 {
				t.Errorf("b hears a at %.1f dB", db)
			}
		})
	}
}
