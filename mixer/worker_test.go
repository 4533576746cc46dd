package mixer

import (
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/room"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/worker"
)

// A port goes to the worker of its room, its commands stay in order on the way,
// and so do its events.
func TestMovesBetweenWorkers(t *testing.T) {
	r := newRig(t, 3)
	var rooms []*Room
	for i := range 3 {
		rooms = append(rooms, r.room(RoomConfig{Name: fmt.Sprint(i)}))
	}
	if rooms[0].mix.Home.At.Load() == rooms[1].mix.Home.At.Load() || rooms[1].mix.Home.At.Load() == rooms[2].mix.Home.At.Load() {
		t.Error("rooms were not spread over the workers")
	}
	a := &speaker{phone: r.phone("a", g711.MuLaw()), hz: 440, peak: 6000}
	for i := range 30 {
		if err := a.port.Join(rooms[i%3], JoinOptions{}); err != nil {
			t.Fatal(err)
		}
		a.port.SetMuted(i%2 == 0, false)
		if i%4 == 0 {
			a.port.Echo()
		}
		if i%5 == 0 {
			r.frames(3, a)
		}
	}
	r.frames(5, a)
	if got := a.port.leg.Hall; got != &rooms[29%3].mix || a.port.leg.InMuted {
		t.Errorf("the port ended in %v, muted %v", got, a.port.leg.InMuted)
	}
	in := map[*Room]int{}
	for _, ev := range r.take(Joined, Left) {
		if ev.Kind == Joined {
			in[ev.Room]++
		} else {
			in[ev.Room]--
		}
		if n := in[ev.Room]; n < 0 || n > 1 {
			t.Fatalf("the port is %d times in a room", n)
		}
	}
	a.continuous()
	for _, room := range rooms[:2] {
		if n := room.Members(); n != 0 {
			t.Errorf("%d members are left in %s", n, room.Name())
		}
	}
}

// Threads post to ports that move while workers run: nothing is lost, nothing is
// done twice. The race detector watches.
func TestCommandsFromManyGoroutines(t *testing.T) { eachIO(t, testCommandsFromManyGoroutines) }

func testCommandsFromManyGoroutines(t *testing.T, io IO) {
	l := newLive(t, quiet().by(io))
	var rooms []*Room
	for range 2 {
		room, err := l.engine.NewRoom(RoomConfig{})
		if err != nil {
			t.Fatal(err)
		}
		rooms = append(rooms, room)
	}
	handsets := make([]*handset, 4)
	for i := range handsets {
		handsets[i] = l.handset(fmt.Sprint(i), PortConfig{})
	}
	clip := mustClip(t, 8000, make([]int16, 80))
	var wg sync.WaitGroup
	const each = 40
	for _, h := range handsets {
		for g := range 3 {
			wg.Add(1)
			go func() { // ended by its loop, awaited below
				defer wg.Done()
				for i := range each {
					if g == 0 {
						if err := h.port.Join(rooms[i%2], JoinOptions{}); err != nil {
							t.Error(err)
						}
					}
					if err := h.port.Play(clip, PlayOptions{Token: "x"}); err != nil {
						t.Error(err)
					}
				}
			}()
		}
	}
	wg.Wait()
	for _, h := range handsets {
		for range 3 * each {
			h.await(PlaybackDone)
		}
	}
}

