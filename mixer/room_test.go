package mixer

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
)

// Callers of three sample rates in one room hear each other and not themselves.
func TestRoomEveryoneHearsEveryoneElse(t *testing.T) {
	r := newRig(t, 1)
	room := r.room(RoomConfig{Name: "9000"})
	speakers := []*speaker{
		{phone: r.phone("mu", g711.MuLaw()), hz: 440, peak: 6000},
		{phone: r.phone("a", g711.ALaw()), hz: 700, peak: 6000},
		{phone: r.phone("g722", g722.Codec()), hz: 1000, peak: 6000},
		{phone: r.phone("opus", opus.Codec()), hz: 1300, peak: 6000},
	}
	listener := r.phone("listener", g711.MuLaw())
	for _, s := range speakers {
		if err := s.port.Join(room, JoinOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := listener.port.Join(room, JoinOptions{ListenOnly: true}); err != nil {
		t.Fatal(err)
	}
	r.frames(20, speakers...)
	for _, s := range speakers {
		s.forget()
	}
	listener.forget()
	r.frames(50, speakers...)
	listener.hear()
	for _, s := range speakers {
		s.continuous()
		if n := len(s.heard); n != 50 {
			t.Errorf("%s heard %d packets in 50 frames", s.port.Name(), n)
		}
		for _, o := range speakers {
			db := level(s.pcm, s.format.Codec.SampleRate, o.hz)
			switch {
			case o == s && db > -55: // the codec's noise is what is left
				t.Errorf("%s hears itself at %.1f dB", s.port.Name(), db)
			case o != s && (db < -17.5 || db > -12):
				t.Errorf("%s hears %s at %.1f dB, want about -14.7", s.port.Name(), o.port.Name(), db)
			}
		}
	}
	for _, o := range speakers {
		if db := level(listener.pcm, 8000, o.hz); db < -17.5 || db > -12 {
			t.Errorf("the listener hears %s at %.1f dB", o.port.Name(), db)
		}
	}
}
