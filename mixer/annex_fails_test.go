package mixer

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// A member whose work panics at the annex ends alone.
func TestAnnexFails(t *testing.T) {
	r := newRig(t, 2)
	bad := newProbe(8000)
	fails := false
	bad.panicOn = func([]byte) bool { return fails }
	all := r.phones(5)
	victim := r.talker("victim", bad, 0, 0)
	room := r.room(RoomConfig{})
	r.moveRoom(room, 0)
	for _, ph := range append(all, victim.phone) {
		must(t, ph.port.Join(room, JoinOptions{}))
	}
	frame := func() {
		victim.say()
		r.talkOf(all...)
	}
	for range 120 {
		frame()
	}
	a := r.annexOf(room, 1)
	a.lend(5)
	for range 10 {
		frame()
	}
	if away(room) != 5 {
		t.Fatalf("%d members are away", away(room))
	}
	r.take()
	fails = true
	for range 10 {
		frame()
	}
	if ev := r.take(PortFailed, RoomFailed, Left); len(ev) != 2 || ev[1].Kind != PortFailed || ev[1].Port != victim.port {
		t.Errorf("events: %+v", ev)
	}
	if away(room) != 4 {
		t.Errorf("%d members are away", away(room))
	}
	if n := a.Outlet.Members.Load(); n != 4 {
		t.Errorf("%d members are at the annex", n)
	}
}

// A worker that stands still for a while costs what it could not send, and no more.
func TestAnnexStandsStill(t *testing.T) {
	r := newRig(t, 2)
	all := r.phones(6)
	room, _ := r.lecture(2, all...)
	workers := r.engine.workers
	for _, still := range []int{3, 20, 200} {
		r.engine.workers = workers[:1]
		for range still {
			r.tick()
			for _, ph := range all {
				ph.hear()
			}
		}
		r.engine.workers = workers
		for range 20 {
			r.talkOf(all...)
		}
	}
	for i, ph := range all {
		ph.continuous()
		if n := len(ph.hear()); n != 0 {
			t.Errorf("%d packets", n)
		}
		if last := ph.heard[len(ph.heard)-1]; last.tick < r.now-2*pace.TicksPerFrame {
			t.Errorf("%d: the last packet came %d ticks ago", i, r.now-last.tick)
		}
	}
	if n := away(room); n != 4 {
		t.Errorf("%d members are away", n)
	}
}