// A panic in the work for one port ends that port; the others go on.
func TestPanicOfAPort(t *testing.T) {
	for _, where := range []string{"room", "pair", "echo"} {
		t.Run(where, func(t *testing.T) {
			r := newRig(t, 1)
			bad := newProbe(8000)
			a, b := r.talker("a", bad, 440, 6000), r.talker("b", newProbe(16000), 700, 6000)
			c := r.talker("c", newProbe(16000), 900, 6000)
			room := r.room(RoomConfig{})
			if err := c.port.Join(room, JoinOptions{}); err != nil {
				t.Fatal(err)
			}
			switch where {
			case "room":
				for _, s := range []*talker{a, b} {
					if err := s.port.Join(room, JoinOptions{}); err != nil {
						t.Fatal(err)
					}
				}
			case "pair":
				r.pair(a.phone, b.phone)
			case "echo":
				a.port.Echo()
				m := mediaOf(a.format) // what it says is not what it hears
				m.Send = formatOf(g711.MuLaw())
				if err := a.port.SetMedia(m); err != nil {
					t.Fatal(err)
				}
				a.use(formatOf(g711.MuLaw()))
				a.format = formatOf(&bad.codec)
			}
			r.talk(10, b, c)
			for range 10 {
				a.say()
				r.ticks(pace.TicksPerFrame)
			}
			bad.panicOn = func([]byte) bool { return true }
			a.say()
			r.ticks(pace.TicksPerFrame)
			bad.panicOn = nil
			b.hear()
			c.hear()
			c.forget()
			r.talk(20, b, c)
			ev := r.take(PortFailed)
			if len(ev) != 1 || ev[0].Port != a.port || !strings.Contains(ev[0].Err.Error(), "told to panic") {
				t.Fatalf("events: %+v", ev)
			}
			if n := len(c.heard); n != 20 {
				t.Errorf("another port heard %d packets of 20", n)
			}
			c.continuous()
			if err := a.port.Join(room, JoinOptions{}); err != nil {
				t.Fatal(err) // the control side may not know yet
			}
			if err := a.port.Play(mustClip(t, 8000, nil), PlayOptions{}); err != nil {
				t.Fatal(err)
			}
			r.ticks(8)
			if ev := r.take(PlaybackDone, Joined); len(ev) != 1 || ev[0].Completed {
				t.Errorf("events of a failed port: %+v", ev)
			}
			a.port.Close()
			r.ticks(2)
			if ev := r.take(Closed); len(ev) != 1 {
				t.Errorf("events: %+v", ev)
			}
		})
	}
}

// playNothing begins a playback of no clip, what no input can do.
func playNothing(r *rig, x *Room) {
	defer func() { _ = recover() }() // it has begun by then
	x.mix.Play(&r.engine.workers[0].Floor, room.Announcement{}, false)
}

