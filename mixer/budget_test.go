package mixer

import (
	"slices"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Past its budget a worker skips rooms in turn, counts them and takes no new work;
// below it nothing is skipped.
func TestBudget(t *testing.T) {
	r := newRig(t, 1)
	w := r.engine.workers[0]
	var rooms []*Room
	var all []*talker
	for range 8 {
		room := r.room(RoomConfig{})
		s := r.talker("t", newProbe(8000), 440, 6000)
		if err := s.port.Join(room, JoinOptions{}); err != nil {
			t.Fatal(err)
		}
		rooms, all = append(rooms, room), append(all, s)
	}
	r.talk(5, all...)
	// From here on a look at the clock costs the time of half a tick.
	clock := int64(0)
	cost := int64(0)
	w.Budget.Init(r.engine.cfg.Budget, func() int64 { clock += cost; return clock }, func() int64 { return clock })
	run := func(frames int) (skipped []uint64) {
		var before []uint64
		for _, room := range rooms {
			before = append(before, room.Snapshot().Skipped)
		}
		r.talk(frames, all...)
		for i, room := range rooms {
			skipped = append(skipped, room.Snapshot().Skipped-before[i])
		}
		return skipped
	}
	cost = int64(100 * time.Microsecond)
	for i, n := range run(50) {
		if n != 0 {
			t.Errorf("room %d skipped %d frames below the budget", i, n)
		}
	}
	if w.Budget.Overloaded() {
		t.Error("overloaded below the budget")
	}
	cost = int64(3 * time.Millisecond)
	for i, n := range run(200) {
		if n == 0 || n > 190 {
			t.Errorf("room %d skipped %d of 200 frames past the budget", i, n)
		}
	}
	if _, err := r.engine.NewRoom(RoomConfig{}); fault.Of(err) != fault.Unavailable {
		t.Errorf("a room past the budget: %v", err)
	}
	if _, err := r.engine.NewPort(PortConfig{Transport: NewRing()}); fault.Of(err) != fault.Unavailable {
		t.Errorf("a port past the budget: %v", err)
	}
	if err := all[0].port.Join(rooms[1], JoinOptions{}); fault.Of(err) != fault.Unavailable {
		t.Errorf("a join past the budget: %v", err)
	}
	cost = 0
	run(250)
	for i, n := range run(50) {
		if n != 0 {
			t.Errorf("room %d skipped %d frames afterwards", i, n)
		}
	}
	if _, err := r.engine.NewRoom(RoomConfig{}); err != nil {
		t.Errorf("a room afterwards: %v", err)
	}
	for _, s := range all {
		s.continuous()
		checkChain(t, s)
	}
}

// Rooms that take more than there is leave a share for those who talk in pairs
// and those who hear a playback alone; and of many of these each has its turn.
func TestRoomsLeaveTimeForOthers(t *testing.T) {
	for _, tt := range []struct {
		name  string
		room  time.Duration // what a frame of one costs
		solo  time.Duration // what each playback costs
		pairs int
		solos int
		hears int // packets of 100, the least
		rooms int // frames of 100, the least
	}{
		{"rooms", 3 * time.Millisecond, 0, 1, 1, 98, 20},
		{"large rooms", 12 * time.Millisecond, 0, 1, 1, 90, 5},
		{"many playbacks", 3 * time.Millisecond, 100 * time.Microsecond, 0, 256, 20, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, 1)
			w := r.engine.workers[0]
			clock := int64(0)
			w.Budget.Init(r.engine.cfg.Budget, func() int64 { return clock }, func() int64 { return clock })
			dear := func(cost time.Duration) *probe {
				p := newProbe(8000)
				p.panicOn = func([]byte) bool { clock += int64(cost); return false }
				return p
			}
			var rooms []*Room
			var talkers []*talker
			for range 8 {
				room, s := r.room(RoomConfig{}), r.talker("member", dear(tt.room), 440, 6000)
				if err := s.port.Join(room, JoinOptions{}); err != nil {
					t.Fatal(err)
				}
				rooms, talkers = append(rooms, room), append(talkers, s)
			}
			var pairs, solos []*talker
			for range tt.pairs {
				a, b := r.talker("a", newProbe(8000), 440, 6000), r.talker("b", newProbe(16000), 700, 6000)
				if err := b.port.SetMedia(mediaOf(a.format)); err != nil { // relayed
					t.Fatal(err)
				}
				b.use(a.format)
				b.probe = a.probe
				r.pair(a.phone, b.phone)
				pairs = append(pairs, a, b)
			}
			clip := mustClip(t, 8000, tone(1000, 6000, 8000, 0, 8000))
			for range tt.solos {
				s := r.talker("solo", newProbe(8000), 0, 0)
				s.probe.encodes = func() { clock += int64(tt.solo) }
				if err := s.port.Play(clip, PlayOptions{Loop: true}); err != nil {
					t.Fatal(err)
				}
				solos = append(solos, s)
			}
			talkers = append(talkers, pairs...)
			r.talk(20, talkers...)
			others := slices.Concat(pairs, solos)
			for _, s := range others {
				s.forget()
			}
			before := map[*Room]uint64{}
			for _, room := range rooms {
				before[room] = room.Snapshot().Skipped
			}
			for range 100 {
				r.talk(1, talkers...)
				for _, s := range solos {
					s.hear()
				}
			}
			for _, s := range others {
				if n := len(s.heard); n < tt.hears {
					t.Errorf("%s heard %d packets of 100", s.port.Name(), n)
				}
			}
			for _, room := range rooms {
				if n := 100 - int(room.Snapshot().Skipped-before[room]); n < tt.rooms {
					t.Errorf("a room ran %d frames of 100", n)
				}
			}
			if r.engine.Stats().Workers[0].Skipped == 0 || !w.Budget.Overloaded() {
				t.Error("the worker was not overloaded")
			}
		})
	}
}
