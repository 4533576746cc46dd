package mixer

import (
	"runtime"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
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

// A room that fills one by one takes memory for what it becomes, not for all it
// was on the way; and many who join at once are made known once.
func TestFillingARoomIsCheap(t *testing.T) {
	r := newRig(t, 1)
	const members = 600
	one, many := r.room(RoomConfig{}), r.room(RoomConfig{})
	var ports []*Port
	for range members {
		ports = append(ports, r.phone("p", g711.MuLaw()).port)
	}
	r.tick()
	allocated := func(f func()) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	join := func(p *Port, room *Room) {
		if err := p.Join(room, JoinOptions{ListenOnly: true}); err != nil {
			t.Fatal(err)
		}
	}
	if n := allocated(func() {
		for i, p := range ports {
			join(p, one)
			r.quietly(pace.TicksPerFrame)
			if got := len(one.Snapshot().Members); got != i+1 {
				t.Fatalf("%d members are known, want %d", got, i+1)
			}
		}
	}); n > 40<<20 {
		t.Errorf("%d members took %d MB, one by one", members, n>>20)
	}
	// A list of them has 8 bytes for each; the commands and the events take more.
	if n := allocated(func() {
		for _, p := range ports {
			join(p, many)
		}
		r.quietly(1)
	}); n > members*members*8/2 {
		t.Errorf("%d members took %d bytes to go elsewhere at once", members, n)
	}
	if a, b := len(one.Snapshot().Members), len(many.Snapshot().Members); a != 0 || b != members {
		t.Errorf("%d and %d members", a, b)
	}
}
