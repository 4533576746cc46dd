package mixer

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/codec/l16"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/mediatest"
	"github.com/skygenesisenterprise/skybridge/media/rtcp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// What a party reports to lose of its Opus turns redundancy on in what it is sent, in a
// pair and in a room, and off again, without a break in the stream.
func TestReportedLossTurnsRedundancyOn(t *testing.T) {
	speech := mediatest.Synthetic(t, "en-us")
	for _, inRoom := range []bool{false, true} {
		r := newRig(t, 1)
		talker, listener := r.phone("a", l16.Wideband()), r.phone("b", opus.Codec())
		m := mediaOf(listener.format)
		m.Encoder.FEC = true // the phone can use it
		if err := listener.port.SetMedia(m); err != nil {
			t.Fatal(err)
		}
		if inRoom {
			room := r.room(RoomConfig{})
			for _, ph := range []*phone{talker, listener} {
				if err := ph.port.Join(room, JoinOptions{}); err != nil {
					t.Fatal(err)
				}
			}
		} else {
			r.pair(talker, listener)
		}
		at := 0
		share := func() float64 {
			n, packets := 0, 0
			for range 100 {
				talker.say(speech[at : at+320])
				at = (at + 320) % (len(speech) - 320)
				r.ticks(pace.TicksPerFrame)
				for _, h := range listener.hear() {
					packets++
					if p := h.payload; len(p) > 1 && p[0]>>3 < 16 && p[1]&0x40 != 0 {
						n++
					}
				}
			}
			return float64(n) / float64(max(packets, 1))
		}
		report := func(lost float64) {
			listener.port.Reported(rtcp.Feedback{At: time.Unix(0, 1), Reported: true, Fraction: lost})
		}
		share()
		if got := share(); got > 0 {
			t.Errorf("room %v: redundancy in %.0f %% of the packets before any report", inRoom, 100*got)
		}
		report(0.05)
		share()
		if got := share(); got < 0.3 {
			t.Errorf("room %v: redundancy in %.0f %% of the packets at 5 %% of loss", inRoom, 100*got)
		}
		for range 10 {
			report(0)
		}
		share()
		if got := share(); got > 0 {
			t.Errorf("room %v: redundancy in %.0f %% of the packets though nothing is lost any more", inRoom, 100*got)
		}
		listener.continuous()
	}
}
