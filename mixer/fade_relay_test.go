package mixer

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/l16"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/mediatest"
)

// Where packets are relayed, too, a voice that is muted or put on hold ends without a click,
// and comes back without one.
func TestRelayedVoicesDoNotStopHard(t *testing.T) {
	for _, c := range []*media.Codec{g711.MuLaw(), g711.ALaw(), l16.Narrowband(), l16.Wideband(), g722.Codec(), opus.Codec()} {
		for name, change := range map[string]func(a, b *Port, on bool){
			"mute":      func(a, _ *Port, on bool) { a.SetMuted(on, false) },
			"deaf":      func(_, b *Port, on bool) { b.SetMuted(false, on) },
			"hold":      func(a, _ *Port, on bool) { a.SetHold(on) },
			"held peer": func(_, b *Port, on bool) { b.SetHold(on) },
		} {
			if c != g711.MuLaw() && name != "mute" {
				continue // which is the same to the codec
			}
			r := newRig(t, 1)
			f := formatOf(c)
			a := &speaker{phone: r.phoneWith("a", f), hz: 440, peak: 6000}
			b := &speaker{phone: r.phoneWith("b", f), hz: 700}
			pair := r.pair(a.phone, b.phone)
			r.frames(20, a, b)
			b.forget()
			for i := range 20 {
				change(a.port, b.port, i%2 == 0)
				r.ticks(i % 4)
				r.frames(7+i, a, b)
				forth, back := PairRelay, PairRelay
				if i%2 == 0 {
					forth = PairPCM
					if name == "hold" || name == "held peer" {
						back = PairPCM
					}
				}
				wantModes(t, pair, forth, back)
			}
			b.continuous()
			if n := len(mediatest.Clicks(b.pcm, c.SampleRate)); n > 0 {
				t.Errorf("%s %d, %s: %d clicks in 20 changes", c.Name, c.SampleRate, name, n)
			}
			if db := level(b.pcm[len(b.pcm)-c.SampleRate/5:], c.SampleRate, 440); db > -14 || db < -20 {
				t.Errorf("%s, %s: heard at %.1f dBFS in the end", c.Name, name, db)
			}
		}
	}
}

// A relay does not wait for long for the packet that it could end with, and what comes while
// it waits is nothing but that.
func TestRelayEndsWithoutALastPacket(t *testing.T) {
	r := newRig(t, 1)
	a := &speaker{phone: r.phone("a", g711.MuLaw()), hz: 440, peak: 6000}
	b := &speaker{phone: r.phone("b", g711.MuLaw()), hz: 700}
	pair := r.pair(a.phone, b.phone)
	r.frames(10, a, b)
	a.port.SetMuted(true, false)
	r.frames(1, b) // a says nothing any more
	wantModes(t, pair, PairRelay, PairRelay)
	r.frames(2, b)
	wantModes(t, pair, PairPCM, PairRelay)
	a.frame()
	b.forget()
	r.frames(10, a, b)
	if db := level(b.pcm, 8000, 440); db > -80 {
		t.Errorf("the muted a is heard at %.1f dBFS", db)
	}

	a.port.SetMuted(false, false)
	r.frames(10, a, b)
	wantModes(t, pair, PairRelay, PairRelay)
	a.port.SetMuted(true, false)
	b.forget()
	for range 5 { // at once, of which one packet fades
		a.frame()
	}
	r.frames(5, b)
	wantModes(t, pair, PairPCM, PairRelay)
	loud := 0
	for _, v := range b.pcm {
		if v > 8 || v < -8 {
			loud++
		}
	}
	if loud == 0 || loud > 40 {
		t.Errorf("%d samples of a were heard, want those of 5 ms", loud)
	}
	b.continuous()

	// A codec that changes while the relay waits ends it.
	a.port.SetMuted(false, false)
	r.frames(10, a, b)
	a.port.SetMuted(true, false)
	r.tick()
	f := formatOf(g711.ALaw())
	if err := b.port.SetMedia(mediaOf(f)); err != nil {
		t.Fatal(err)
	}
	r.tick()
	wantModes(t, pair, PairPCM, PairPCM)
}

// Who goes on to hear something else where a relay ended without a last packet hears it at once,
// and with numbers that follow, wherever the clock of who fell silent was by then.
func TestRelayOfAFastClockEnds(t *testing.T) {
	r := newRig(t, 1)
	a := &speaker{phone: r.phone("a", g711.MuLaw()), hz: 440, peak: 6000}
	b := &speaker{phone: r.phone("b", g711.MuLaw()), hz: 700}
	pair := r.pair(a.phone, b.phone)
	const fast = 8 // samples in a frame: a has 1 ms more in 20
	for range 200 {
		r.frames(1, a, b)
		a.ts += fast
	}
	b.port.SetMuted(false, true)
	r.frames(20, b) // a says nothing any more
	wantModes(t, pair, PairPCM, PairRelay)
	b.continuous()
	for i := 1; i < len(b.heard); i++ {
		before, h := &b.heard[i-1], &b.heard[i]
		passed := h.tick - before.tick
		if passed > 8 {
			t.Errorf("packet %d: nothing was sent for %d ticks", i, passed)
		}
		if step := int64(h.Timestamp - before.Timestamp); step > 40*passed+160+fast {
			t.Errorf("packet %d: %d samples after the one before it, of %d ticks", i, step, passed)
		}
	}
	if heard := len(b.heard); heard < 215 {
		t.Errorf("%d packets were sent, want one in each of 220 frames", heard)
	}
}