// A panic of a room's own ends the room; its members are idle then.
func TestPanicOfARoom(t *testing.T) {
	r := newRig(t, 1)
	room, other := r.room(RoomConfig{}), r.room(RoomConfig{})
	a, b := r.talker("a", newProbe(8000), 440, 6000), r.talker("b", newProbe(8000), 440, 6000)
	if err := a.port.Join(room, JoinOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := b.port.Join(other, JoinOptions{}); err != nil {
		t.Fatal(err)
	}
	r.talk(5, a, b)
	playNothing(r, room)
	r.talk(5, a, b)
	ev := r.take(RoomFailed, RoomClosed, Left)
	if len(ev) != 3 || ev[0].Kind != RoomFailed || ev[2].Kind != RoomClosed {
		t.Fatalf("events: %+v", ev)
	}
	if a.port.leg.Place != leg.Solo {
		t.Errorf("the member is at %d", a.port.leg.Place)
	}
	if n := len(b.heard); n != 10 {
		t.Errorf("the other room's member heard %d packets", n)
	}
	if err := a.port.Join(other, JoinOptions{}); err != nil {
		t.Fatal(err)
	}
	r.talk(5, a, b)
	if n := len(other.Snapshot().Members); n != 2 {
		t.Errorf("%d members", n)
	}
}

// What fails is logged with the name it has for the operator.
func TestFailuresAreLoggedByName(t *testing.T) {
	r := newRig(t, 1)
	var log strings.Builder
	r.engine.log = slog.New(slog.NewTextHandler(&log, nil))
	a, room := r.phone("alice-1", g711.MuLaw()), r.room(RoomConfig{Name: "9000"})
	r.tick()
	for _, tt := range []struct {
		ev   event.Event
		want string
	}{
		{event.Event{Kind: event.TransportError, Port: a.port, Err: net.ErrClosed}, "channel=alice-1"},
		{event.Event{Kind: event.PortFailed, Port: a.port, Err: net.ErrClosed}, "channel=alice-1"},
		{event.Event{Kind: event.RoomFailed, Room: room, Err: net.ErrClosed}, "bridge=9000"},
	} {
		log.Reset()
		r.engine.deliver(&tt.ev)
		if got := log.String(); !strings.Contains(got, tt.want) || !strings.Contains(got, net.ErrClosed.Error()) {
			t.Errorf("%v: %s", tt.ev.Kind, got)
		}
	}
}

// A command that panics is left out; those after it still run.
func TestPanicOfACommand(t *testing.T) {
	r := newRig(t, 1)
	a := r.phone("a", g711.MuLaw())
	ran := 0
	a.port.mail.Post(func(*worker.Worker) *worker.Worker { ran++; return nil })
	a.port.mail.Post(func(*worker.Worker) *worker.Worker { panic("told to panic") })
	a.port.mail.Post(func(*worker.Worker) *worker.Worker { ran++; return nil })
	r.ticks(2)
	if ev := r.take(PortFailed); len(ev) != 1 || ran != 2 {
		t.Errorf("events: %+v, %d commands ran", ev, ran)
	}
}

// Who speaks, how loud, and who is the loudest.
func TestLevelsAndSpeaker(t *testing.T) {
	r := newRig(t, 1)
	var told []Event
	room := r.room(RoomConfig{Name: "9000", Events: func(ev Event) { told = append(told, ev) }})
	p := newProbe(8000)
	a, b := r.talker("a", p, 440, 12000), r.talker("b", p, 700, 0)
	for _, s := range []*talker{a, b} {
		if err := s.port.Join(room, JoinOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	r.talk(50, a, b)
	snap := room.Snapshot()
	if len(snap.Members) != 2 || snap.Speaker != a.port {
		t.Fatalf("snapshot: %+v", snap)
	}
	for _, m := range snap.Members {
		want, talking := uint8(12), true // 12000 of 32768 by a sine
		if m.Port == b.port {
			want, talking = dsp.Silence, false
		}
		if m.Level != want || m.Talking != talking {
			t.Errorf("%s: level %d, talking %v", m.Port.Name(), m.Level, m.Talking)
		}
	}
	if s := a.port.Stats(); s.Level != 12 || !s.Talking {
		t.Errorf("stats: %+v", s)
	}
	levels := 0
	for _, ev := range told {
		if ev.Kind == Levels {
			levels++
		}
		if ev.Room != room {
			t.Errorf("event %v without its room", ev.Kind)
		}
	}
	if levels != 5 {
		t.Errorf("%d level events in a second", levels)
	}
	// b is a little louder: a stays. b is much louder: b it is.
	b.peak = 14000
	r.talk(30, a, b)
	if room.Snapshot().Speaker != a.port {
		t.Error("the speaker changed for little")
	}
	b.peak = 30000
	r.talk(30, a, b)
	if room.Snapshot().Speaker != b.port {
		t.Error("the speaker did not change")
	}
	b.port.Idle()
	a.peak = 0
	r.talk(60, a)
	told = nil
	r.talk(50, a)
	if len(told) != 0 {
		t.Errorf("a silent room tells %d events", len(told))
	}
	if s := room.Snapshot(); s.Speaker != nil || len(s.Members) != 1 {
		t.Errorf("snapshot: %+v", s)
	}
	room.Close()
	r.tick()
	if told[len(told)-1].Kind != RoomClosed {
		t.Errorf("the last event is %v", told[len(told)-1].Kind)
	}
}

func TestRoomIsFull(t *testing.T) {
	r := newRig(t, 1)
	room := r.room(RoomConfig{MaxMembers: 1})
	a, b := r.phone("a", g711.MuLaw()), r.phone("b", g711.MuLaw())
	if err := a.port.Join(room, JoinOptions{}); err != nil {
		t.Fatal(err)
	}
	err := b.port.Join(room, JoinOptions{})
	if fault.Of(err) != fault.Full || fault.CodeOf(err) != "room_full" {
		t.Errorf("a full room: %v", err)
	}
	a.port.Close()
	if err := b.port.Join(room, JoinOptions{}); err != nil {
		t.Errorf("after one left: %v", err)
	}
}

// Rooms take turns: as many make their frame in one tick as in any other of the four.
func TestPhasesAreSpread(t *testing.T) {
	r := newRig(t, 1)
	var phones []*phone
	for range 8 {
		ph := r.phone("alone", g711.MuLaw())
		r.meet(ph)
		phones = append(phones, ph)
	}
	r.frames(5)
	for _, ph := range phones {
		ph.forget()
	}
	var sent [pace.TicksPerFrame]int
	for range 10 * pace.TicksPerFrame {
		r.ticks(1)
		for _, ph := range phones {
			sent[r.now%pace.TicksPerFrame] += len(ph.hear())
		}
	}
	for phase, n := range sent {
		if n != 10*len(phones)/pace.TicksPerFrame {
			t.Errorf("in ticks of phase %d %d packets were sent, of all by phase %v", phase, n, sent)
		}
	}
}

// While there is an engine the runtime has Ps for its workers, and some that are idle.
func TestLiveProcs(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	cfg := Default()
	cfg.Workers = 2
	e, err := New(cfg, testCodecs(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if got, least := runtime.GOMAXPROCS(0), before+2+runtime.NumCPU(); got < least {
		t.Errorf("GOMAXPROCS is %d beside two workers, want %d or more", got, least)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if got := runtime.GOMAXPROCS(0); got != before {
		t.Errorf("GOMAXPROCS is %d in the end, %d before", got, before)
	}
}
