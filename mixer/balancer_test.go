package mixer

import (
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// busy makes each worker's processor time go by what its rooms and pairs are said to
// cost, and looks at them once a second.
func (r *rig) balanced(seconds int, cost func(x *Room) time.Duration, speakers ...*speaker) {
	r.t.Helper()
	b := &r.engine.balance
	now := time.Unix(1e9, 0)
	for range seconds {
		for _, w := range r.engine.workers {
			sum := time.Duration(0)
			for x := range r.engine.rooms {
				if x.mix.Home.At.Load() == w {
					sum += cost(x)
				}
			}
			w.Stats.Busy.Store(math.Float64bits(float64(sum) / float64(pace.TicksPerFrame*pace.Tick)))
		}
		for x := range r.engine.rooms {
			x.mix.Stats.MixTime.Average.Store(int64(cost(x)))
		}
		now = now.Add(lookInterval)
		b.look(now)
		r.frames(2, speakers...)
	}
}

// A worker that has all the rooms gives some away, once, and says why.
func TestBalancer(t *testing.T) {
	r := newRig(t, 2)
	var log strings.Builder
	r.engine.log = slog.New(slog.NewTextHandler(&log, nil))
	a := &speaker{phone: r.phone("a", g711.MuLaw()), hz: 440, peak: 6000}
	b := &speaker{phone: r.phone("b", g711.MuLaw()), hz: 700, peak: 6000}
	costs := map[*Room]time.Duration{}
	for i, name := range []string{"large", "medium", "small"} {
		x := r.room(RoomConfig{Name: name})
		r.moveRoom(x, 0)
		costs[x] = []time.Duration{8, 4, 1}[i] * time.Millisecond
		for _, s := range []*speaker{a, b} {
			if i > 0 {
				continue
			}
			if err := s.port.Join(x, JoinOptions{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	r.frames(5, a, b)
	r.balanced(60, func(x *Room) time.Duration { return costs[x] }, a, b)
	st := r.engine.Stats()
	if st.Moves != 1 || len(st.Moved) != 1 {
		t.Fatalf("moves: %+v", st.Moved)
	}
	m := st.Moved[0]
	if m.Room != "large" || m.From != 0 || m.To != 1 || m.Pair || m.Cost < 0.39 || m.Cost > 0.41 || m.FromBusy < 0.64 || m.ToBusy != 0 {
		t.Errorf("%+v", m)
	}
	if !strings.Contains(log.String(), `msg="mixer moved" bridge=large pair=false from=0 to=1 cost=40 from_busy=65 to_busy=0`) {
		t.Errorf("log: %s", log.String())
	}
	a.evenly()
	b.evenly()
}

// A room that has moved rests, whatever the load does.
func TestBalancerRests(t *testing.T) {
	r := newRig(t, 2)
	var rooms []*Room
	for range 4 {
		x := r.room(RoomConfig{})
		r.moveRoom(x, 0)
		rooms = append(rooms, x)
	}
	r.ticks(4)
	// The costs turn around every second: what is dear is always on the busier worker.
	r.balanced(60, func(x *Room) time.Duration {
		for w := range r.engine.workers {
			for _, y := range rooms {
				if y == x && y.mix.Home.At.Load().Index == w && w == 0 {
					return 4 * time.Millisecond
				}
			}
		}
		return time.Millisecond
	})
	if n := r.engine.Stats().Moves; n == 0 || n > 24 {
		t.Errorf("%d moves in a minute", n)
	}
}

// Rooms and pairs tell what they cost.
func TestCosts(t *testing.T) {
	r := newRig(t, 1)
	w := r.engine.workers[0]
	clock := int64(0)
	w.Budget.Init(r.engine.cfg.Budget, func() int64 { return clock }, func() int64 { return clock })
	dear := func(rate int) *probe {
		p := newProbe(rate)
		p.encodes = func() { clock += int64(100 * time.Microsecond) }
		return p
	}
	room := r.room(RoomConfig{})
	var all []*talker
	for range 3 {
		s := r.talker("member", dear(8000), 440, 6000)
		if err := s.port.Join(room, JoinOptions{}); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	a, b := r.talker("a", dear(8000), 440, 6000), r.talker("b", dear(16000), 700, 6000)
	pair := r.pair(a.phone, b.phone)
	all = append(all, a, b)
	r.talk(60, all...)
	if c := room.Snapshot().MixTime; c != 300*time.Microsecond {
		t.Errorf("the room costs %v a frame", c)
	}
	for _, m := range r.engine.mobiles(time.Time{}) {
		if want := 200.0 / 20000; m.pair == pair && math.Abs(m.work.Cost-want) > want/10 {
			t.Errorf("the pair costs %.4f of the time, want %.4f", m.work.Cost, want)
		}
	}
}
