package mixer

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/mediatest"
)

// clicks is how many of them a talker has heard, where it hears a tone.
func (s *talker) clicks() int {
	return len(mediatest.Clicks(s.pcm, s.format.Codec.SampleRate))
}

// A voice that is muted, put on hold, taken out or whispered away ends without a click, and
// comes back without one, for those who hear it at its own rate and at others. So does what
// one hears oneself who is put on hold.
func TestVoicesDoNotStopHard(t *testing.T) {
	for name, change := range map[string]func(a *Port, room *Room, on bool) error{
		"mute":        func(a *Port, _ *Room, on bool) error { a.SetMuted(on, false); return nil },
		"deaf":        func(a *Port, _ *Room, on bool) error { a.SetMuted(false, on); return nil },
		"hold":        func(a *Port, _ *Room, on bool) error { a.SetHold(on); return nil },
		"listen only": func(a *Port, room *Room, on bool) error { return a.Join(room, JoinOptions{ListenOnly: on}) },
		"leave": func(a *Port, room *Room, on bool) error {
			if on {
				a.Idle()
				return nil
			}
			return a.Join(room, JoinOptions{})
		},
		"whisper": func(a *Port, _ *Room, on bool) error {
			if on {
				return a.SetHeardBy(Only())
			}
			return a.SetHeardBy(Everyone())
		},
		"hears nobody": func(a *Port, _ *Room, on bool) error {
			if on {
				return a.SetHears(Only())
			}
			return a.SetHears(Everyone())
		},
		"volume": func(a *Port, _ *Room, on bool) error {
			if on {
				return a.SetVolume(-40)
			}
			return a.SetVolume(0)
		},
	} {
		r, room, all := meeting(t, [4]uint16{1000, 6000, 0, 0}, [4]JoinOptions{})
		r.talk(20, all...)
		for _, s := range all {
			s.forget()
		}
		for i := range 20 {
			must(t, change(all[1].port, room, i%2 == 0))
			r.talk(7+i, all...) // at any point of the wave
		}
		for i, s := range all {
			if i == 1 && name == "leave" {
				continue // its own ear hears another stream after that
			}
			if n := s.clicks(); n > 0 {
				t.Errorf("%s: %s hears %d clicks in 20 changes", name, s.port.Name(), n)
			}
			if len(s.pcm) == 0 || s.port.Stats().SSRC == 0 {
				t.Errorf("%s: %s hears nothing", name, s.port.Name())
			}
		}
	}
	// The detector would have heard it.
	r, _, all := meeting(t, [4]uint16{1000, 6000, 0, 0}, [4]JoinOptions{})
	r.talk(20, all...)
	all[3].forget()
	for i := range 20 {
		all[1].peak = uint16(6000 * (i % 2))
		all[1].frame += 3 // amid the wave
		r.talk(7+i, all...)
	}
	if n := all[3].clicks(); n < 10 {
		t.Errorf("the detector hears %d clicks in 20 hard stops", n)
	}
}

// A gain is there for those who hear, and those who are heard, in a room and in a pair, and
// goes away again.
func TestGains(t *testing.T) {
	for _, paired := range []bool{false, true} {
		r := newRig(t, 1)
		p := newProbe(8000)
		a, b := r.talker("a", p, 400, 4000), r.talker("b", p, 700, 4000)
		if paired {
			r.pair(a.phone, b.phone)
		} else {
			room := r.room(RoomConfig{})
			must(t, a.port.Join(room, JoinOptions{}))
			must(t, b.port.Join(room, JoinOptions{}))
		}
		r.talk(10, a, b)
		for _, tt := range []struct {
			gain, volume float64 // of what a says, and of what b hears
			want         float64 // dBFS of a's tone at b
		}{{0, 0, -18.3}, {-10, 0, -28.3}, {0, -20, -38.3}, {6, 6, -6.3}, {0, 0, -18.3}} {
			must(t, a.port.SetGain(tt.gain))
			must(t, b.port.SetVolume(tt.volume))
			r.talk(100, a, b)
			a.forget()
			b.forget()
			r.talk(50, a, b)
			if got := level(b.pcm, 8000, 400); got < tt.want-0.1 || got > tt.want+0.1 {
				t.Errorf("paired %v, %+v: heard at %.1f dBFS", paired, tt, got)
			}
			if got := level(a.pcm, 8000, 700); got < -18.4 || got > -18.2 {
				t.Errorf("paired %v, %+v: the other is heard at %.1f dBFS", paired, tt, got)
			}
			if n := b.clicks(); n > 0 {
				t.Errorf("paired %v: %d clicks", paired, n)
			}
			a.continuous()
			b.continuous()
		}
		if !paired {
			continue
		}
		if forth, back := a.port.pair.Modes(); forth != PairRelay || back != PairRelay {
			t.Errorf("without gains packets go by %v and %v", forth, back)
		}
	}
}

// In a pair, too, a voice that is muted or put on hold ends without a click and comes back
// without one.
func TestPairedVoicesDoNotStopHard(t *testing.T) {
	for name, change := range map[string]func(a, b *Port, on bool){
		"mute":      func(a, _ *Port, on bool) { a.SetMuted(on, false) },
		"deaf":      func(_, b *Port, on bool) { b.SetMuted(false, on) },
		"hold":      func(a, _ *Port, on bool) { a.SetHold(on) },
		"held peer": func(_, b *Port, on bool) { b.SetHold(on) },
	} {
		r := newRig(t, 1)
		a, b := r.talker("a", newProbe(16000), 440, 6000), r.talker("b", newProbe(48000), 700, 0)
		r.pair(a.phone, b.phone)
		r.talk(20, a, b)
		b.forget()
		for i := range 20 {
			change(a.port, b.port, i%2 == 0)
			r.talk(7+i, a, b)
		}
		if n := b.clicks(); n > 0 {
			t.Errorf("%s: %d clicks in 20 changes", name, n)
		}
		if db := level(b.pcm[len(b.pcm)-9600:], 48000, 440); db > -14 || db < -20 {
			t.Errorf("%s: heard at %.1f dBFS in the end", name, db)
		}
	}
}
