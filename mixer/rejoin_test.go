package mixer

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/mediatest"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// A talker who falls silent hears, after a second or so, the stream of all who listen, whose
// encoder has another past: its decoder, which has followed one stream and then the other,
// gives the samples that the decoder of one who has listened all along gives, every one.
func TestTalkerRejoinsExactly(t *testing.T) {
	own, other := mediatest.Synthetic(t, "en-us"), mediatest.Synthetic(t, "en-gb")
	for _, ptime := range []time.Duration{20 * time.Millisecond, 30 * time.Millisecond} {
		for _, silent := range []bool{false, true} { // the other, after the talker's last word
			r := newRig(t, 1)
			room := r.room(RoomConfig{})
			f := media.Format{Codec: g722.Codec(), PayloadType: 9, Ptime: ptime}
			a, b, listener := r.phoneWith("a", f), r.phone("b", g722.Codec()), r.phoneWith("c", f)
			for _, ph := range []*phone{a, b, listener} {
				must(t, ph.port.Join(room, JoinOptions{}))
			}
			const n = 320
			shared, talked := -1, 0
			shares := map[int]bool{} // by packet
			for i := range 600 {
				mine, theirs := own[i%150*n:][:n], other[i%300*n:][:n]
				if speaks := i >= 20 && i < 100 || i >= 400 && i < 440; speaks {
					a.say(mine)
					talked = i
				} else {
					a.say(nil)
				}
				if silent && i >= 100 && i < 350 {
					theirs = nil
				}
				b.say(theirs)
				r.ticks(pace.TicksPerFrame)
				before := len(a.heard)
				for _, ph := range []*phone{a, b, listener} {
					ph.hear()
				}
				for ; before < len(a.heard); before++ {
					shares[before] = a.port.leg.Ear.Shares
				}
				if i == 395 {
					c := room.mix.Members[0].Class
					if l := &a.port.leg; !l.Ear.Shares || l.Ear.Own != nil {
						t.Errorf("%v, silent %v: after %d frames of silence the talker has an encoder of its own", ptime, silent, i-talked)
					}
					if c != listener.port.leg.Class {
						t.Fatal("two classes")
					}
				}
				if l := &a.port.leg; l.Ear.Shares && i > 100 && shared < 0 {
					shared = i
				}
			}
			t.Logf("%v, silent %v: shared %d frames after the last word", ptime, silent, shared-100)
			a.continuous()
			same, different := 0, 0
			at := 0
			for i, p := range a.heard {
				q := listener.heard[i]
				size := 2 * len(p.payload)
				// The filter of a decoder holds 22 samples of the frame before.
				if shares[i] && shares[i-1] && shares[i-2] {
					if same++; !bytes.Equal(p.payload, q.payload) || !slices.Equal(a.pcm[at:at+size], listener.pcm[at:at+size]) {
						different++
					}
				}
				at += size
			}
			if same < 100 {
				t.Errorf("%v, silent %v: only %d packets are shared", ptime, silent, same)
			}
			if different > 0 {
				t.Errorf("%v, silent %v: of %d shared packets %d are not heard as by one who always listened", ptime, silent, same, different)
			}
		}
	}
}
