package mixer

import (
	"slices"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
)

// hole is the longest stretch of silence in pcm.
func hole(pcm []int16, rate int) time.Duration {
	longest, n := 0, 0
	for _, v := range pcm {
		if n++; v > 300 || v < -300 {
			n = 0
		}
		longest = max(longest, n)
	}
	return time.Duration(longest) * time.Second / time.Duration(rate)
}

// largestHole is two frames, by which a tap that comes to another place keeps the time, and
// what a filter needs to begin.
const largestHole = 45 * time.Millisecond

// What a party says is recorded in time and without a hole, through every change of how it is
// joined to the other.
func TestTapHasNoHoles(t *testing.T) {
	mu, op := formatOf(g711.MuLaw()), formatOf(opus.Codec())
	all := slices.DeleteFunc(situations(), func(s situation) bool {
		return !slices.Contains([]string{"pair", "held", "music", "room"}, s.name)
	})
	for _, f := range [][2]media.Format{{mu, mu}, {mu, op}, {op, mu}} {
		r := newRig(t, 2)
		a, b := r.phoneWith("a", f[0]), r.phoneWith("b", f[1])
		p := &parties{a: a, b: b, pair: r.pair(a, b), room: r.room(RoomConfig{}), music: r.room(RoomConfig{})}
		sa, sb := &speaker{phone: a, hz: 500, peak: 8000}, &speaker{phone: b, hz: 900, peak: 8000}
		r.frames(10, sa, sb)
		said := r.tap(a.port, TapConfig{In: true, SampleRate: 8000})
		r.tapped(10, []*listener{said}, sa, sb)
		began := r.now
		for _, from := range all {
			for _, to := range all {
				must(t, from.enter(p))
				r.tapped(10, []*listener{said}, sa, sb)
				at := len(said.said)
				must(t, to.enter(p))
				r.tapped(14, []*listener{said}, sa, sb)
				if n := hole(said.said[at:], 8000); n > largestHole && to.name != "held" {
					t.Errorf("%s and %s, %s to %s: a hole of %v in what is said", f[0].Codec.Name, f[1].Codec.Name, from.name, to.name, n)
				}
			}
		}
		passed := int(r.now-began)*40 + 10*160
		if n := len(said.said); n < passed-400 || n > passed+400 {
			t.Errorf("%s and %s: %d samples in the time of %d", f[0].Codec.Name, f[1].Codec.Name, n, passed)
		}
	}
}

// Who comes back to a party that spoke to nobody meanwhile hears it at once, and with no more
// delay than before: packets that nobody heard are not lost ones.
func TestWhoComesBackHearsAtOnce(t *testing.T) {
	r := newRig(t, 1)
	a, b := r.phone("a", g711.MuLaw()), r.phone("b", opus.Codec())
	p := &parties{a: a, b: b, pair: r.pair(a, b), music: r.room(RoomConfig{})}
	sa, sb := &speaker{phone: a, hz: 500, peak: 8000}, &speaker{phone: b, hz: 900, peak: 8000}
	r.frames(30, sa, sb)
	before := a.port.leg.Playout.Delay()
	for range 3 {
		must(t, b.port.Join(p.music, JoinOptions{ListenOnly: true}))
		r.frames(30, sa, sb)
		must(t, b.port.Connect(p.pair))
		r.frames(3, sa, sb)
		b.pcm = nil
		r.frames(20, sa, sb)
		if n := hole(b.pcm, 48000); n > 20*time.Millisecond {
			t.Errorf("the voice has a hole of %v", n)
		}
		if d := a.port.leg.Playout.Delay(); d > before+20*time.Millisecond {
			t.Errorf("a delay of %v, before it was %v", d, before)
		}
	}
}
